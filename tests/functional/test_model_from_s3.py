"""A model comes from S3 over HTTP, or from a file, and whatever S3 does has its status and code."""

import hashlib
import socket
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import perf_counter, sleep
from typing import Any, ClassVar

import boto3
import pytest
from fastapi.testclient import TestClient
from moto.server import ThreadedMotoServer

from mammo_core.aws import clients
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.service import build_service
from mammo_core.settings import Settings
from tests.conftest import make_manifest
from tests.doors import client_of

PNG = to_png(make_phantom(seed=3, shape=(320, 256)))
BUCKET, KEY = "models", "mammo/v1/m.keras"
URI = f"s3://{BUCKET}/{KEY}"
MANIFEST_KEY = "mammo/v1/m.manifest.json"
MANIFEST = make_manifest(target_layer="c1").model_dump_json().encode()
OTHER = "ab" * 32


@cache
def weights() -> bytes:
    """A small network, saved by Keras."""
    import keras

    keras.utils.set_random_seed(1)
    image = keras.Input((32, 24, 1))
    maps = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="c1")(image)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    network = keras.Model(image, keras.layers.Dense(1, "sigmoid")(pooled))
    with TemporaryDirectory() as folder:
        network.save(Path(folder) / "m.keras")
        return (Path(folder) / "m.keras").read_bytes()


@pytest.fixture(autouse=True)
def _quick_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test makes its own client, which gives up soon."""
    monkeypatch.setattr(clients, "CONNECT_TIMEOUT_S", 0.3)
    monkeypatch.setattr(clients, "READ_TIMEOUT_S", 0.5)
    monkeypatch.setattr(clients, "ATTEMPTS", 2)
    clients.client.cache_clear()
    yield
    clients.client.cache_clear()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 of moto that listens on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:  # boto3 makes its clients at run time
    """The bucket of models, empty, where the service looks for it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    client: Any = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield client
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    client.delete_bucket(Bucket=BUCKET)


def client_for(
    uri: str = URI, *, model_sha256: str | None = None, manifest_sha256: str | None = None
) -> TestClient:
    settings = Settings(model_uri=uri, model_sha256=model_sha256, manifest_sha256=manifest_sha256)
    return client_of(build_service(settings))


def analysed(client: TestClient) -> dict[str, Any]:
    answer = client.post("/analyze?images=", content=PNG)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refusal(client: TestClient) -> tuple[int, str]:
    """Status and code; the words of all refusals are checked on the way."""
    answer = client.post("/analyze?images=", content=PNG)
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert BUCKET not in answer.text
    assert "DOE" not in answer.text
    assert ("retry-after" in answer.headers) is (answer.status_code == 503)
    return answer.status_code, body["code"]


def warning_codes(answer: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


@pytest.mark.tf
class TestServed:
    def test_are_weights_with_their_manifest(self, s3: Any) -> None:  # noqa: ANN401 - boto3
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=weights())
        s3.put_object(Bucket=BUCKET, Key=MANIFEST_KEY, Body=MANIFEST)

        answer = analysed(client_for())

        assert answer["model"]["sha256"] == hashlib.sha256(weights()).hexdigest()
        assert answer["model"]["manifest_sha256"] == hashlib.sha256(MANIFEST).hexdigest()
        assert answer["model"]["id"] == "test"
        assert answer["result"] in {"benign", "malignant"}
        assert answer["explanation"]["target_layer"] == "c1"
        assert "manifest_missing" not in warning_codes(answer)

    def test_are_weights_without_a_manifest_and_the_answer_says_so(self, s3: Any) -> None:  # noqa: ANN401
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=weights())

        answer = analysed(client_for())

        assert answer["model"]["manifest_sha256"] is None
        assert answer["result"] in {"negative", "positive"}
        assert "manifest_missing" in warning_codes(answer)

    def test_are_pinned_weights(self, s3: Any) -> None:  # noqa: ANN401
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=weights())
        s3.put_object(Bucket=BUCKET, Key=MANIFEST_KEY, Body=MANIFEST)

        answer = analysed(
            client_for(
                model_sha256=hashlib.sha256(weights()).hexdigest(),
                manifest_sha256=hashlib.sha256(MANIFEST).hexdigest(),
            )
        )

        assert 0.0 < answer["confidence"] < 1.0

    def test_are_weights_that_come_later(self, s3: Any) -> None:  # noqa: ANN401
        client = client_for()

        assert refusal(client) == (503, "model_unavailable")
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=weights())

        assert 0.0 < analysed(client)["confidence"] < 1.0

    def test_are_weights_that_were_loaded_once_also_when_they_are_gone(self, s3: Any) -> None:  # noqa: ANN401
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=weights())
        client = client_for()
        before = analysed(client)["confidence"]
        s3.delete_object(Bucket=BUCKET, Key=KEY)

        assert analysed(client)["confidence"] == before
        assert client.get("/model").json()["backend"] == "keras"

    def test_are_weights_of_a_file_and_they_give_the_same_score(
        self,
        s3: Any,  # noqa: ANN401
        tmp_path: Path,
    ) -> None:
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=weights())
        s3.put_object(Bucket=BUCKET, Key=MANIFEST_KEY, Body=MANIFEST)
        (tmp_path / "m.keras").write_bytes(weights())
        (tmp_path / "m.manifest.json").write_bytes(MANIFEST)

        from_file, from_s3 = analysed(client_for((tmp_path / "m.keras").as_uri())), analysed(client_for())

        assert from_file["confidence"] == from_s3["confidence"]
        assert from_file["model"] == from_s3["model"]


class TestRefused:
    def test_are_other_weights_than_pinned(self, s3: Any) -> None:  # noqa: ANN401
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"other weights")

        assert refusal(client_for(model_sha256=OTHER)) == (500, "model_integrity")

    def test_are_other_weights_than_the_manifest_names(self, s3: Any) -> None:  # noqa: ANN401
        manifest = make_manifest().model_copy(update={"weights_sha256": OTHER})
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"other weights")
        s3.put_object(Bucket=BUCKET, Key=MANIFEST_KEY, Body=manifest.model_dump_json().encode())

        assert refusal(client_for()) == (500, "model_integrity")

    def test_is_a_manifest_that_is_none(self, s3: Any) -> None:  # noqa: ANN401
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"weights")
        s3.put_object(Bucket=BUCKET, Key=MANIFEST_KEY, Body=b"{}")

        assert refusal(client_for()) == (500, "misconfigured")

    @pytest.mark.tf
    def test_are_weights_that_keras_cannot_load(self, s3: Any) -> None:  # noqa: ANN401
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=weights()[:500])

        assert refusal(client_for()) == (503, "model_unavailable")

    @pytest.mark.parametrize("uri", [URI, "s3://no-such-bucket/m.keras", "file:///no/such/m.keras"])
    @pytest.mark.usefixtures("s3")
    def test_are_weights_that_are_not_there(self, uri: str) -> None:
        assert refusal(client_for(uri)) == (503, "model_unavailable")

    @pytest.mark.parametrize(
        "uri", ["s3://models/m.h5", "s3://models/m.pt", "ftp://models/m.keras", "m.keras"]
    )
    def test_is_a_uri_that_cannot_be_served(self, uri: str) -> None:
        assert refusal(client_for(uri)) == (500, "misconfigured")


def error_xml(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>DOE^JANE</Message></Error>".encode()


WEIGHTS, MANIFEST_FILE = f"/{BUCKET}/{KEY}", f"/{BUCKET}/{MANIFEST_KEY}"


class ScriptedS3(BaseHTTPRequestHandler):
    """Answers as the test says, in ways that moto does not."""

    answers: ClassVar[dict[str, tuple[int, bytes] | str]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        answer = self.answers[self.path]
        if answer == "close":
            return
        if answer == "silence":
            sleep(1.5)
            return
        status, body = (200, b"half") if isinstance(answer, str) else answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) * (2 if answer == "cut short" else 1)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[ScriptedS3]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), ScriptedS3)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(ScriptedS3, "answers", {})
    monkeypatch.setattr(ScriptedS3, "asked", [])
    yield ScriptedS3
    server.shutdown()
    server.server_close()
    thread.join()


class TestTroubleWithS3:
    @pytest.mark.parametrize(
        ("answer", "expected", "attempts"),
        [
            ((403, error_xml("AccessDenied")), (500, "access_denied"), 1),
            ((403, error_xml("InvalidAccessKeyId")), (500, "access_denied"), 1),
            ((400, error_xml("ExpiredToken")), (500, "access_denied"), 1),
            ((403, b""), (500, "access_denied"), 1),
            ((404, b""), (503, "model_unavailable"), 1),
            ((500, error_xml("InternalError")), (503, "model_unavailable"), 2),
            ((503, error_xml("SlowDown")), (503, "model_unavailable"), 2),
            ((400, error_xml("RequestTimeout")), (503, "model_unavailable"), 2),
            ((400, error_xml("Throttling")), (503, "model_unavailable"), 2),
            ((400, error_xml("InvalidRequest")), (500, "misconfigured"), 1),
            ("close", (503, "model_unavailable"), 2),
            ("silence", (503, "model_unavailable"), 2),
            ("cut short", (503, "model_unavailable"), 1),
        ],
    )
    def test_has_its_status_and_code_and_is_tried_again_where_that_helps(
        self,
        answer: tuple[int, bytes] | str,
        expected: tuple[int, str],
        attempts: int,
        scripted: type[ScriptedS3],
    ) -> None:
        scripted.answers[WEIGHTS] = answer

        start = perf_counter()
        got = refusal(client_for())

        assert got == expected
        assert scripted.asked == [WEIGHTS] * attempts
        assert perf_counter() - start < 5.0

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            ((403, error_xml("AccessDenied")), (500, "access_denied")),
            ((503, error_xml("SlowDown")), (503, "model_unavailable")),
            ("close", (503, "model_unavailable")),
        ],
    )
    def test_at_the_manifest_is_not_taken_for_a_model_without_one(
        self, answer: tuple[int, bytes] | str, expected: tuple[int, str], scripted: type[ScriptedS3]
    ) -> None:
        scripted.answers |= {WEIGHTS: (200, b"weights"), MANIFEST_FILE: answer}

        assert refusal(client_for()) == expected
        assert scripted.asked[:2] == [WEIGHTS, MANIFEST_FILE]

    def test_that_nobody_answers_is_told_within_a_bounded_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{port}")

        start = perf_counter()
        got = refusal(client_for())

        assert got == (503, "model_unavailable")
        assert perf_counter() - start < 5.0
