"""What events say of an object that appeared: read once, at the edge, into one record.

S3 notifications encode keys as the query of a URL (Amazon S3 User Guide, "Event message structure");
EventBridge and this project's own messages carry them as they are.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import unquote_plus

from mammo_core.aws.objects import UNVERSIONED, Address
from mammo_core.errors import ConfigurationError

Json = Mapping[str, Any]

S3, SQS = "aws:s3", "aws:sqs"
"""Values of a record's ``eventSource``."""
TEST = "s3:TestEvent"
"""What S3 sends once, when somebody sets up its notifications."""
BUS_SOURCE, SUBMIT_SOURCE = "aws.s3", "mammo.submit"
"""Values of ``source`` on EventBridge, and in the messages of ``mammo submit``."""
APPEARED = {BUS_SOURCE: "Object Created", SUBMIT_SOURCE: "Object Submitted"}
"""The ``detail-type`` of each source that tells of an object."""
MAJOR_VERSION = "2"
"""Of S3's notifications: a higher minor version may add fields, and removes none."""


@dataclass(frozen=True, slots=True)
class ObjectCreated:
    """An object that appeared.

    Parameters
    ----------
    address : Address
        Its version is None if the event names none.
    etag : str or None
        Without quotation marks.
    """

    address: Address
    etag: str | None = field(default=None, repr=False)

    @property
    def is_folder(self) -> bool:
        """Whether it is what consoles make in the place of a folder: a key that ends in a stroke."""
        return self.address.key.endswith("/")

    @property
    def version(self) -> str | None:
        """As :attr:`mammo_core.aws.objects.Description.version`, as far as the event tells."""
        return self.address.version_id or (f"etag-{self.etag}" if self.etag else None)


def created_objects(event: Json) -> tuple[ObjectCreated, ...]:
    """List the objects whose appearance an event tells of.

    Parameters
    ----------
    event : Mapping
        A notification of S3, an event of EventBridge, or a message of ``mammo submit``.

    Returns
    -------
    tuple of ObjectCreated
        Empty for S3's test notification, and for events that tell of something else, such as a deletion.

    Raises
    ------
    ConfigurationError
        If it is none of these: somebody has connected something else.
    """
    if event.get("Event") == TEST:
        return ()
    source = event.get("source")
    try:
        if source in APPEARED:
            matching = event["detail-type"] == APPEARED[source]
            return (_of_bus(event["detail"]),) if matching else ()
        return tuple(_of_s3(event["Records"]))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # A key that is no UTF-8 is a ValueError, too.
        raise ConfigurationError(
            f"A notification of S3 (2.x) or an event of EventBridge was expected ({type(error).__name__})."
        ) from None


def message(body: str) -> Json:
    """Read the body of a queue's message.

    Raises
    ------
    ConfigurationError
        If it is not an object in JSON.
    """
    try:
        content = json.loads(body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ConfigurationError("A message in JSON was expected on the queue.") from None
    return cast(Json, content)


def submission(address: Address) -> dict[str, Any]:
    """Make the message by which ``mammo submit`` tells of an object."""
    return {
        "source": SUBMIT_SOURCE,
        "detail-type": APPEARED[SUBMIT_SOURCE],
        "detail": {"bucket": {"name": address.bucket}, "object": {"key": address.key}},
    }


def _of_s3(records: list[Json]) -> Iterator[ObjectCreated]:
    for record in records:
        if record["eventSource"] != S3 or record["eventVersion"].partition(".")[0] != MAJOR_VERSION:
            raise ValueError
        if record["eventName"].removeprefix("s3:").startswith("ObjectCreated:"):
            bucket, found = record["s3"]["bucket"]["name"], record["s3"]["object"]
            key = unquote_plus(found["key"], errors="strict")
            yield _created(bucket, key, found.get("versionId"), found.get("eTag"))


def _of_bus(detail: Json) -> ObjectCreated:
    found = detail["object"]
    return _created(detail["bucket"]["name"], found["key"], found.get("version-id"), found.get("etag"))


def _created(bucket: str, key: str, version_id: str | None, etag: str | None) -> ObjectCreated:
    if not bucket or not key:
        raise ValueError
    named = None if version_id in ("", UNVERSIONED) else version_id
    return ObjectCreated(Address(bucket, key, named), etag)
