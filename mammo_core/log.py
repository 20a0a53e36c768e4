"""One JSON line per request, made of allow-listed fields only. The room of Powertools.

What is not a field of :class:`RequestLine` cannot be logged: no pixels, no file names, no patient data, no
messages of foreign exceptions.
"""

import sys
from dataclasses import asdict, dataclass, field
from functools import cache
from io import TextIOBase
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

SERVICE = "mammo-core"


@dataclass(slots=True, kw_only=True)
class RequestLine:
    """What is known of a request when it is answered; filled in on the way.

    Parameters
    ----------
    request_id, method, route : str
        ``route`` is the pattern, never the raw path.
    status : int
    duration_ms : float
    code : str or None
        Error code of the answer.
    cold_start : bool or None
    images_made : int or None
    regions_found : int or None
    map_status : str or None
    timings_ms : dict
        Milliseconds per stage.
    problems : list of str
        What broke without costing the score, or where a bug is: ``what (where)``.
    outcome : str or None
        Of an event's object: see :class:`mammo_core.events.worker.Outcome`.
    receives : int or None
        How often the queue has handed out the message.
    upload_request_id : str or None
        Of the ``POST /uploads`` that an event's object came by: the line of that request has it.
    analysis_id : str or None
        Of the result that was written: a digest, which finds it without its key being logged.
    """

    request_id: str
    method: str
    route: str
    status: int = 0
    duration_ms: float = 0.0
    code: str | None = None
    cold_start: bool | None = None
    images_made: int | None = None
    regions_found: int | None = None
    map_status: str | None = None
    timings_ms: dict[str, float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    outcome: str | None = None
    receives: int | None = None
    upload_request_id: str | None = None
    analysis_id: str | None = None

    @property
    def level(self) -> str:
        """``error`` for our faults, ``warning`` for refusals and missing parts, else ``info``.

        What is tried again is a warning: if it goes on, it ends as an error.
        """
        if self.status >= 500 and self.outcome != "retried":
            return "error"
        return "warning" if self.status >= 400 or self.problems else "info"


def write(line: RequestLine) -> None:
    """Write the line of one request."""
    fields = {key: value for key, value in asdict(line).items() if value not in (None, [], {})}
    getattr(_logger(), line.level)("request", extra=fields)


def event(name: str, detail: str, *, level: str = "info") -> None:
    """Write a line about the process itself, such as a model that was replaced.

    Parameters
    ----------
    name : str
        Stable, for alarms.
    detail : str
        Digests, error codes and places in the code: nothing of a request.
    level : str
        ``info`` or ``warning``.
    """
    getattr(_logger(), level)(name, extra={"detail": detail})


class _StandardError(TextIOBase):
    """Whatever is standard error when a line is written: servers and tests replace it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_level(level: str) -> None:
    """Write no lines below a level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``."""
    global _level
    _level = level
    if _logger.cache_info().currsize:
        _logger().setLevel(level)


_level = "INFO"


@cache
def _logger() -> "Logger":
    from aws_lambda_powertools import Logger

    # Not standard output: on the command line that is for results.
    logger = Logger(
        service=SERVICE,
        location=None,
        stream=cast(IO[str], _StandardError()),
        utc=True,
        use_rfc3339=True,
    )
    logger.setLevel(_level)
    return logger
