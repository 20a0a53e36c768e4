"""Metrics as lines of the log, in CloudWatch's embedded format (EMF): no call, no agent.

A metric holds numbers, error codes and states: nothing of a patient, no keys, no names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mammo_core import log
from mammo_core.attempt import attempt

COUNT, MILLISECONDS, NO_UNIT = "Count", "Milliseconds", "None"


@dataclass(frozen=True, slots=True)
class Reading:
    """Numbers that belong together.

    Parameters
    ----------
    values : Mapping
        Name to (number, unit).
    dimensions : Mapping
        What they are told apart by, beside the service: few values each, as every combination is a metric.
    """

    values: Mapping[str, tuple[float, str]]
    dimensions: Mapping[str, str] = field(default_factory=dict)


def emit(namespace: str | None, *readings: Reading) -> None:
    """Write readings to standard output, where Lambda takes them up; if that fails, the log says so.

    What is measured is done already: no answer and no result may be lost because it cannot be told.

    Parameters
    ----------
    namespace : str or None
        None: nothing is written.
    *readings : Reading
    """
    if namespace is None:
        return
    written = attempt("metrics", lambda: _write(namespace, readings))
    if written.failure is not None:
        log.event("metrics_lost", f"{written.failure.reason} [{written.failure.where}]", level="warning")


def _write(namespace: str, readings: tuple[Reading, ...]) -> None:
    from aws_lambda_powertools.metrics import EphemeralMetrics

    for reading in readings:
        metrics = EphemeralMetrics(namespace=namespace, service=log.SERVICE)
        for name, value in reading.dimensions.items():
            metrics.add_dimension(name, value)
        for name, (number, unit) in reading.values.items():
            metrics.add_metric(name, unit, number)
        metrics.flush_metrics()
