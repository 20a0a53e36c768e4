"""The compile function: a Keras file that appears under ``source/`` becomes the model that is served.

What is wrong with the file leaves the pointer where it is, a result that says why, and a metric for an alarm.
What is wrong with the surroundings is raised, and Lambda tries again.
"""

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from mammo_core import log
from mammo_core.attempt import place
from mammo_core.aws import objects
from mammo_core.errors import ConfigurationError, InternalError, MammoError, NotFoundError
from mammo_core.events.notification import ObjectCreated, created_objects
from mammo_core.metrics import COUNT, Reading, emit
from mammo_core.models.store import POINTER, manifest_uri
from mammo_core.publishing.apart import LONGEST_S, compile_apart
from mammo_core.publishing.record import Record
from mammo_core.publishing.release import destination_of, release, try_out
from mammo_core.schemas_events import PublicationStatus
from mammo_core.settings import Settings

SOURCES, SUFFIX = "source/", ".keras"
MAX_MODEL_BYTES = 2 * 2**30
RESERVE_S = 30.0
"""For what follows the compilation."""


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

    def handle(self, event: Mapping[str, Any], context: object) -> dict[str, int]:
        """Publish each model that an event of S3 or EventBridge tells of.

        Parameters
        ----------
        event : Mapping
        context : object
            The runtime's: its request id and the time that is left are read.

        Returns
        -------
        dict
            How many had each outcome.

        Raises
        ------
        MammoError
            If a model has to be tried again.
        """
        counts: dict[str, int] = {}
        for created in created_objects(event):
            status = self._handled(created, context)
            counts[status] = counts.get(status, 0) + 1
        return counts

    def _handled(self, created: ObjectCreated, context: object) -> str:
        line = log.RequestLine(
            request_id=str(getattr(context, "aws_request_id", "unknown")), method="EVENT", route="publish"
        )
        line.status = 200
        try:
            line.outcome = self._published(created, line, _seconds_left(context))
        except Exception as error:
            known = error if isinstance(error, MammoError) else InternalError("An unexpected error.")
            line.status, line.code = known.http_status, known.code
            line.outcome = "retried" if known.retryable else "failed"
            line.problems.append(f"{type(error).__name__} [{place(error)}]")
            # Without the cause: Lambda logs what is raised, and a foreign error may say anything.
            raise InternalError("A model could not be published; the log says why.") from None
        finally:
            log.write(line)
            emit(self._namespace, Reading({f"Publication{str(line.outcome).capitalize()}": (1.0, COUNT)}))
        return str(line.outcome)

    def _published(self, created: ObjectCreated, line: log.RequestLine, seconds_left: float) -> str:
        address = created.address
        is_source = address.key.startswith(self._destination.folder + SOURCES)
        if address.bucket != self._destination.bucket or not is_source or address.suffix != SUFFIX:
            return "ignored"
        try:
            newest = objects.describe(objects.Address(address.bucket, address.key))
        except NotFoundError:
            return "superseded"
        if address.version_id not in (None, newest.version_id):
            # Events come out of order: the newest file has its own.
            return "superseded"
        record = Record(self._destination, address, newest, line.request_id)
        if record.says_published():
            # Also after a rollback: an event that comes twice must not undo it.
            return "duplicate"
        weights = objects.fetch(address, newest, max_bytes=MAX_MODEL_BYTES)
        manifest = _manifest_beside(address)
        try:
            bundle = compile_apart(weights, manifest=manifest, deadline_s=seconds_left - RESERVE_S)
            tried = try_out(bundle)
        except MammoError as error:
            line.code = error.code
            line.problems.append(f"{type(error).__name__} [{place(error)}]")
            record.write(PublicationStatus.REFUSED, error=error)
            return "refused"
        released = release(bundle, tried, self._destination)
        record.write(PublicationStatus.PUBLISHED, released=released)
        return "published"


def _manifest_beside(address: objects.Address) -> bytes | None:
    try:
        return objects.read(address.bucket, manifest_uri(address.key)).data
    except NotFoundError:
        return None


def _seconds_left(context: object) -> float:
    remaining: Callable[[], float] = getattr(context, "get_remaining_time_in_millis", lambda: inf)
    return min(remaining() / 1000, LONGEST_S)
