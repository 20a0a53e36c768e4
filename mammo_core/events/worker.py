"""One object after the other: analysed, rejected, or sent back. Which of them it is, is decided here."""

from dataclasses import replace
from time import perf_counter

from mammo_core import log
from mammo_core.attempt import attempt as attempted
from mammo_core.aws import objects
from mammo_core.errors import (
    ConfigurationError,
    InputError,
    InternalError,
    MammoError,
    NotFoundError,
    OutOfTimeError,
)
from mammo_core.events import results
from mammo_core.events.case import Attempt, Case, Outcome
from mammo_core.events.each import line_of, tell_failure
from mammo_core.events.layout import model_mark
from mammo_core.events.notification import ObjectCreated
from mammo_core.measures import readings
from mammo_core.metrics import emit
from mammo_core.schemas.events import ResultStatus
from mammo_core.service import AnalysisService, HeldService, Served
from mammo_core.uploads import hints_of_key, wishes_of

LEAST_MS = 3_000.0
"""With less time left, nothing is begun."""
LONGEST_S = 900.0
"""Lambda ends every invocation by then."""
MARGIN = 1.25
"""By which a later analysis may exceed the longest so far."""


class Worker:
    """Analyse objects and keep the results.

    Parameters
    ----------
    service : AnalysisService

    Raises
    ------
    ConfigurationError
        If the settings name no bucket for results.
    """

    def __init__(self, service: AnalysisService) -> None:
        if service.settings.result_bucket is None:
            raise ConfigurationError("RESULT_BUCKET is needed to analyse the objects that events tell of.")
        self._service = service
        self._bucket: str = service.settings.result_bucket
        self.max_receives = service.settings.max_receives
        self._longest_ms = 0.0

    def handle(self, created: ObjectCreated, attempt: Attempt) -> Outcome:
        """Handle one object; whatever goes wrong becomes an outcome, a log line and a metric.

        Parameters
        ----------
        created : ObjectCreated
        attempt : Attempt
        """
        start, line = perf_counter(), line_of(attempt)
        served = self._outcome(created, attempt, line)
        line.duration_ms = round((perf_counter() - start) * 1000, 1)
        if served is not None:
            self._longest_ms = max(self._longest_ms, line.duration_ms)
        return self._told(line, served)

    def refuse(self, error: MammoError, attempt: Attempt) -> Outcome:
        """Tell of an event that cannot be read: it goes back, and in the end to the dead-letter queue."""
        line = line_of(attempt)
        tell_failure(error, line)
        return self._told(line, None)

    def _told(self, line: log.RequestLine, served: Served | None) -> Outcome:
        log.write(line)
        emit(self._service.settings.metrics_namespace, *readings(line, served))
        return Outcome(str(line.outcome))

    def _outcome(self, created: ObjectCreated, attempt: Attempt, line: log.RequestLine) -> Served | None:
        """Find out what becomes of an object, and write it into the line."""
        if created.is_folder or created.address.bucket == self._bucket:
            # A result that was taken for an upload would be analysed, and its result again.
            line.outcome = Outcome.IGNORED
            return None
        case = Case(created, attempt, self._bucket, version=created.version or "unknown")
        try:
            self._check_time(attempt)
            line.outcome, served = self._decided(case, line)
            return served
        except Exception as error:
            known = tell_failure(error, line)
            if attempt.is_last:
                self._note_failure(case, known, line)
            return None

    def _check_time(self, attempt: Attempt) -> None:
        """Refuse to begin what cannot end; the first one is begun, or none ever would be."""
        needed = LEAST_MS if attempt.is_first else max(LEAST_MS, MARGIN * self._longest_ms)
        if attempt.remaining_ms() < needed:
            raise OutOfTimeError(f"An analysis takes up to {needed:,.0f} ms; less is left.")

    def _decided(self, case: Case, line: log.RequestLine) -> tuple[Outcome, Served | None]:
        # Before what may reject: that there is no model is never the object's fault.
        service = self._service.hold()
        case.model = model_mark(service.identity)
        try:
            return self._analysed(case, service, line)
        except (InputError, NotFoundError) as error:
            rejected = results.result(ResultStatus.REJECTED, case.origin, error=error)
            kept = results.keep(case.slot, rejected, case.earlier)
            if kept.is_final:
                return Outcome.DUPLICATE, None
            line.status, line.code = error.http_status, error.code
            return Outcome.REJECTED, None

    def _analysed(
        self, case: Case, service: HeldService, line: log.RequestLine
    ) -> tuple[Outcome, Served | None]:
        described = objects.describe(case.created.address)
        case.version = described.version
        case.earlier = results.kept(case.slot)
        if case.earlier is not None and case.earlier.is_final:
            return Outcome.DUPLICATE, None
        wishes = wishes_of(described.metadata)
        case.upload_request_id = line.upload_request_id = wishes.request_id
        if case.attempt.is_last:
            self._announce_failure(case)
        with case.watch("fetch"):
            limit = service.settings.max_image_bytes
            data = objects.fetch(case.created.address, described, max_bytes=limit)
        options = replace(wishes.query.options(), hints=hints_of_key(case.created.address.key))
        served = service.analyze(data, options)
        return self._kept(case, served, line)

    def _kept(self, case: Case, served: Served, line: log.RequestLine) -> tuple[Outcome, Served | None]:
        with case.watch("keep"):
            answer = results.keep_pictures(case.slot, served.answer)
            mine = results.result(ResultStatus.SUCCEEDED, case.origin, answer=answer)
            kept = results.keep(case.slot, mine, case.earlier)
        served.tell(line)
        line.timings_ms = {**served.answer.timings_ms, **case.watch.timings_ms}
        line.analysis_id = served.answer.analysis_id
        return Outcome.SUCCEEDED if kept.result is mine else Outcome.DUPLICATE, served

    def _announce_failure(self, case: Case) -> None:
        """Say that the last attempt failed, before it begins: should it take the process down, nobody can."""
        error = InternalError("The last attempt took too long or too much memory, and left no result.")
        later = min(case.attempt.remaining_ms() / 1000, LONGEST_S)
        announced = results.result(ResultStatus.FAILED, case.origin, error=error, counts_in_s=later)
        case.earlier = results.keep(case.slot, announced, case.earlier)

    def _note_failure(self, case: Case, error: MammoError, line: log.RequestLine) -> None:
        """Keep a result that says why; what stands in its way must not hide the failure itself."""

        def note() -> None:
            failed = results.result(ResultStatus.FAILED, case.origin, error=error)
            results.keep(case.slot, failed, case.earlier)

        noted = attempted("a result that says so", note)
        if noted.failure is not None:
            line.problems.append(f"{noted.failure.reason} [{noted.failure.where}]")
