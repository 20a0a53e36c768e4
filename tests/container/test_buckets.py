"""Files and models that are copied into buckets, and containers that take them up from there."""

import json
import time
from base64 import b64decode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
import requests

from mammo_core.models.bundle import unpack
from tests.cloud import MODELS, RESULTS, UPLOADS, Cloud
from tests.container.containers import FULL, function_container, invoke, process_of, sam_invoke
from tests.doors import comparable, v1_event
from tests.functional.test_model_from_s3 import weights
from tests.functional.test_object_events import EVENTS, EXPECTED, KEY, VERSION, objects
from tests.functional.test_publishing import bundle, digest
from tests.functional.test_worker import PNG

pytestmark = pytest.mark.e2e
BY_SAM = [
    *(name for name in EXPECTED if name.startswith("s3_")),
    *("sqs_s3_put.json", "sqs_three_messages.json", "sqs_s3_unicode_key.json", "sqs_submit.json"),
    *("eventbridge_created.json", "eventbridge_percent_key.json", "eventbridge_versioned.json"),
]
"""Every event of S3 itself, and of the others some; ``make test`` sends all of them."""
POINTER = "model.json"
LONGEST_S = 180.0
"""A pointer is looked at once a minute."""


def on_this_machine(url: str) -> str:
    """An address that a container made, as this machine says it; moto looks at no signature."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl()


def variables(folder: Path, function: str, **named: str) -> Path:
    """The file by which SAM's local commands are given variables."""
    path = folder / "variables.json"
    path.write_text(json.dumps({function: named}))
    return path


def options(**named: str) -> list[str]:
    """The same for a container."""
    return [part for name, value in named.items() for part in ("--env", f"{name}={value}")]


@pytest.mark.parametrize("name", BY_SAM)
def test_sam_local_invoke_leads_an_event_to_its_objects(
    name: str, cloud: Cloud, s3_inside: str, tmp_path: Path
) -> None:
    expected, keys = EXPECTED[name]
    version = objects(cloud, versioned="versioned" in name)
    if "versioned" in name:
        cloud.s3.put_object(Bucket="amzn-s3-demo-bucket", Key=KEY, Body=b"no image")
    (tmp_path / "event.json").write_text((EVENTS / name).read_text().replace(VERSION, version))
    environment = variables(tmp_path, "Worker", RESULT_BUCKET=RESULTS, AWS_ENDPOINT_URL_S3=s3_inside)

    answer = sam_invoke(tmp_path / "event.json", function="Worker", environment=environment)

    stored = [json.loads(data) for key, data in cloud.files(RESULTS).items() if key.endswith("analysis.json")]
    assert answer.get("errorMessage", answer) == expected
    assert {result["source"]["key"] for result in stored} == set(keys)
    assert [result["status"] for result in stored] == ["succeeded"] * len(keys)
    if "versioned" in name:
        assert stored[0]["source"]["version"] == version


def test_an_upload_goes_from_the_form_to_the_answer_which_is_that_of_a_request(
    cloud: Cloud, s3_inside: str
) -> None:
    given = options(UPLOAD_BUCKET=UPLOADS, RESULT_BUCKET=RESULTS, AWS_ENDPOINT_URL_S3=s3_inside)
    asked = {"view": "CC", "laterality": "L", "max_side": "256"}
    with function_container(FULL, *given) as function:

        def body(event: dict[str, Any]) -> dict[str, Any]:
            answer = invoke(function, event)
            assert answer["statusCode"] == 200, answer["body"]
            found: dict[str, Any] = json.loads(answer["body"])
            return found

        offered = body(v1_event("POST", "/uploads", query={"content_type": "image/png", **asked}))
        sent = requests.post(
            on_this_machine(offered["url"]), data=offered["fields"], files={"file": ("x", PNG)}, timeout=30
        )
        event = cloud.event()
        settled = invoke(function, event)
        done = body(v1_event("GET", f"/{offered['analysis']}"))
        direct = body(v1_event("POST", "/analyze", body=PNG, query=asked, content_type="image/png"))

    assert (sent.status_code, len(event["Records"]), settled) == (204, 1, {"batchItemFailures": []})
    pictures = {
        name: urlopen(on_this_machine(link), timeout=30).read()
        for name, link in done["answer"].pop("images").items()
    }
    assert pictures == {name: b64decode(data) for name, data in direct.pop("images").items()}
    assert comparable(done["answer"]) == comparable(direct)


def test_a_keras_file_that_is_copied_is_served_by_a_container_that_was_running(
    cloud: Cloud, s3_inside: str, tmp_path: Path
) -> None:
    """Another container compiles it; a minute later the first answers with it, and later with the old one."""
    manifest_sha256 = unpack(bundle("2")).manifest_sha256
    old = {"key": "models/old.mammo", "sha256": digest(bundle("2")), "manifest_sha256": manifest_sha256}
    cloud.s3.put_object(Bucket=MODELS, Key="models/old.mammo", Body=bundle("2"))
    cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=json.dumps(old))
    surroundings = {"MODEL_URI": f"s3://{MODELS}/{POINTER}", "AWS_ENDPOINT_URL_S3": s3_inside}
    appeared = {
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": MODELS}, "object": {"key": "source/mine.keras"}},
    }
    (tmp_path / "event.json").write_text(json.dumps(appeared))
    with function_container(FULL, *options(**surroundings)) as function:

        def served() -> str:
            answer = invoke(function, v1_event("POST", "/analyze", body=PNG, query={"images": ""}))
            assert answer["statusCode"] == 200, answer["body"]
            return str(json.loads(answer["body"])["model"]["sha256"])

        def waited_for(sha256: str) -> str:
            end = time.monotonic() + LONGEST_S
            while (found := served()) != sha256 and time.monotonic() < end:
                time.sleep(3)
            return found

        seen, processes = [served()], [process_of(function)]
        cloud.s3.put_object(Bucket=MODELS, Key="source/mine.keras", Body=weights())
        counts = sam_invoke(
            tmp_path / "event.json",
            function="Publisher",
            environment=variables(tmp_path, "Publisher", **surroundings),
        )
        new = json.loads(cloud.files(MODELS)[POINTER])
        seen.append(waited_for(new["sha256"]))
        (record,) = (json.loads(data) for data in cloud.files(MODELS, "published/").values())
        cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=json.dumps(record["previous"]))
        seen.append(waited_for(old["sha256"]))
        processes.append(process_of(function))

    assert counts == {"published": 1}
    assert new != old
    assert record["previous"] == old
    assert seen == [old["sha256"], new["sha256"], old["sha256"]]
    assert processes[0] is not None and processes[0] == processes[1], "nothing was started again"
