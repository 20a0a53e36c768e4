"""What storage answers, or does not, becomes one of our errors, and the right one."""

import io
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import boto3
import botocore.exceptions
import botocore.retries.standard
import pytest
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from mammo_core import storage
from mammo_core.aws import clients
from mammo_core.errors import (
    AccessDeniedError,
    ConfigurationError,
    MammoError,
    NotFoundError,
    StorageUnavailableError,
)

NETWORK = {
    "ChecksumError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "ConnectionError",
    "CredentialRetrievalError",
    "EndpointConnectionError",
    "FlexibleChecksumError",
    "HTTPClientError",
    "IncompleteReadError",
    "MetadataRetrievalError",
    "ProxyConnectionError",
    "ReadTimeoutError",
    "ResponseStreamingError",
    "SSLError",
}
"""botocore's errors that may be gone a moment later."""
BOTOCORE_ERRORS = sorted(
    name
    for name, value in vars(botocore.exceptions).items()
    if isinstance(value, type) and issubclass(value, BotoCoreError)
)


@pytest.fixture
def stubber() -> Any:  # noqa: ANN401 - botocore is untyped
    """Puts answers of S3 in the place of the network."""
    clients.client.cache_clear()
    with Stubber(clients.client()) as stubbed:
        yield stubbed
    clients.client.cache_clear()


def retryable_answers() -> list[tuple[str, int]]:
    """Every (code, HTTP status) that botocore retries, of whatever service."""
    rules = json.loads((resources.files("botocore") / "data" / "_retry.json").read_text())
    found: set[tuple[str, int]] = set()

    def walk(part: Any) -> None:  # noqa: ANN401 - JSON
        if isinstance(part, dict):
            response = part.get("response", {})
            if "http_status_code" in response:
                found.add((response.get("service_error_code", ""), response["http_status_code"]))
            for value in part.values():
                walk(value)

    walk(rules)
    return sorted(found)


def modern_retryable_codes() -> list[str]:
    """The codes of botocore's ``standard`` retry mode, which we use."""
    throttled: Any = botocore.retries.standard.ThrottledRetryableChecker
    transient: Any = botocore.retries.standard.TransientRetryableChecker
    return sorted({*throttled._THROTTLED_ERROR_CODES, *transient._TRANSIENT_ERROR_CODES})


def answered(stubber: Stubber, code: str, status: int) -> MammoError:
    stubber.add_client_error("get_object", code, "DOE^JANE", http_status_code=status)
    with pytest.raises(MammoError) as caught:
        storage.read("s3://bucket/key")
    assert isinstance(caught.value.__cause__, ClientError)
    assert "DOE" not in caught.value.message
    return caught.value


class TestAnswersOfS3:
    def test_that_botocore_retries_are_known(self) -> None:
        assert len(retryable_answers()) >= 20
        assert ("RequestTimeout", 400) in retryable_answers()
        assert "SlowDown" in modern_retryable_codes()

    @pytest.mark.parametrize(("code", "status"), retryable_answers())
    def test_that_botocore_retries_may_succeed_later(self, code: str, status: int, stubber: Stubber) -> None:
        error = answered(stubber, code, status)

        assert type(error) is StorageUnavailableError
        assert error.retryable

    @pytest.mark.parametrize("code", modern_retryable_codes())
    @pytest.mark.parametrize("status", [400, 403])
    def test_whose_code_botocore_retries_may_succeed_later_whatever_their_status(
        self, code: str, status: int, stubber: Stubber
    ) -> None:
        assert type(answered(stubber, code, status)) is StorageUnavailableError

    @pytest.mark.parametrize(
        ("code", "status", "kind"),
        [
            ("NoSuchKey", 404, NotFoundError),
            ("NoSuchBucket", 404, NotFoundError),
            ("NoSuchVersion", 404, NotFoundError),
            ("404", 404, NotFoundError),
            ("405", 405, NotFoundError),
            ("MethodNotAllowed", 405, NotFoundError),
            ("AccessDenied", 403, AccessDeniedError),
            ("403", 403, AccessDeniedError),
            ("ExpiredToken", 400, AccessDeniedError),
            ("InvalidToken", 400, AccessDeniedError),
            ("InvalidAccessKeyId", 403, AccessDeniedError),
            ("SignatureDoesNotMatch", 403, AccessDeniedError),
            ("RequestTimeTooSkewed", 403, AccessDeniedError),
            ("InvalidObjectState", 403, AccessDeniedError),
            ("SlowDown", 503, StorageUnavailableError),
            ("InternalError", 500, StorageUnavailableError),
            ("", 599, StorageUnavailableError),
            ("InvalidBucketName", 400, ConfigurationError),
            ("PermanentRedirect", 301, ConfigurationError),
            ("AuthorizationHeaderMalformed", 400, ConfigurationError),
        ],
    )
    def test_become_the_error_that_fits(
        self, code: str, status: int, kind: type[MammoError], stubber: Stubber
    ) -> None:
        error = answered(stubber, code, status)

        assert type(error) is kind
        assert code in error.message

    def test_that_hold_the_object_are_its_bytes(self, stubber: Stubber) -> None:
        body = StreamingBody(io.BytesIO(b"content"), 7)
        stubber.add_response("get_object", {"Body": body}, {"Bucket": "bucket", "Key": "a/b c?d#e.keras"})

        assert storage.read("s3://bucket/a/b c?d#e.keras") == b"content"

    def test_that_end_early_may_be_whole_later(self, stubber: Stubber) -> None:
        stubber.add_response("get_object", {"Body": StreamingBody(io.BytesIO(b"cont"), 7)})

        with pytest.raises(StorageUnavailableError, match="IncompleteReadError"):
            storage.read("s3://bucket/key")


class TestNoAnswerFromS3:
    @pytest.mark.parametrize("name", BOTOCORE_ERRORS)
    def test_is_a_matter_of_the_network_or_of_access_or_of_configuration(self, name: str) -> None:
        error = vars(botocore.exceptions)[name]
        unmade = error.__new__(error)

        ours = clients._unanswered(unmade)

        expected: type[MammoError] = ConfigurationError
        if name in NETWORK:
            expected = StorageUnavailableError
        elif name in {"NoCredentialsError", "PartialCredentialsError"}:
            expected = AccessDeniedError
        assert type(ours) is expected
        assert f"({name})" in ours.message

    def test_for_a_bucket_name_that_cannot_be_is_a_matter_of_configuration(self) -> None:
        with pytest.raises(ConfigurationError, match="ParamValidationError"):
            storage.read("s3://Not A Bucket!/key")

    def test_without_credentials_is_a_matter_of_access(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        clients.client.cache_clear()

        with pytest.raises(AccessDeniedError, match="NoCredentialsError"):
            storage.read("s3://bucket/key")
        clients.client.cache_clear()


class TestFiles:
    def test_are_read_whole(self, tmp_path: Path) -> None:
        (tmp_path / "a b%.bin").write_bytes(b"\x00content")

        assert storage.read((tmp_path / "a b%.bin").as_uri()) == b"\x00content"

    @pytest.mark.parametrize("name", ["missing", "folder", "file/inside"])
    def test_that_are_not_there_are_not_found(self, name: str, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").touch()

        with pytest.raises(NotFoundError) as caught:
            storage.read(f"file://{tmp_path}/{name}")

        assert caught.value.message == "The file does not exist."

    @pytest.mark.parametrize(
        ("error", "kind"),
        [(PermissionError(13, "no"), AccessDeniedError), (OSError(5, "broken"), StorageUnavailableError)],
    )
    def test_that_cannot_be_read_say_why(
        self, error: OSError, kind: type[MammoError], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_path: Path) -> bytes:
            raise error

        monkeypatch.setattr(Path, "read_bytes", broken)

        with pytest.raises(kind) as caught:
            storage.read("file:///models/m.keras")

        assert "/models" not in caught.value.message

    def test_whose_path_holds_a_null_character_are_misconfigured(self) -> None:
        with pytest.raises(ConfigurationError, match="null character"):
            storage.read("file:///models/m%00.keras")


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "model.keras",
        "/models/model.keras",
        "https://example.com/model.keras",
        "S3://bucket/key",
        "s3://",
        "s3://bucket",
        "s3://bucket/",
        "s3:///key",
        "s3://[bucket",
        "file://",
        "file:///",
        "file://host/model.keras",
        "file://model.keras",
    ],
)
def test_a_uri_of_another_form_is_misconfigured(uri: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        storage.read(uri)

    assert caught.value.message.startswith("A URI of the form s3://bucket/key or file:///absolute/path")
    assert "model" not in caught.value.message


class TestTheRegion:
    @pytest.fixture(autouse=True)
    def _fresh(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
        for made in (clients.client, clients.signer, clients.queue_client):
            made.cache_clear()
        yield
        for made in (clients.client, clients.signer, clients.queue_client):
            made.cache_clear()

    @pytest.mark.parametrize(
        "environment",
        [
            {"AWS_REGION": "eu-west-1"},
            {"AWS_DEFAULT_REGION": "eu-west-1"},
            {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"},
            {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"},
        ],
    )
    def test_is_read_from_either_variable(
        self, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Botocore reads the second only, and people who deploy export the first."""
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        queues: Any = clients.queue_client()
        regions = [client.meta.region_name for client in (clients.client(), clients.signer(), queues)]
        assert regions == ["eu-west-1"] * 3

    def test_that_is_missing_is_told_with_the_variable_to_set(self) -> None:
        with pytest.raises(ConfigurationError, match="AWS_REGION"), clients.s3_errors("SQS"):
            clients.queue_client()


def test_silent_storage_costs_less_than_the_gateway_waits() -> None:
    longest_pauses = 1 + 2  # seconds, of botocore's standard mode after the first and the second attempt

    silent = clients.ATTEMPTS * (clients.CONNECT_TIMEOUT_S + clients.READ_TIMEOUT_S) + longest_pauses

    assert silent < 29
