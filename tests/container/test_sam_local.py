"""What ``sam build`` made answers in real containers: invoke, start-api, start-lambda, models from S3."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from tests.cloud import MODELS, Cloud
from tests.container.containers import post, sam_invoke, sam_server
from tests.contract.test_events import ANSWERS, EVENTS
from tests.doors import CHROME_ACCEPT, comparable
from tests.emulator.runtime import CREDENTIALS, ROOT
from tests.functional.test_model_from_s3 import weights
from tests.mammograms import MEDIA_TYPES, three_files
from tests.parity import Answers, by_http, by_the_command_line, event_of, of_event

pytestmark = pytest.mark.e2e
BOUNDARY = "e2e-4f1d"


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    """``sam local start-api``."""
    with sam_server("start-api") as address:
        yield address


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What ``mammo analyze`` answers on this machine."""
    return by_the_command_line(tmp_path_factory.mktemp("parity") / "files")


@pytest.mark.parametrize("name", ANSWERS)
def test_sam_local_invoke_answers_every_event(name: str) -> None:
    answer = sam_invoke(EVENTS / name)

    status, code = ANSWERS[name]
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (status, False), answer["body"]
    if status != 200:
        assert json.loads(answer["body"])["code"] == code


@pytest.mark.parametrize("name", list(three_files()))
def test_sam_local_invoke_gives_the_answer_of_the_command_line(
    name: str, expected: Answers, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_text(json.dumps(event_of(name, "v1")))

    assert of_event(sam_invoke(tmp_path / "event.json")) == expected[name]


def test_sam_local_start_api_gives_the_answers_of_the_command_line_to_raw_bodies(
    api: str, expected: Answers
) -> None:
    assert by_http(api) == expected


@pytest.mark.parametrize("name", list(three_files()))
def test_sam_local_start_api_gives_the_same_answer_to_a_form(name: str, api: str, expected: Answers) -> None:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {MEDIA_TYPES[name]}\r\n\r\n"
    )
    body = head.encode() + three_files()[name] + f"\r\n--{BOUNDARY}--\r\n".encode()

    status, headers, answer = post(
        f"{api}/analyze", body, f"multipart/form-data; boundary={BOUNDARY}", CHROME_ACCEPT
    )

    assert (status, headers["content-type"]) == (200, "application/json")
    assert comparable(json.loads(answer)) == expected[name]


def test_smoke_passes_against_sam_local_start_api(api: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "smoke.py", api], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_sam_local_start_lambda_answers_boto3() -> None:
    with sam_server("start-lambda") as address:
        client = boto3.client(
            "lambda",
            endpoint_url=address,
            region_name="eu-central-1",
            config=Config(read_timeout=90, retries={"max_attempts": 0}),
        )
        event = (EVENTS / "apigw_rest_v1_raw_png.json").read_bytes()
        replies = [client.invoke(FunctionName="Function", Payload=event) for _ in range(2)]
        first, second = (json.loads(json.load(reply["Payload"])["body"]) for reply in replies)

    assert (first["cold_start"], second["cold_start"]) == (True, False)
    assert comparable(first) == comparable(second)
    assert all(first["images"].values())


def test_a_keras_model_from_s3_and_its_compilation_give_the_same_answer(
    cloud: Cloud, s3_inside: str, tmp_path: Path
) -> None:
    (tmp_path / "m.keras").write_bytes(weights())
    command = [sys.executable, "-m", "mammo_core", "compile", "m.keras", "-o", "m.mammo"]
    subprocess.run(command, check=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT), **CREDENTIALS})
    (tmp_path / "event.json").write_text(json.dumps(event_of("1.png", "v2")))
    answers = {}
    for name in ("m.keras", "m.mammo"):
        cloud.s3.put_object(Bucket=MODELS, Key=name, Body=(tmp_path / name).read_bytes())
        parameters = {"ModelUri": f"s3://{MODELS}/{name}", "S3EndpointUrl": s3_inside}
        answers[name] = of_event(sam_invoke(tmp_path / "event.json", parameters))

    keras, compiled = answers["m.keras"], answers["m.mammo"]
    assert (keras["model"]["backend"], compiled["model"]["backend"]) == ("keras", "litert")
    assert abs(keras["confidence"] - compiled["confidence"]) < 1e-4
    assert keras["result"] == compiled["result"]
    assert keras["explanation"]["target_layer"] == compiled["explanation"]["target_layer"] == "c1"
    assert all(keras["images"].values()) and all(compiled["images"].values())
