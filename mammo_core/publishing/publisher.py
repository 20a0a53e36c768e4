"""The compile function: a Keras file that appears under ``source/`` becomes the model that is served.

What is wrong with the file leaves the pointer where it is, a result that says why, and a metric for an alarm.
What is wrong with the surroundings is raised, and Lambda tries again.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from mammo_core import log
from mammo_core.attempt import place
from mammo_core.aws import objects
from mammo_core.errors import ConfigurationError, MammoError, NotFoundError, PayloadTooLargeError
from mammo_core.events.case import Attempt, Outcome
from mammo_core.events.each import attempt_of, counts_of, line_of, tell_failure
from mammo_core.events.notification import ObjectCreated
from mammo_core.metrics import COUNT, Reading, emit
from mammo_core.models.store import POINTER, manifest_uri
from mammo_core.publishing.apart import LONGEST_S, compile_apart
from mammo_core.publishing.record import Record
from mammo_core.publishing.release import Move, destination_of, prepared, try_out
from mammo_core.schemas.events import PublicationStatus
from mammo_core.settings import Settings

SOURCES, SUFFIX = "source/", ".keras"
MAX_MODEL_BYTES = 2 * 2**30
RESERVE_S = 30.0
"""For what follows the compilation."""


class Became(StrEnum):
    """What became of a source, beside what :class:`mammo_core.events.case.Outcome` knows."""

    PUBLISHED = "published"
    REFUSED = "refused"
    """The pointer stays, and a result says why."""
    SUPERSEDED = "superseded"
    """There is a newer file at its key, or none: the newer one has an event of its own."""


class Publisher:
    """Publish the models whose appearance events tell of.

    Parameters
    ----------
    settings : Settings
        ``MODEL_URI`` names the pointer: the one that the service reads.

    Raises
    ------
    ConfigurationError
        If it names no pointer in a bucket.
    """

    def __init__(self, settings: Settings) -> None:
        uri = settings.model_uri or ""
        if not (uri.startswith("s3://") and uri.endswith(POINTER)):
            raise ConfigurationError(
                "MODEL_URI must name a pointer, s3://bucket/name.json, to publish models."
            )
        self._destination = destination_of(uri)
        self._namespace = settings.metrics_namespace

    def handle(self, created: ObjectCreated, attempt: Attempt) -> StrEnum:
        """Publish one model; whatever goes wrong becomes an outcome, a log line and a metric.

        Parameters
        ----------
        created : ObjectCreated
        attempt : Attempt
        """
        line = line_of(attempt)
        try:
            line.outcome = self._published(created, attempt, line)
        except Exception as error:
            tell_failure(error, line)
        return self._told(line)

    def refuse(self, error: MammoError, attempt: Attempt) -> StrEnum:
        """Tell of an event that cannot be read."""
        line = line_of(attempt)
        tell_failure(error, line)
        return self._told(line)

    def _told(self, line: log.RequestLine) -> StrEnum:
        log.write(line)
        outcome = str(line.outcome)
        emit(self._namespace, Reading({f"Publication{outcome.capitalize()}": (1.0, COUNT)}))
        return Became(outcome) if outcome in set(Became) else Outcome(outcome)

    def _published(self, created: ObjectCreated, attempt: Attempt, line: log.RequestLine) -> StrEnum:
        address = created.address
        is_source = address.key.startswith(self._destination.folder + SOURCES)
        if address.bucket != self._destination.bucket or not is_source or address.suffix != SUFFIX:
            return Outcome.IGNORED
        source = _newest(address)
        if source is None or address.version_id not in (None, source.version_id):
            # Events come out of order.
            return Became.SUPERSEDED
        record = Record(self._destination, address, source, line.request_id)
        if record.says_published():
            # Also after a rollback: an event that comes twice must not undo it.
            return Outcome.DUPLICATE
        try:
            weights = objects.fetch(address, source, max_bytes=MAX_MODEL_BYTES)
        except PayloadTooLargeError as error:
            return _refused(record, error, line)
        manifest = _manifest_beside(address)
        seconds_left = min(attempt.remaining_ms() / 1000, LONGEST_S)
        try:
            bundle = compile_apart(weights, manifest=manifest, deadline_s=seconds_left - RESERVE_S)
            tried = try_out(bundle)
        except MammoError as error:
            return _refused(record, error, line)
        return self._released(record, prepared(bundle, tried, self._destination))

    def _released(self, record: Record, move: Move) -> StrEnum:
        """Let the pointer name the bundle, unless something has overtaken it: compiling takes minutes.

        The pointer was read before this looks around, and moves only if it is still the same.
        """
        newest = _newest(record.address)
        if newest is None or newest.version != record.described.version:
            return Became.SUPERSEDED
        if record.says_published():
            # Two invocations had the same event.
            return Outcome.DUPLICATE
        # Before the pointer moves: whoever dies now has left the way back.
        record.write(PublicationStatus.PUBLISHING, move=move)
        move.do()
        record.write(PublicationStatus.PUBLISHED, move=move)
        return Became.PUBLISHED


def publish(event: Mapping[str, Any], context: object, *, settings: Settings) -> dict[str, int]:
    """Publish each model that an event of S3 or EventBridge tells of.

    Parameters
    ----------
    event : Mapping
    context : object
        The runtime's: its request id and the time that is left are read.
    settings : Settings

    Returns
    -------
    dict
        How many had each outcome.

    Raises
    ------
    InternalError
        If a model has to be tried again.
    ConfigurationError
        If the settings name no pointer in a bucket.
    """
    return counts_of(event, Publisher(settings), attempt_of(context, door="publish"))


def _refused(record: Record, error: MammoError, line: log.RequestLine) -> Became:
    """Keep why, where whoever sent the file looks for it."""
    line.code = error.code
    line.problems.append(f"{type(error).__name__} [{place(error)}]")
    record.write(PublicationStatus.REFUSED, error=error)
    return Became.REFUSED


def _newest(address: objects.Address) -> objects.Description | None:
    try:
        return objects.describe(objects.Address(address.bucket, address.key))
    except NotFoundError:
        return None


def _manifest_beside(address: objects.Address) -> bytes | None:
    try:
        return objects.read(address.bucket, manifest_uri(address.key)).data
    except NotFoundError:
        return None
