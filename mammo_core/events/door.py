"""Events that are not HTTP: told apart by their form, handled object by object, answered as they should be.

SQS is told which messages have to come again. S3 and EventBridge call the function without waiting for an
answer: there, an error makes Lambda try again, twice.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from mammo_core.errors import InvalidRequestError
from mammo_core.events.each import UNDONE, attempt_of, counts_of, outcomes_of
from mammo_core.events.notification import S3, SQS, TEST
from mammo_core.events.worker import Worker
from mammo_core.service import AnalysisService

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

Json = Mapping[str, Any]


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
        return counts_of(event, self._worker, attempt_of(context, door=door))


def _is_event(event: Json) -> bool:
    return _source(event) in {SQS, S3} or "detail-type" in event or event.get("Event") == TEST


def _handle_messages(event: Json, context: object, worker: Worker) -> dict[str, Any]:
    from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

    begun = count()

    # Powertools looks at the name of the parameter.
    def handle_one(record: "SQSRecord") -> None:
        receives = int(record.attributes.approximate_receive_count)
        attempt = replace(
            attempt_of(context, door="sqs"),
            receives=receives,
            is_last=receives >= worker.max_receives,
            is_first=next(begun) == 0,
        )
        if UNDONE & set(outcomes_of(record.body, worker, attempt)):
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


def _source(event: Json) -> object:
    """The ``eventSource`` of an event's records, if it has records."""
    records = event.get("Records")
    first = records[0] if isinstance(records, list) and records else None
    return first.get("eventSource") if isinstance(first, dict) else None
