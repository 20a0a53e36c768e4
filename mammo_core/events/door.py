"""Events that are not HTTP: told apart by their form, handled object by object, answered as they should be.

SQS is told which messages have to come again. S3 and EventBridge call the function without waiting for an
answer: there, an error makes Lambda try again, twice.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Any, cast

from mammo_core.errors import ConfigurationError, InternalError, InvalidRequestError
from mammo_core.events.case import Attempt, Outcome
from mammo_core.events.notification import S3, SQS, TEST, created_objects, message
from mammo_core.events.worker import Worker
from mammo_core.service import AnalysisService

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

Json = Mapping[str, Any]
UNDONE = frozenset({Outcome.RETRIED, Outcome.FAILED})


class _UndoneError(Exception):
    """A message that has to come again."""


class EventDoor:
    """Take events that are not HTTP.

    Parameters
    ----------
    service : AnalysisService
    """

    def __init__(self, service: AnalysisService) -> None:
        self._service = service

    @cached_property
    def _worker(self) -> Worker:
        """Made by the first event: a function that only answers HTTP needs no bucket for results."""
        return Worker(self._service)

    def handle(self, event: Json, context: object) -> dict[str, Any]:
        """Handle an event of SQS, S3 or EventBridge.

        Parameters
        ----------
        event : Mapping
        context : object
            The runtime's: its request id and the time that is left are read.

        Returns
        -------
        dict
            For SQS ``{"batchItemFailures": [...]}``, else how many objects had each outcome.

        Raises
        ------
        InvalidRequestError
            If it is no such event.
        InternalError
            If an object of an event without a queue has to be tried again.
        ConfigurationError
            If the settings name no bucket for results.
        """
        if not _is_event(event):
            raise InvalidRequestError(
                "An API Gateway event (v1 or v2) was expected, or one of SQS, S3 or EventBridge."
            )
        if _source(event) == SQS:
            return _handle_messages(event, context, self._worker)
        door = "eventbridge" if "detail-type" in event else "s3"
        outcomes = Counter(_handle_content(event, self._worker, _attempt(context, door=door)))
        undone = sum(outcomes[outcome] for outcome in UNDONE)
        if undone:
            # Lambda logs a raised error with its message and cause, and those of others may hold anything.
            raise InternalError(
                f"{undone} of {outcomes.total()} objects could not be handled; the log says why."
            )
        return {outcome.value: count for outcome, count in outcomes.items()}


def _is_event(event: Json) -> bool:
    return _source(event) in {SQS, S3} or "detail-type" in event or event.get("Event") == TEST


def _handle_messages(event: Json, context: object, worker: Worker) -> dict[str, Any]:
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    begun = count()

    # Powertools looks at the name of the parameter.
    def handle_one(record: "SQSRecord") -> None:
        receives = int(record.attributes.approximate_receive_count)
        attempt = replace(
            _attempt(context, door="sqs"),
            receives=receives,
            is_last=receives >= worker.max_receives,
            is_first=next(begun) == 0,
        )
        if UNDONE & set(_handle_content(record.body, worker, attempt)):
            raise _UndoneError

    return cast(
        dict[str, Any],
        process_partial_response(
            event=cast(dict[str, Any], event),
            record_handler=handle_one,
            processor=BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False),
            context=cast(Any, context),
        ),
    )


def _handle_content(content: Json | str, worker: Worker, attempt: Attempt) -> list[Outcome]:
    """Handle each object of a notification; all of them are tried, whatever becomes of the first."""
    try:
        created = created_objects(message(content) if isinstance(content, str) else content)
    except ConfigurationError as error:
        # Nothing says where a result would belong: a person has to see this in the dead-letter queue.
        return [worker.refuse(error, attempt)]
    return [
        worker.handle(one, attempt if number == 0 else replace(attempt, is_first=False))
        for number, one in enumerate(created)
    ]


def _source(event: Json) -> object:
    """The ``eventSource`` of an event's records, if it has records."""
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    return first.get("eventSource") if isinstance(first, dict) else None


def _attempt(context: object, *, door: str) -> Attempt:
    remaining: Callable[[], float] = getattr(context, "get_remaining_time_in_millis", lambda: inf)
    request_id = str(getattr(context, "aws_request_id", "unknown"))
    return Attempt(door=door, request_id=request_id, remaining_ms=remaining)
