"""A prefix that was there before its queue is put on it: all of it, once, also in two runs."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mammo_core import cli
from mammo_core.aws import clients, queues
from mammo_core.errors import ConfigurationError, StorageUnavailableError
from tests.cloud import REGION, UPLOADS, Cloud
from tests.functional.test_worker import PNG, acknowledged, worker_of


def submit(cloud: Cloud, prefix: str = "old/", *more: str) -> tuple[int, str]:
    command = ["submit", f"s3://{UPLOADS}/{prefix}", "--queue", cloud.queue_url, *more]
    told = CliRunner().invoke(cli.app, command)
    return told.exit_code, told.output


def fill(cloud: Cloud, count: int) -> list[str]:
    """Objects that nobody was told of: their notifications are thrown away."""
    keys = [f"old/{number:03}+ä %2F.png" for number in range(count)]
    for key in (*keys, "new/x.png"):
        cloud.upload(key, PNG, mammo_images="")
    cloud.upload("old/folder/", b"")
    cloud.upload("old/empty.png", b"")
    while cloud.event(batch=10)["Records"]:
        pass
    return keys


def waiting(cloud: Cloud) -> list[str]:
    """The keys on the queue."""
    found: list[str] = []
    while records := cloud.event(batch=10)["Records"]:
        found += [json.loads(record["body"])["detail"]["object"]["key"] for record in records]
    return sorted(found)


def test_every_object_below_the_prefix_is_on_the_queue_once(cloud: Cloud) -> None:
    keys = fill(cloud, 23)

    status, output = submit(cloud)

    assert (status, output) == (0, "23 objects put on the queue, 2 empty ones or folders skipped\n")
    assert waiting(cloud) == keys


def test_what_is_submitted_is_analysed_and_submitted_again_is_not(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = fill(cloud, 3)
    for _ in range(2):
        submit(cloud)
        assert acknowledged(cloud.pump(worker_of())) == [True] * 3

    assert [cloud.result(key)["status"] for key in keys] == ["succeeded"] * 3
    outcomes = [json.loads(line)["outcome"] for line in capsys.readouterr().err.splitlines()]
    assert outcomes == ["succeeded"] * 3 + ["duplicate"] * 3


def test_a_bucket_that_was_there_before_is_analysed_where_it_lies(cloud: Cloud) -> None:
    """SourceBucket of the template: the worker is bound to no bucket but by its role."""
    place = {"LocationConstraint": REGION}
    cloud.s3.create_bucket(Bucket="pacs-export", CreateBucketConfiguration=place)
    for key, data in (("2024/L-CC.png", PNG), ("2024/DICOMDIR", b"DICOMDIR" * 100)):
        cloud.s3.put_object(Bucket="pacs-export", Key=key, Body=data)

    told = CliRunner().invoke(cli.app, ["submit", "s3://pacs-export/2024/", "--queue", cloud.queue_url])
    answers = cloud.pump(worker_of())

    assert told.output == "2 objects put on the queue\n"
    assert acknowledged(answers) == [True] * 2
    done, refused = cloud.result("2024/L-CC.png"), cloud.result("2024/DICOMDIR")
    assert (done["status"], done["source"]["bucket"]) == ("succeeded", "pacs-export")
    assert (refused["status"], refused["error"]["code"]) == ("rejected", "unsupported_media")
    assert cloud.files(UPLOADS) == {}


def test_a_run_that_was_interrupted_is_gone_on_with(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = fill(cloud, 27)
    state = tmp_path / "state.json"
    send = queues.send
    batches: list[int] = []

    def breaks(queue_url: str, bodies: list[str]) -> None:
        if len(batches) == 2:
            raise StorageUnavailableError("SQS did not answer.")
        send(queue_url, bodies)
        batches.append(len(bodies))

    monkeypatch.setattr(queues, "send", breaks)
    first = submit(cloud, "old/", "--state", str(state))
    monkeypatch.setattr(queues, "send", send)
    second = submit(cloud, "old/", "--state", str(state))
    third = submit(cloud, "old/", "--state", str(state))

    assert first == (1, "20 objects put on the queue\nmammo: SQS did not answer.\n")
    assert second == (0, "7 objects put on the queue, 2 empty ones or folders skipped; 20 were before\n")
    assert third == (0, "0 objects put on the queue; 27 were before\n")
    assert waiting(cloud) == keys, "none is lost, none is there twice"


def test_the_note_of_another_submission_is_not_gone_on_with(cloud: Cloud, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    fill(cloud, 1)
    submit(cloud, "old/", "--state", str(state))

    status, output = submit(cloud, "new/", "--state", str(state))
    state.write_text("{}")
    broken = submit(cloud, "old/", "--state", str(state))

    assert (status, output) == (
        2,
        "mammo: The state file is of another submission: name another one, or remove it.\n",
    )
    assert broken == (2, "mammo: The state file cannot be read: it is none of mammo submit.\n")


@pytest.mark.parametrize("prefix", ["uploads/x", "s3://", "https://example.com/x"])
def test_a_prefix_has_one_form(prefix: str, cloud: Cloud) -> None:
    told = CliRunner().invoke(cli.app, ["submit", prefix, "--queue", cloud.queue_url])

    assert (told.exit_code, told.output) == (
        2,
        "mammo: A prefix of the form s3://bucket/prefix was expected.\n",
    )


def test_a_bucket_or_a_queue_that_is_not_there_is_told(cloud: Cloud) -> None:
    fill(cloud, 1)
    missing = CliRunner().invoke(cli.app, ["submit", "s3://no-such-bucket/", "--queue", cloud.queue_url])
    lost = CliRunner().invoke(
        cli.app, ["submit", f"s3://{UPLOADS}/", "--queue", f"{cloud.queue_url}-no-such-queue"]
    )

    assert missing.exit_code == lost.exit_code == 1
    assert "NoSuchBucket" in missing.output
    assert "QueueDoesNotExist" in lost.output or "NonExistentQueue" in lost.output
    assert "check the queue's URL and the region" in lost.output


def test_a_prefix_with_nothing_below_it_is_told(cloud: Cloud, tmp_path: Path) -> None:
    """A slip of the pen looks like this, and so does a finished run: only the first is told."""
    fill(cloud, 1)
    state = str(tmp_path / "state.json")
    slip = submit(cloud, "odl/")
    submit(cloud, "old/", "--state", state)

    assert slip == (0, "0 objects put on the queue; there is nothing below this prefix\n")
    assert submit(cloud, "old/", "--state", state) == (0, "0 objects put on the queue; 1 were before\n")


class FakeQueue:
    """Answers as the test says."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self.answers = list(answers)
        self.sent: list[list[str]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:
        assert QueueUrl == "url"
        self.sent.append([entry["MessageBody"] for entry in Entries])
        return {"Failed": self.answers.pop(0)} if self.answers else {}


def failed(number: int, *, ours: bool = False) -> dict[str, Any]:
    return {"Id": str(number), "SenderFault": ours, "Code": "InternalError"}


class TestAMessageThatSqsDidNotTake:
    def test_is_sent_again_without_the_others(self, monkeypatch: pytest.MonkeyPatch) -> None:
        queue = FakeQueue([failed(1), failed(2)], [failed(2)])
        monkeypatch.setattr(clients, "queue_client", lambda: queue)

        queues.send("url", ["a", "b", "c"])

        assert queue.sent == [["a", "b", "c"], ["b", "c"], ["c"]]

    def test_is_told_in_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(clients, "queue_client", lambda: FakeQueue(*[[failed(0)]] * 3))
        queue = FakeQueue([failed(0)], [failed(0)], [failed(0)])
        monkeypatch.setattr(clients, "queue_client", lambda: queue)

        with pytest.raises(StorageUnavailableError, match="did not take 1 of 2 messages"):
            queues.send("url", ["a", "b"])

    def test_by_our_own_fault_is_not_sent_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        queue = FakeQueue([failed(0, ours=True)])
        monkeypatch.setattr(clients, "queue_client", lambda: queue)

        with pytest.raises(ConfigurationError, match="InternalError"):
            queues.send("url", ["a"])
        assert len(queue.sent) == 1
