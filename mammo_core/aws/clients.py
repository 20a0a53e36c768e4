"""The clients of AWS, and what their errors mean. boto3's room."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from mammo_core.errors import (
    AccessDeniedError,
    ConfigurationError,
    MammoError,
    NotFoundError,
    StorageUnavailableError,
)

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_s3 import S3Client

NOT_FOUND = frozenset(
    {"404", "405", "MethodNotAllowed", "NoSuchBucket", "NoSuchKey", "NoSuchVersion", "NotFound"}
)
"""405: the version that was asked for is the mark of a deletion."""
DENIED = frozenset(
    {
        "401",
        "403",
        "AccessDenied",
        "AllAccessDisabled",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
BUSY = frozenset(
    {
        "BadDigest",
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "ConditionalRequestConflict",
        "IDPCommunicationError",
        "InternalError",
        "LimitExceededException",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Codes after which a later request may succeed: those that botocore retries, some of them with HTTP status
400 or 403, and two for writers that met at one key."""
CONNECT_TIMEOUT_S, READ_TIMEOUT_S, ATTEMPTS = 2, 5, 3
"""Three silent attempts and the pauses between them end before the gateway's 29 seconds."""


class ConditionFailed(Exception):
    """S3 found something else at a key than the request said must be there."""


@contextmanager
def s3_errors(service: str = "S3", *, own_bucket: bool = False) -> Iterator[None]:
    """Translate what botocore raises.

    Parameters
    ----------
    service : str
        Which one is asked, for the messages.
    own_bucket : bool
        Whether the settings name the bucket: that it is missing is then no object that was not found.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "PreconditionFailed":
            raise ConditionFailed from error
        if own_bucket and code == "NoSuchBucket":
            raise ConfigurationError(f"A bucket that the settings name does not exist ({code}).") from error
        raise _answered(error, service) from error
    except BotoCoreError as error:
        raise _unanswered(error, service) from error


def _unanswered(error: "BotoCoreError", service: str = "S3") -> MammoError:
    """The error of ours for a request that got no whole answer."""
    from botocore import exceptions

    name = type(error).__name__
    network = (
        exceptions.ConnectionError,
        exceptions.HTTPClientError,
        exceptions.IncompleteReadError,
        exceptions.ChecksumError,
        exceptions.FlexibleChecksumError,
        exceptions.CredentialRetrievalError,
        exceptions.MetadataRetrievalError,
    )
    if isinstance(error, network):
        # Time-outs, refused connections, bodies cut short, credentials that cannot be renewed just now.
        return StorageUnavailableError(f"{service} did not answer ({name}).")
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        return AccessDeniedError(f"AWS credentials for {service} are missing ({name}).")
    if isinstance(error, exceptions.NoRegionError):
        return ConfigurationError(f"{service} cannot be asked ({name}); set AWS_REGION.")
    return ConfigurationError(
        f"{service} cannot be asked ({name}); check the bucket's name and the AWS settings."
    )


def _answered(error: "ClientError", service: str) -> MammoError:
    """The error of ours that stands for an answer."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in BUSY or status >= 500 or status in {408, 429}:
        return StorageUnavailableError(f"{service} cannot answer now ({code}).")
    if code in NOT_FOUND:
        return NotFoundError(f"{service} has no such object ({code}).")
    if code in DENIED or status in {401, 403}:
        return AccessDeniedError(f"{service} refused us ({code}); check the role and the bucket's policy.")
    what = "bucket's name" if service == "S3" else "queue's URL"
    return ConfigurationError(f"{service} refused the request ({code}); check the {what} and the region.")


class QueueClient(Protocol):
    """What is used of SQS."""

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:  # noqa: ANN401 - untyped
        """Send up to ten messages."""


@cache
def client() -> "S3Client":
    """One S3 client for the process, made on first use.

    ``AWS_ENDPOINT_URL_S3`` points it at another S3, such as a local one.
    """
    return cast("S3Client", _client("s3"))


@cache
def signer() -> "S3Client":
    """The client that makes links for others to use: of the bucket's own host name in its own region.

    Another S3 is seldom reachable by a host name for each bucket; there, the bucket is part of the path.

    Raises
    ------
    AccessDeniedError
        If there are no credentials: botocore would make a link that opens nothing.
    """
    import boto3

    if boto3.Session().get_credentials() is None:
        raise AccessDeniedError("AWS credentials to sign with are missing.")
    style = "path" if os.environ.get("AWS_ENDPOINT_URL_S3") else "virtual"
    return cast("S3Client", _client("s3", s3={"addressing_style": style}))


@cache
def queue_client() -> QueueClient:
    """One SQS client for the process; ``AWS_ENDPOINT_URL_SQS`` points it at another SQS."""
    return cast(QueueClient, _client("sqs"))


def _client(service: str, **config: Any) -> object:  # noqa: ANN401 - botocore's options
    import boto3
    from botocore.config import Config

    # As the other AWS tools do and Lambda sets it; botocore itself knows AWS_DEFAULT_REGION only.
    region = os.environ.get("AWS_REGION") or None
    chosen = Config(
        region_name=region,
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
        signature_version="s3v4" if service == "s3" else None,
        **config,
    )
    make: Any = boto3.client  # its overloads know services by name, and this is one of two
    client: object = make(service, config=chosen)
    return client
