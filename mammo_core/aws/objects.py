"""Objects of S3 by bucket, key and version: described, read, listed, and written under a condition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from mammo_core import storage
from mammo_core.aws import clients
from mammo_core.errors import (
    NotFoundError,
    PayloadTooLargeError,
    StorageUnavailableError,
)

ABSENT = "*"
"""The condition that nothing is there yet."""
UNVERSIONED = "null"
"""What S3 calls the version of an object in a bucket that keeps none."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an object lies.

    Parameters
    ----------
    bucket : str
    key : str
        As S3 stores it, not as a URL has it. A key may name a patient: it is in no ``repr``.
    version_id : str or None
        None: the newest.
    """

    bucket: str
    key: str = field(repr=False)
    version_id: str | None = None

    @property
    def suffix(self) -> str:
        """Of the key, in lower case, with its point."""
        return PurePosixPath(self.key).suffix.lower()


@dataclass(frozen=True, slots=True)
class Description:
    """What S3 tells of an object without sending it.

    Parameters
    ----------
    size : int
        Bytes.
    etag : str
        With its quotation marks, as conditions want it.
    version_id : str or None
        None if the bucket keeps no versions.
    metadata : Mapping
        ``x-amz-meta-`` headers without that prefix; others may have put anything there.
    """

    size: int
    etag: str
    version_id: str | None
    metadata: Mapping[str, str] = field(repr=False)

    @property
    def version(self) -> str:
        """Tells this content from any other that has been or will be at this key."""
        return self.version_id or f"etag-{self.etag.strip(chr(34))}"


def describe(address: Address) -> Description:
    """Ask for an object without reading it.

    Raises
    ------
    NotFoundError, AccessDeniedError, StorageUnavailableError, ConfigurationError
        As :func:`mammo_core.storage.read_stored`.
    """
    with clients.s3_errors():
        answer = clients.client().head_object(**_named(address))
    version_id = answer.get("VersionId")
    return Description(
        size=answer["ContentLength"],
        etag=answer.get("ETag", ""),
        version_id=None if version_id in (None, UNVERSIONED) else version_id,
        metadata=answer.get("Metadata", {}),
    )


def fetch(address: Address, described: Description, *, max_bytes: int) -> bytes:
    """Read exactly the object that was described.

    Parameters
    ----------
    address : Address
    described : Description
        From :func:`describe`.
    max_bytes : int
        A larger object is refused before it is read.

    Raises
    ------
    PayloadTooLargeError
        If it is larger.
    StorageUnavailableError
        Also if another object has taken its place since; a later attempt describes that one.
    NotFoundError, AccessDeniedError, ConfigurationError
        As :func:`mammo_core.storage.read_stored`.
    """
    if described.size > max_bytes:
        raise PayloadTooLargeError(
            f"The object has {described.size:,} bytes; at most {max_bytes:,} are read here."
        )
    named = _named(Address(address.bucket, address.key, described.version_id))
    try:
        with clients.s3_errors():
            return clients.client().get_object(**named, IfMatch=described.etag)["Body"].read()
    except clients.ConditionFailed as error:
        raise StorageUnavailableError("The object was replaced while it was read.") from error


def read(bucket: str, key: str) -> storage.Stored:
    """Read an object of our own.

    Raises
    ------
    NotFoundError
        If there is no such object. A missing bucket is no missing object: see :func:`put`.
    AccessDeniedError, StorageUnavailableError, ConfigurationError
        As :func:`mammo_core.storage.read_stored`.
    """
    with clients.s3_errors(own_bucket=True):
        answer = clients.client().get_object(Bucket=bucket, Key=key)
        return storage.Stored(answer["Body"].read(), answer.get("ETag", ""))


def put(bucket: str, key: str, data: bytes, media_type: str, *, only_if: str | None = None) -> str | None:
    """Write an object.

    Parameters
    ----------
    bucket, key : str
    data : bytes
    media_type : str
    only_if : str or None
        :data:`ABSENT`, or the etag of what must be there; None writes in any case.

    Returns
    -------
    str or None
        The object's etag; None if the condition does not hold, and nothing was written.

    Raises
    ------
    ConfigurationError
        If there is no such bucket: ours is missing, which is not the fault of what is being written.
    AccessDeniedError, StorageUnavailableError
        As :func:`mammo_core.storage.read_stored`; two writers that meet are sent back to try again.
    """
    try:
        with clients.s3_errors(own_bucket=True):
            answer = clients.client().put_object(
                Bucket=bucket, Key=key, Body=data, ContentType=media_type, **_condition(only_if)
            )
    except clients.ConditionFailed:
        return None
    except NotFoundError:
        if only_if is None:
            raise
        # What had to be there is gone.
        return None
    return answer["ETag"]


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a bucket's list.

    Parameters
    ----------
    key : str
    size : int
        Bytes.
    modified : float
        Seconds since 1970.
    """

    key: str = field(repr=False)
    size: int
    modified: float


def listed(bucket: str, prefix: str, *, after: str = "") -> Iterator[Listed]:
    """List the objects below a prefix, in the order of their keys.

    Parameters
    ----------
    bucket, prefix : str
    after : str
        Begin behind this key.

    Raises
    ------
    NotFoundError
        If there is no such bucket.
    AccessDeniedError, StorageUnavailableError, ConfigurationError
        As :func:`mammo_core.storage.read_stored`.
    """
    with clients.s3_errors():
        pages = clients.client().get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, StartAfter=after):
            for entry in page.get("Contents", []):
                yield Listed(entry["Key"], entry["Size"], entry["LastModified"].timestamp())


def _named(address: Address) -> Any:  # noqa: ANN401 - the stubs want a dictionary of their own
    named = {"Bucket": address.bucket, "Key": address.key}
    return named if address.version_id is None else {**named, "VersionId": address.version_id}


def _condition(only_if: str | None) -> Any:  # noqa: ANN401 - as above
    if only_if is None:
        return {}
    return {"IfNoneMatch": ABSENT} if only_if == ABSENT else {"IfMatch": only_if}
