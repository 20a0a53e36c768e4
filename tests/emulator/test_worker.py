"""In the real runtime: a form, a file in a bucket, a notification, a queue, the worker, a result, links."""

import json
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import requests

from tests.cloud import RESULTS, UPLOADS, Cloud, forget, moto
from tests.doors import comparable, v1_event
from tests.emulator.runtime import Sandbox, sandbox
from tests.functional.test_worker import PNG


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Buckets and a queue on this machine."""
    with moto() as endpoint:
        forget(endpoint)
        yield Cloud(endpoint)


def asked(function: Sandbox, method: str, path: str, **rest: Any) -> dict[str, Any]:  # noqa: ANN401
    """The answer of the function to a request through the gateway."""
    answer = function.invoke(v1_event(method, path, **rest))
    assert answer["statusCode"] == 200, answer
    body: dict[str, Any] = json.loads(answer["body"])
    return body


def test_an_upload_is_analysed_and_its_answer_is_that_of_a_request(cloud: Cloud, tmp_path: Path) -> None:
    environment = {
        "AWS_ENDPOINT_URL_S3": cloud.endpoint,
        "UPLOAD_BUCKET": UPLOADS,
        "RESULT_BUCKET": RESULTS,
        "METRICS_NAMESPACE": "mammo",
    }
    with sandbox(tmp_path, environment) as function:
        offered = asked(function, "POST", "/uploads", query={"content_type": "image/png"})
        sent = requests.post(offered["url"], data=offered["fields"], files={"file": ("x", PNG)}, timeout=10)
        waiting = asked(function, "GET", f"/{offered['analysis']}")
        cloud.send("no JSON")
        outcomes = []
        while (event := cloud.event())["Records"]:
            answer = function.invoke(event)
            outcomes.append(len(answer["batchItemFailures"]))
            cloud.settle(event, answer)
        done = asked(function, "GET", f"/{offered['analysis']}")
        direct = asked(function, "POST", "/analyze", body=PNG, content_type="image/png")
        lines = function.log()

    assert sent.status_code == 204
    assert waiting["status"] == "pending"
    assert sorted(outcomes) == [0, 1, 1, 1], "the file in one attempt, the text in none of three"
    assert cloud.dead() == ["no JSON"]
    pictures = {name: urlopen(link, timeout=10).read() for name, link in done["answer"].pop("images").items()}
    assert pictures == {name: b64decode(data) for name, data in direct.pop("images").items()}
    assert comparable(done["answer"]) == comparable(direct)
    (asked_line,) = [line for line in lines if line.get("route") == "/uploads"]
    (worked_line,) = [line for line in lines if line.get("outcome") == "succeeded"]
    assert worked_line["upload_request_id"] == asked_line["request_id"] != worked_line["request_id"]
    assert worked_line["request_id"] == done["request_id"]
    routes = [(line["route"], line.get("outcome")) for line in lines if line["message"] == "request"]
    assert routes.count(("sqs", "succeeded")) == 1
    assert routes.count(("sqs", "failed")) == 3
