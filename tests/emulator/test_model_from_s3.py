"""The function in Lambda's runtime gets its model from S3, whatever S3 does, and swaps it while it serves."""

import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from time import perf_counter
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from mammo_core.models.bundle import pack, unpack
from tests.doors import v1_event, v2_event
from tests.emulator.faulty_s3 import FaultyS3, faulty_s3
from tests.emulator.runtime import CREDENTIALS, Sandbox, free_ports, sandbox
from tests.mammograms import three_files
from tests.phantom_model import BUNDLE

PNG = three_files()["1.png"]
BUCKET = "models-of-the-emulator"
"""Servers of moto in one process share their buckets."""


def other_bundle() -> bytes:
    """The same network under another version."""
    bundle = unpack(BUNDLE)
    return pack(bundle.graph, bundle.manifest.model_copy(update={"version": "other"}))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 of moto."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """The bucket of models, empty."""
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="eu-central-1",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    if BUCKET not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    return client


def put(s3: Any, key: str, bundle: bytes) -> str:  # noqa: ANN401 - boto3's client
    """Store a bundle; the pointer that names it."""
    s3.put_object(Bucket=BUCKET, Key=key, Body=bundle)
    return json.dumps({"key": key, "sha256": hashlib.sha256(bundle).hexdigest()})


def analysed(function: Sandbox) -> tuple[int, dict[str, Any]]:
    answer = function.invoke(v1_event("POST", "/analyze", body=PNG, query={"images": ""}))
    return answer["statusCode"], json.loads(answer["body"])


def test_a_bundle_in_s3_gives_the_answer_of_the_same_bundle_in_the_package(
    s3: Any,  # noqa: ANN401
    endpoint: str,
    tmp_path: Path,
) -> None:
    put(s3, "m.mammo", (resources.files("mammo_core.assets") / "default.mammo").read_bytes())
    settings = {"MODEL_URI": f"s3://{BUCKET}/m.mammo", "AWS_ENDPOINT_URL_S3": endpoint}
    with sandbox(tmp_path, settings) as function, sandbox(tmp_path) as embedded:
        answers = [analysed(each) for each in (function, embedded)]

    for status, answer in answers:
        assert status == 200
        assert answer.pop("timings_ms")
    assert answers[0] == answers[1]


def test_a_model_is_swapped_and_rolled_back_while_the_function_serves(
    s3: Any,  # noqa: ANN401
    endpoint: str,
    tmp_path: Path,
) -> None:
    old = put(s3, "a.mammo", BUNDLE)
    new = put(s3, "b.mammo", other_bundle())
    wrong = json.dumps({"key": "b.mammo", "sha256": "ab" * 32})
    settings = {"MODEL_URI": f"s3://{BUCKET}/now.json", "AWS_ENDPOINT_URL_S3": endpoint}
    versions = []
    with sandbox(tmp_path, settings, handler="tests.emulator.impatient.handler") as function:
        for pointer in (old, new, wrong, old):
            s3.put_object(Bucket=BUCKET, Key="now.json", Body=pointer)
            status, answer = analysed(function)
            assert status == 200, answer
            versions.append(answer["model"]["version"])
        events = [line["message"] for line in function.log() if line["message"] != "request"]

    first = unpack(BUNDLE).manifest.version
    assert versions == [first, "other", "other", first], "a wrong pointer changes nothing"
    assert events == ["model_swapped", "model_kept", "model_swapped"]


def test_a_model_that_comes_later_is_served_without_a_restart(
    s3: Any,  # noqa: ANN401
    endpoint: str,
    tmp_path: Path,
) -> None:
    settings = {"MODEL_URI": f"s3://{BUCKET}/m.mammo", "AWS_ENDPOINT_URL_S3": endpoint}
    with sandbox(tmp_path, settings) as function:
        missing, problem = analysed(function)
        put(s3, "m.mammo", BUNDLE)
        there, _ = analysed(function)

    assert (missing, problem["code"], there) == (503, "model_unavailable", 200)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FaultyS3, Sandbox]]:
    """A function that never gets its model, and asks S3 anew whatever it was told before."""
    folder, handler = tmp_path_factory.mktemp("refused"), "tests.emulator.impatient.handler"
    with faulty_s3() as s3, sandbox(folder, s3.environment(), handler=handler) as function:
        yield s3, function


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("403", (500, "access_denied")),
        ("404", (503, "model_unavailable")),
        ("503", (503, "model_unavailable")),
        ("close", (503, "model_unavailable")),
    ],
)
def test_what_s3_refuses_has_its_status_and_code_and_health_goes_on(
    mode: str, expected: tuple[int, str], refused: tuple[FaultyS3, Sandbox]
) -> None:
    s3, function = refused
    s3.mode = mode
    asked = len(s3.asked)

    status, problem = analysed(function)
    health = function.invoke(v2_event("GET", "/health"))

    assert len(s3.asked) > asked, "the answer is to what S3 says now"
    assert (status, problem["code"]) == expected
    assert health["statusCode"] == 200


def test_a_slow_s3_costs_time_and_nothing_else(tmp_path: Path) -> None:
    with faulty_s3() as s3, sandbox(tmp_path, s3.environment()) as function:
        s3.mode = "slow"
        status, answer = analysed(function)

    assert status == 200
    assert answer["timings_ms"]["load"] >= 1000


def test_an_s3_that_is_down_is_told_before_the_gateway_stops_waiting(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = {"MODEL_URI": f"s3://{BUCKET}/m.mammo", "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{port}"}
    with sandbox(tmp_path, settings) as function:
        start = perf_counter()
        status, problem = analysed(function)

    assert (status, problem["code"]) == (503, "model_unavailable")
    assert perf_counter() - start < 20
