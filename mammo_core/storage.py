"""Where files are read from: S3, the file system, or the package itself. The room of boto3."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mammo_core.errors import (
    AccessDeniedError,
    ConfigurationError,
    MammoError,
    NotFoundError,
    StorageUnavailableError,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client

NOT_FOUND = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NoSuchVersion", "NotFound"})
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
CONNECT_TIMEOUT_S, READ_TIMEOUT_S, ATTEMPTS = 3, 10, 3
"""Three slow attempts end well before the gateway's 29 seconds."""


def read(uri: str) -> bytes:
    """Read a whole object.

    Parameters
    ----------
    uri : str
        ``s3://bucket/key`` or ``file:///absolute/path``.

    Raises
    ------
    NotFoundError
        If there is no such object.
    AccessDeniedError
        If we may not read it.
    StorageUnavailableError
        If the storage cannot answer now; a retry may succeed.
    ConfigurationError
        If the URI has another form.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3" and parts.netloc and parts.path.strip("/"):
        return _read_s3(parts.netloc, parts.path.removeprefix("/"))
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return _read_file(Path(unquote(parts.path)))
    raise ConfigurationError(
        f"A URI of the form s3://bucket/key or file:///absolute/path was expected; "
        f"the scheme that came is {parts.scheme or 'empty'!r}."
    )


def _read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise NotFoundError("The file does not exist.") from error
    except PermissionError as error:
        raise AccessDeniedError("The file may not be read by this process.") from error
    except OSError as error:
        raise StorageUnavailableError(f"The file cannot be read now ({type(error).__name__}).") from error


def _read_s3(bucket: str, key: str) -> bytes:
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        return client().get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise _translated(error) from error
    except NoCredentialsError as error:
        raise AccessDeniedError("No AWS credentials were found to read from S3.") from error
    except BotoCoreError as error:
        # Time-outs, refused connections, bodies cut short: the network, not the request.
        raise StorageUnavailableError(f"S3 did not answer ({type(error).__name__}).") from error


def _translated(error: "ClientError") -> MammoError:
    """The error of ours that stands for an S3 answer."""
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in NOT_FOUND:
        return NotFoundError(f"S3 has no such object ({code}).")
    if code in DENIED:
        return AccessDeniedError(f"S3 refused the read ({code}); check the role and the bucket's policy.")
    if status >= 500 or status in {408, 429} or code in {"SlowDown", "RequestTimeout"}:
        return StorageUnavailableError(f"S3 cannot answer now ({code}).")
    return ConfigurationError(f"S3 refused the read ({code}); check the bucket's name and region.")


@cache
def client() -> "S3Client":
    """One S3 client for the process, made on first use.

    ``AWS_ENDPOINT_URL_S3`` points it at another S3, such as a local one.
    """
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3",
        config=Config(
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=READ_TIMEOUT_S,
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            signature_version="s3v4",
        ),
    )
