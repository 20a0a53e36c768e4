"""Nothing is lost and nothing is done twice, however S3 and the processes fail."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from time import perf_counter
from typing import Any
from urllib.parse import unquote, unquote_plus

import pytest

from mammo_core.aws import clients, objects
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from tests.cloud import RESULTS, UPLOADS, Cloud, Context, Handler, KilledError
from tests.doors import log_lines
from tests.faults import BadDay, Fault, bad_day
from tests.functional.conftest import fresh_clients
from tests.functional.test_worker import KEY, PNG, acknowledged, notified, worker_of

SMALL = to_png(make_phantom(seed=3, shape=(128, 104)))


@pytest.fixture
def day(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[BadDay]:
    """The service reaches S3 through a proxy; the test's own requests go past it."""
    # Shorter than a silence, and longer than a busy machine takes to answer.
    monkeypatch.setattr(clients, "READ_TIMEOUT_S", 1.5)
    with bad_day(cloud.endpoint) as (address, plan):
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", address)
        fresh_clients()
        yield plan
        fresh_clients()


STEPS = {
    "the look at the object": ("HEAD", f"/{UPLOADS}/"),
    "the object": ("GET", f"/{UPLOADS}/"),
    "the look for a result": ("GET", f"/{RESULTS}/"),
    "a picture": ("PUT", "heatmap_only.png"),
    "the commit": ("PUT", "analysis.json"),
}


class Once:
    """A fault at one step, the first time."""

    def __init__(self, step: str, fault: Fault) -> None:
        self.method, self.part = STEPS[step]
        self.fault = fault
        self.done = False

    def __call__(self, method: str, path: str) -> Fault | None:
        if self.done or method != self.method or self.part not in path:
            return None
        self.done = True
        return self.fault


class TestOneFault:
    @pytest.mark.parametrize("fault", [Fault.BUSY, Fault.REFUSED, Fault.LOST, Fault.SILENT, Fault.DENIED])
    @pytest.mark.parametrize("step", STEPS)
    def test_sends_the_message_back_and_the_next_attempt_ends_it(
        self, step: str, fault: Fault, cloud: Cloud, day: BadDay, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.upload(KEY, PNG)
        day.plan = Once(step, fault)

        answers = cloud.pump(worker_of())

        assert day.faults == {fault: 1}
        assert acknowledged(answers) == [False, True]
        lines = log_lines(capsys)
        first = ("failed", "access_denied") if fault is Fault.DENIED else ("retried", "storage_unavailable")
        # The commit was there: only its answer got lost.
        second = "duplicate" if (step, fault) == ("the commit", Fault.LOST) else "succeeded"
        assert [(line["outcome"], line.get("code")) for line in lines] == [first, (second, None)]
        assert "DOE" not in str(lines)
        assert list(day.committed.values()) == [1]
        assert len(cloud.files(RESULTS)) == 6
        assert cloud.result(KEY)["status"] == "succeeded"

    def test_that_loses_the_answer_of_the_commit_is_seen_through_by_the_same_attempt(
        self, cloud: Cloud, day: BadDay, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Botocore sends it again, S3 says that something is there, and it is ours."""
        monkeypatch.setattr(clients, "ATTEMPTS", 3)
        cloud.upload(KEY, PNG)
        day.plan = Once("the commit", Fault.LOST)

        assert acknowledged(cloud.pump(worker_of())) == [True]

        assert [line["outcome"] for line in log_lines(capsys)] == ["succeeded"]
        assert list(day.committed.values()) == [1]


class TestAnS3ThatStays:
    def test_away_sends_every_message_to_the_dead_letter_queue_from_which_it_comes_back(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        cloud.upload(KEY, PNG)
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", nobody)
        fresh_clients()

        start = perf_counter()
        answers = cloud.pump(worker_of())

        assert acknowledged(answers) == [False] * 3
        assert perf_counter() - start < 15.0
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", cloud.endpoint)
        fresh_clients()
        cloud.send(*cloud.dead())
        assert acknowledged(cloud.pump(worker_of())) == [True]
        assert cloud.result(KEY)["status"] == "succeeded"

    def test_denied_parks_the_message_and_says_so(
        self, cloud: Cloud, day: BadDay, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.upload(KEY, PNG)
        day.plan = lambda _method, path: Fault.DENIED if UPLOADS in path else None

        assert acknowledged(cloud.pump(worker_of())) == [False] * 3

        assert {(line["code"], line["level"]) for line in log_lines(capsys)} == {("access_denied", "ERROR")}
        assert len(cloud.dead()) == 1
        (failed,) = [
            json.loads(data) for key, data in cloud.files(RESULTS).items() if key.endswith("analysis.json")
        ]
        assert (failed["status"], failed["error"]["code"]) == ("failed", "access_denied")


def test_of_several_workers_at_once_one_commits_each_object_and_the_others_see_it(
    cloud: Cloud, day: BadDay, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every message is in the hands of four workers, which take them in an order of their own."""
    # No fault is wanted here, and on a busy machine one moto is slow to answer four.
    monkeypatch.setattr(clients, "READ_TIMEOUT_S", 30.0)
    fresh_clients()
    keys = [f"incoming/{number}.png" for number in range(8)]
    for key in keys:
        cloud.upload(key, SMALL, mammo_images="overlay", mammo_accept_unsuitable="true")
    events = [cloud.event() for _ in keys]
    workers = [worker_of() for _ in range(4)]

    def work(number: int) -> list[dict[str, Any]]:
        mine = Random(number).sample(events, len(events))
        return [workers[number](event, Context(f"worker-{number}")) for event in mine]

    with ThreadPoolExecutor(len(workers)) as pool:
        answers = [answer for worked in pool.map(work, range(len(workers))) for answer in worked]

    outcomes = Counter(line["outcome"] for line in log_lines(capsys))
    assert answers == [{"batchItemFailures": []}] * 32
    assert outcomes == {"succeeded": 8, "duplicate": 24}
    assert sorted(day.committed.values()) == [1] * 8
    assert [cloud.result(key)["status"] for key in keys] == ["succeeded"] * 8
    assert len(cloud.files(RESULTS)) == 16


@dataclass
class Load:
    """Many objects, and what must become of each."""

    random: Random
    good: list[str] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    poison: list[str] = field(default_factory=list)

    def fill(self, cloud: Cloud, count: int) -> None:
        """Upload them; some events come twice."""
        for number in range(count):
            kind = self.random.choices(("good", "bad", "poison"), (85, 12, 3))[0]
            key = f"incoming/{number:04}-{kind}.png"
            getattr(self, kind).append(key)
            data = b"no image" if kind == "bad" else SMALL
            images = "overlay" if self.random.random() < 0.1 else ""
            cloud.upload(key, data, mammo_images=images, mammo_accept_unsuitable="true")
            if self.random.random() < 0.2:
                cloud.send(notified(key, None))

    def fault(self, _method: str, path: str) -> Fault | None:
        """What goes wrong with a request: always for poison, else by chance."""
        if f"/{UPLOADS}/" in path and "poison" in path:
            return Fault.DENIED
        if self.random.random() > 0.06:
            return None
        return self.random.choices((Fault.BUSY, Fault.REFUSED, Fault.LOST, Fault.SILENT), (5, 5, 5, 1))[0]


def mortal(handler: Handler, random: Random, monkeypatch: pytest.MonkeyPatch) -> tuple[Handler, Counter[str]]:
    """The same function in processes that are sometimes killed, before or after a write."""
    put, deaths = objects.put, Counter[str]()

    def deadly(*arguments: Any, **named: Any) -> str | None:  # noqa: ANN401
        moment = random.random()
        if moment < 0.03:
            deaths["before a write"] += 1
            raise KilledError
        etag = put(*arguments, **named)
        if moment > 0.97:
            deaths["after a write"] += 1
            raise KilledError
        return etag

    monkeypatch.setattr(objects, "put", deadly)

    def call(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401
        return handler(event, context)

    return call, deaths


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.full)])
def test_of_many_events_with_faults_at_random_each_object_ends_as_it_must_exactly_once(
    count: int, cloud: Cloud, day: BadDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = Random(count)
    load = Load(Random(count + 1))
    load.fill(cloud, count)
    day.plan = load.fault
    handler, deaths = mortal(worker_of(), random, monkeypatch)

    answers: list[dict[str, Any] | None] = []
    parked: list[str] = []
    redriven = 0
    for _ in range(20):
        answers += cloud.pump(handler, batch=random.randint(1, 5))
        dead = cloud.dead()
        parked += [body for body in dead if "poison" in body]
        again = [body for body in dead if "poison" not in body]
        if not again:
            break
        # After the alarm, a person sends them again.
        redriven += len(again)
        cloud.send(*again)

    by_key: dict[str, list[str]] = {}
    for key, data in cloud.files(RESULTS).items():
        if key.endswith("/analysis.json"):
            result = json.loads(data)
            by_key.setdefault(result["source"]["key"], []).append(result["status"])
    succeeded = {key: statuses.count("succeeded") for key, statuses in by_key.items()}
    assert len(load.good) + len(load.bad) + len(load.poison) == count
    assert min(len(load.good), len(load.bad), len(load.poison)) > 0
    assert {key: n for key, n in succeeded.items() if n} == dict.fromkeys(load.good, 1), "each good one, once"
    commits: Counter[str] = Counter()
    for key, n in day.committed.items():
        commits[unquote(key).removeprefix("results/").partition("/etag-")[0]] += n
    assert {key: n for key, n in commits.items() if n} == dict.fromkeys(load.good, 1), "committed once each"
    assert {key for key, statuses in by_key.items() if "rejected" in statuses} == set(load.bad)
    keys = [json.loads(body)["Records"][0]["s3"]["object"]["key"] for body in parked]
    assert {unquote_plus(key) for key in keys} == set(load.poison)
    assert None in answers and sum(deaths.values()) > 0, "processes died"
    assert all(day.faults[fault] for fault in Fault), "everything went wrong at least once"
    assert redriven < count
