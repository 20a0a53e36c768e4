"""What is measured of each analysis, through whatever door: numbers that its line in the log has, too."""

from mammo_core.log import RequestLine
from mammo_core.metrics import COUNT, MILLISECONDS, NO_UNIT, Reading
from mammo_core.service import Served


def readings(line: RequestLine, served: Served | None) -> list[Reading]:
    """Make the metrics of one analysis.

    Parameters
    ----------
    line : RequestLine
        Complete. A request over HTTP has no outcome but its status.
    served : Served or None
        The answer, if there is one.

    Returns
    -------
    list of Reading
        How it ended, and how long each stage took; the score, whose distribution tells when images or models
        change; errors by code, maps by status.
    """
    outcome = line.outcome or _outcome(line.status)
    values = {outcome.capitalize(): (1.0, COUNT)}
    if served is not None:
        # Of analyses only: a refusal or a duplicate takes no time, and would hide that they became slow.
        values["Duration"] = (line.duration_ms, MILLISECONDS)
        values |= {f"{stage.capitalize()}Time": (ms, MILLISECONDS) for stage, ms in line.timings_ms.items()}
        values |= {
            "ColdStart": (float(served.answer.cold_start), COUNT),
            "Score": (served.answer.confidence, NO_UNIT),
        }
    made = [Reading(values)]
    if line.code is not None:
        made.append(Reading({"Errors": (1.0, COUNT)}, {"outcome": outcome, "code": line.code}))
    if line.map_status is not None:
        made.append(Reading({"Maps": (1.0, COUNT)}, {"map_status": line.map_status}))
    return made


def _outcome(status: int) -> str:
    """What a status of HTTP would be to the worker."""
    if status < 400:
        return "succeeded"
    return "rejected" if status < 500 else "failed"
