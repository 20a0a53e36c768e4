"""Results in their bucket: pictures first, then ``analysis.json``, which makes them count.

The last write is conditional, so that of two workers with the same object one commits, and a success is never
replaced. What was rejected, or has failed, may be replaced by what a later attempt found.
"""

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from mammo_core import schemas as wire
from mammo_core.aws import objects
from mammo_core.batch import EXTENSIONS
from mammo_core.errors import MammoError, NotFoundError, StorageUnavailableError
from mammo_core.events.layout import Slot
from mammo_core.schemas.events import (
    FoundResult,
    Refusal,
    ResultStatus,
    Source,
    StoredResult,
    read_result,
)

TRIES = 5
"""As many writers as may meet at one key before they are sent back to the queue."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a result comes from.

    Parameters
    ----------
    source : Source
    request_id : str
        Of this invocation.
    upload_request_id : str or None
        Of the request for the upload.
    """

    source: Source = field(repr=False)
    request_id: str
    upload_request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A result that is there, and the mark by which a later one is told from it."""

    result: StoredResult | FoundResult
    etag: str = field(repr=False)

    @property
    def is_final(self) -> bool:
        """Whether nothing may replace it."""
        return self.result.status is ResultStatus.SUCCEEDED


def kept(slot: Slot) -> Kept | None:
    """Read the result that is there.

    Raises
    ------
    MammoError
        As :func:`mammo_core.schemas.events.read_result` and :func:`mammo_core.aws.objects.read`.
    """
    try:
        stored = objects.read(slot.bucket, slot.commit_key)
    except NotFoundError:
        return None
    return Kept(read_result(stored.data), stored.etag)


def found_at(bucket: str, key: str) -> FoundResult | None:
    """As :func:`kept`, by key, for who only looks."""
    try:
        return read_result(objects.read(bucket, key).data)
    except NotFoundError:
        return None


def keep(slot: Slot, result: StoredResult | FoundResult, earlier: Kept | None) -> Kept:
    """Write ``analysis.json`` unless a success is there.

    Parameters
    ----------
    slot : Slot
    result : StoredResult or FoundResult
    earlier : Kept or None
        What is known to be there.

    Returns
    -------
    Kept
        What is there now: this result, or the success of another worker.

    Raises
    ------
    StorageUnavailableError
        If others write there all the time.
    MammoError
        As :func:`mammo_core.aws.objects.put`.
    """
    data = result.model_dump_json(indent=1).encode()
    for _ in range(TRIES):
        if earlier is not None and _is_same(earlier.result, result):
            # Written by this very request, whose answer got lost on the way.
            return Kept(result, earlier.etag)
        if earlier is not None and earlier.is_final:
            return earlier
        condition = objects.ABSENT if earlier is None else earlier.etag
        etag = objects.put(slot.bucket, slot.commit_key, data, "application/json", only_if=condition)
        if etag is not None:
            return Kept(result, etag)
        earlier = kept(slot)
    raise StorageUnavailableError("Several workers write the same result at once.")


def _is_same(one: StoredResult | FoundResult, other: StoredResult | FoundResult) -> bool:
    return (one.request_id, one.written_at) == (other.request_id, other.written_at)


def keep_pictures(slot: Slot, answer: wire.Answer) -> wire.Answer:
    """Write the pictures of an answer.

    Returns
    -------
    Answer
        The same, with the files' names in the place of the pictures.

    Raises
    ------
    MammoError
        As :func:`mammo_core.aws.objects.put`.
    """
    names: dict[str, str | None] = {}
    for name, encoded in answer.images.model_dump().items():
        names[name] = None
        if encoded is not None:
            media_type = getattr(answer.image_status, name).media_type
            names[name] = file = f"{name}.{EXTENSIONS[media_type]}"
            objects.put(slot.bucket, slot.picture_key(file), b64decode(encoded), media_type)
    return answer.model_copy(update={"images": wire.Images(**names)})


def result(
    status: Literal[ResultStatus.SUCCEEDED, ResultStatus.REJECTED, ResultStatus.FAILED],
    origin: Origin,
    *,
    answer: wire.Answer | None = None,
    error: MammoError | None = None,
    counts_in_s: float = 0.0,
) -> StoredResult:
    """Make a result that is written now.

    Parameters
    ----------
    status : ResultStatus
    origin : Origin
    answer : Answer or None
        Its pictures replaced by names.
    error : MammoError or None
    counts_in_s : float
        Seconds until it counts.
    """
    now = datetime.now(UTC)
    told = None if error is None else Refusal(code=error.code, title=error.title, detail=error.message)
    return StoredResult(
        status=status,
        source=origin.source,
        answer=answer,
        error=told,
        request_id=origin.request_id,
        upload_request_id=origin.upload_request_id,
        written_at=now,
        counts_from=now + timedelta(seconds=counts_in_s),
    )
