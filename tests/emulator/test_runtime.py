"""The handler in Lambda's runtime: events, limits, time-outs and crashes."""

import json
import os
import signal
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

import pytest

from mammo_core.phantom.synthesis import make_phantom
from tests.contract.test_events import ANSWERS, EVENTS
from tests.doors import v1_event, v2_event
from tests.emulator.faulty_s3 import FaultyS3, faulty_s3
from tests.emulator.runtime import Sandbox, sandbox
from tests.mammograms import full_view, three_files, to_jpeg

PNG = three_files()["1.png"]


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A function that many tests call, one after the other."""
    with sandbox(tmp_path_factory.mktemp("function")) as running:
        yield running


@pytest.mark.parametrize("name", ANSWERS)
def test_every_event_gets_its_answer_in_the_real_runtime(name: str, function: Sandbox) -> None:
    answer = function.invoke(json.loads((EVENTS / name).read_text()))

    status, expected = ANSWERS[name]
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (status, False), answer["body"]
    if status != 200:
        problem = json.loads(answer["body"])
        assert (problem["status"], problem["code"]) == (status, expected)
        assert problem["request_id"] == answer["headers"]["x-request-id"]


def test_the_request_id_of_an_answer_is_the_runtimes_and_in_the_log(function: Sandbox) -> None:
    answer = function.invoke(v2_event("GET", "/health"))

    assert function.log()[-1]["request_id"] == answer["headers"]["x-request-id"]


@pytest.mark.parametrize("event", [{}, {"Records": []}], ids=["empty", "records"])
def test_an_event_of_another_kind_is_a_failed_call_and_the_process_goes_on(
    event: dict[str, Any], function: Sandbox
) -> None:
    function.invoke(v2_event("GET", "/health"))
    before = function.handler_process()

    answer = function.invoke(event)

    assert answer["errorType"] == "InvalidRequestError"
    assert function.invoke(v2_event("GET", "/health"))["statusCode"] == 200
    assert function.handler_process() == before


@pytest.mark.parametrize("size", [4_500_001, 4_700_000])
@pytest.mark.parametrize("event", [v1_event, v2_event], ids=["v1", "v2"])
def test_a_body_that_the_gateway_lets_through_but_is_too_large_gets_our_413(
    size: int,
    event: Any,  # noqa: ANN401 - one of two functions
    function: Sandbox,
) -> None:
    answer = function.invoke(event("POST", "/analyze", body=bytes(size), content_type="image/png"))

    _is_our_413(answer, size)


@pytest.mark.parametrize("size", [4_500_001, 6_000_000])
def test_so_does_a_body_of_text_which_arrives_at_its_own_size(size: int, function: Sandbox) -> None:
    """As base64, 6 MB would exceed Lambda's limit; JSON is handed on as it is, up to that limit."""
    frame = len(json.dumps({"image": ""}))
    body = json.dumps({"image": "A" * (size - frame)})
    event = v1_event("POST", "/analyze", content_type="application/json")

    answer = function.invoke({**event, "body": body, "isBase64Encoded": False})

    _is_our_413(answer, size)


def _is_our_413(answer: dict[str, Any], size: int) -> None:
    problem = json.loads(answer["body"])
    assert (answer["statusCode"], problem["code"]) == (413, "payload_too_large")
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert problem["detail"] == f"The body has {size:,} bytes or more; at most 4,500,000 are accepted here."


def test_five_png_pictures_of_a_full_view_fit_into_an_answer(function: Sandbox) -> None:
    assert 1_000_000 < len(full_view()) < 4_500_000
    query = {"max_side": "4096", "format": "png"}

    answer = function.invoke(v1_event("POST", "/analyze", body=full_view(), query=query))

    assert answer["statusCode"] == 200, answer["body"]
    body = json.loads(answer["body"])
    assert (body["input"]["height"], body["input"]["width"]) == (4096, 3328)
    assert all(body["images"].values())
    assert {status["media_type"] for status in body["image_status"].values()} == {"image/png"}
    assert 3_000_000 < len(json.dumps(answer).encode()) < 5_500_000


def test_an_answer_over_lambdas_limit_is_a_problem_of_ours_and_the_process_stays_alive(
    tmp_path: Path,
) -> None:
    query = {"max_side": "4096"}
    grainy = to_jpeg(make_phantom(seed=6, shape=(1600, 1280)), noise=20.0)
    with sandbox(tmp_path, {"MAX_PICTURE_BYTES": "100000000"}) as generous:
        answer = generous.invoke(v1_event("POST", "/analyze", body=grainy, query=query))
        process = generous.handler_process()
        after = generous.invoke(v1_event("POST", "/analyze", body=PNG))

        assert (answer["statusCode"], json.loads(answer["body"])["detail"]) == (
            500,
            "The answer exceeds what Lambda can return.",
        )
        assert (after["statusCode"], json.loads(after["body"])["cold_start"]) == (200, False)
        assert generous.handler_process() == process is not None


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_is_answered(tmp_path: Path) -> None:
    with faulty_s3() as s3, sandbox(tmp_path, s3.environment(), timeout_s=2) as slow:
        s3.mode = "silence"
        ended = slow.invoke(v1_event("POST", "/analyze", body=PNG))
        s3.mode = "ok"
        answers = [slow.invoke(v2_event("GET", "/health")) for _ in range(2)]
        slow_again = slow.invoke(v2_event("GET", "/model"))

    assert "Task timed out after 2.00 seconds" in str(ended)
    assert [answer["statusCode"] for answer in answers] == [200, 200]
    assert slow_again["statusCode"] == 200


def test_a_process_that_is_killed_in_a_call_is_followed_by_one_that_answers(tmp_path: Path) -> None:
    with faulty_s3() as s3, sandbox(tmp_path, s3.environment()) as function:
        assert function.invoke(v2_event("GET", "/health"))["statusCode"] == 200
        first = function.handler_process()
        assert first is not None
        s3.mode = "silence"
        killer = Thread(target=_kill_when_asked, args=(first, s3))
        killer.start()
        died = function.invoke(v1_event("POST", "/analyze", body=PNG))
        killer.join()
        s3.mode = "ok"
        answer = function.invoke(v1_event("POST", "/analyze", body=PNG))

        assert died["errorType"] == "Runtime.ExitError"
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["cold_start"] is True
        assert function.handler_process() not in {first, None}


def _kill_when_asked(process: int, s3: FaultyS3) -> None:
    while not s3.asked:
        sleep(0.01)
    os.kill(process, signal.SIGKILL)


def test_the_events_of_the_tests_carry_images_as_base64() -> None:
    assert v1_event("POST", "/analyze", body=PNG)["body"] == b64encode(PNG).decode()
