"""Where files are read from: S3 or a disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from mammo_core.aws import clients
from mammo_core.errors import (
    AccessDeniedError,
    ConfigurationError,
    NotFoundError,
    StorageUnavailableError,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An object, and the mark by which a changed one is told: it differs whenever the bytes do."""

    data: bytes = field(repr=False)
    etag: str


def uri_of(place: str) -> str:
    """The URI of what a person names: a plain path is a file of this machine."""
    return place if "://" in place else Path(place).resolve().as_uri()


def read(uri: str) -> bytes:
    """Read a whole object; see :func:`read_stored`."""
    return read_stored(uri).data


def etag(uri: str) -> str:
    """The mark of an object, without reading it; raises as :func:`read_stored` does."""
    place = _place(uri)
    if isinstance(place, Path):
        with _file_errors():
            return _file_mark(place)
    with clients.s3_errors():
        return clients.client().head_object(Bucket=place.bucket, Key=place.key).get("ETag", "")


def reach(bucket: str) -> None:
    """Ask for a bucket, without looking into it; raises as :func:`read_stored` does."""
    with clients.s3_errors(own_bucket=True):
        clients.client().head_bucket(Bucket=bucket)


def read_stored(uri: str) -> Stored:
    """Read a whole object and its mark.

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
    place = _place(uri)
    if isinstance(place, Path):
        with _file_errors():
            return Stored(place.read_bytes(), _file_mark(place))
    with clients.s3_errors():
        answer = clients.client().get_object(Bucket=place.bucket, Key=place.key)
        return Stored(answer["Body"].read(), answer.get("ETag", ""))


@dataclass(frozen=True, slots=True)
class _Object:
    bucket: str
    key: str


def _place(uri: str) -> Path | _Object:
    scheme, separator, rest = uri.partition("://")
    # Not urlsplit: "?" and "#" are ordinary characters of an S3 key.
    bucket, _, key = rest.partition("/")
    if scheme == "s3" and bucket and key.strip("/"):
        return _Object(bucket, key)
    if scheme == "file" and not bucket and key:
        return Path("/") / unquote(key)
    raise ConfigurationError(
        "A URI of the form s3://bucket/key or file:///absolute/path was expected; "
        f"what came has {f'the scheme {scheme[:10]!r}' if separator else 'no scheme'}."
    )


def _file_mark(path: Path) -> str:
    status = path.stat()
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"


@contextmanager
def _file_errors() -> Iterator[None]:
    """Translate what the file system raises."""
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        raise NotFoundError("The file does not exist.") from error
    except PermissionError as error:
        raise AccessDeniedError("The file may not be read by this process.") from error
    except OSError as error:
        raise StorageUnavailableError(f"The file cannot be read now ({type(error).__name__}).") from error
    except ValueError as error:
        raise ConfigurationError("The path of the file holds a null character.") from error
