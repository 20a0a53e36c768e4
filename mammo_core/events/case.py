"""What is known of an object that is being handled, and what can become of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from mammo_core.events import results
from mammo_core.events.layout import NO_MODEL, Slot, slot_of
from mammo_core.events.notification import ObjectCreated
from mammo_core.pipeline import Stopwatch
from mammo_core.schemas.events import Source


class Outcome(StrEnum):
    """What became of an object in one attempt."""

    SUCCEEDED = "succeeded"
    DUPLICATE = "duplicate"
    """A success was there: the event came twice, or two workers had it."""
    REJECTED = "rejected"
    """A result says why; the event is done with."""
    RETRIED = "retried"
    """Something was unavailable: the event goes back."""
    FAILED = "failed"
    """A person has to look: the event goes back, and in the end to the dead-letter queue."""
    IGNORED = "ignored"
    """Nothing to analyse, such as the place holder of a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The circumstances under which an object is handled.

    Parameters
    ----------
    door : str
        What brought the event: ``sqs``, ``s3`` or ``eventbridge``; of the publisher, ``publish``.
    request_id : str
        Of the invocation.
    remaining_ms : callable
        Until the invocation is ended.
    receives : int or None
        How often the queue has handed out the message; None if there is no queue.
    is_last : bool
        Whether the queue gives it up if this attempt does not succeed.
    is_first : bool
        Whether this invocation has begun nothing else.
    """

    door: str
    request_id: str
    remaining_ms: Callable[[], float] = lambda: inf
    receives: int | None = None
    is_last: bool = False
    is_first: bool = True


@dataclass(slots=True)
class Case:
    """What becomes known of an object in the course of one attempt.

    Parameters
    ----------
    created : ObjectCreated
    attempt : Attempt
    bucket : str
        Of results.
    version : str
        Of the object: first as the event tells, then as S3 does.
    model : str
        The mark of the model that is held.
    upload_request_id : str or None
    earlier : Kept or None
        The result that was there.
    watch : Stopwatch
    """

    created: ObjectCreated
    attempt: Attempt
    bucket: str
    version: str
    model: str = NO_MODEL
    upload_request_id: str | None = None
    earlier: results.Kept | None = None
    watch: Stopwatch = field(default_factory=Stopwatch)

    @property
    def slot(self) -> Slot:
        """Where the result lies."""
        return slot_of(self.bucket, self.created.address.key, self.version, self.model)

    @property
    def origin(self) -> results.Origin:
        """What a result says of where it comes from."""
        address = self.created.address
        source = Source(bucket=address.bucket, key=address.key, version=self.version)
        return results.Origin(source, self.attempt.request_id, self.upload_request_id)
