"""Each object that an event tells of, for the worker and for the publisher: handled, logged, counted."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from math import inf
from typing import Any, Protocol

from mammo_core import log
from mammo_core.attempt import place
from mammo_core.errors import ConfigurationError, InternalError, MammoError
from mammo_core.events.case import Attempt, Outcome
from mammo_core.events.notification import ObjectCreated, created_objects, message

Json = Mapping[str, Any]
UNDONE = frozenset({Outcome.RETRIED, Outcome.FAILED})
"""After these the event has to come again."""
UNEXPECTED = "An unexpected error. It was logged under the request id."


class ObjectHandler(Protocol):
    """Who does something with each object; both raise nothing, and write a line of the log."""

    def handle(self, created: ObjectCreated, attempt: Attempt) -> StrEnum:
        """Handle one object, and tell what became of it."""

    def refuse(self, error: MammoError, attempt: Attempt) -> StrEnum:
        """Tell of an event that cannot be read."""


def attempt_of(context: object, *, door: str) -> Attempt:
    """Read what is needed of the runtime's context."""
    remaining: Callable[[], float] = getattr(context, "get_remaining_time_in_millis", lambda: inf)
    request_id = str(getattr(context, "aws_request_id", "unknown"))
    return Attempt(door=door, request_id=request_id, remaining_ms=remaining)


def outcomes_of(content: Json | str, handler: ObjectHandler, attempt: Attempt) -> list[StrEnum]:
    """Handle each object of a notification; all of them are tried, whatever becomes of the first.

    Parameters
    ----------
    content : Mapping or str
        An event, or the body of a queue's message.
    handler : ObjectHandler
    attempt : Attempt
    """
    try:
        created = created_objects(message(content) if isinstance(content, str) else content)
    except ConfigurationError as error:
        # Nothing says where a result would belong: a person has to see this.
        return [handler.refuse(error, attempt)]
    return [
        handler.handle(one, attempt if number == 0 else replace(attempt, is_first=False))
        for number, one in enumerate(created)
    ]


def counts_of(event: Json, handler: ObjectHandler, attempt: Attempt) -> dict[str, int]:
    """Handle an event that came without a queue.

    Returns
    -------
    dict
        How many objects had each outcome.

    Raises
    ------
    InternalError
        If an object has to be tried again: whoever called waits for no answer, but an error makes Lambda call
        twice more.
    """
    outcomes = Counter(outcomes_of(event, handler, attempt))
    undone = sum(outcomes[outcome] for outcome in UNDONE)
    if undone:
        # Lambda logs a raised error with its message and cause, and those of others may hold anything.
        raise InternalError(f"{undone} of {outcomes.total()} objects could not be handled; the log says why.")
    return {outcome.value: count for outcome, count in outcomes.items()}


def line_of(attempt: Attempt) -> log.RequestLine:
    """Begin the line of the log for one object."""
    return log.RequestLine(
        request_id=attempt.request_id,
        method="EVENT",
        route=attempt.door,
        status=200,
        receives=attempt.receives,
    )


def tell_failure(error: Exception, line: log.RequestLine) -> MammoError:
    """Put into the line what stopped an attempt, and which outcome it makes.

    Returns
    -------
    MammoError
        The error; in the place of a foreign one, an error that says nothing.
    """
    known = error if isinstance(error, MammoError) else InternalError(UNEXPECTED)
    line.status, line.code = known.http_status, known.code
    line.problems.append(f"{type(error).__name__} [{place(error)}]")
    line.outcome = Outcome.RETRIED if known.retryable else Outcome.FAILED
    return known
