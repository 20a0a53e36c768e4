"""What is measured of each object: one set of numbers, made from its line in the log."""

from mammo_core.log import RequestLine
from mammo_core.metrics import COUNT, MILLISECONDS, NO_UNIT, Reading
from mammo_core.service import Served


def readings(line: RequestLine, served: Served | None) -> list[Reading]:
    """Make the metrics of one handled object.

    Parameters
    ----------
    line : RequestLine
        Complete.
    served : Served or None
        The answer, if there is one.

    Returns
    -------
    list of Reading
        How it ended, and how long each stage took; the score, whose distribution tells when images or models
        change; errors by code, maps by status.
    """
    values = {
        str(line.outcome).capitalize(): (1.0, COUNT),
        "Duration": (line.duration_ms, MILLISECONDS),
    }
    if served is not None:
        values |= {f"{stage.capitalize()}Time": (ms, MILLISECONDS) for stage, ms in line.timings_ms.items()}
        values |= {
            "ColdStart": (float(served.answer.cold_start), COUNT),
            "Score": (served.answer.confidence, NO_UNIT),
        }
    made = [Reading(values)]
    if line.code is not None:
        made.append(Reading({"Errors": (1.0, COUNT)}, {"outcome": str(line.outcome), "code": line.code}))
    if line.map_status is not None:
        made.append(Reading({"Maps": (1.0, COUNT)}, {"map_status": line.map_status}))
    return made
