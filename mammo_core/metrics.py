"""Metrics as lines of the log, in CloudWatch's embedded format (EMF): no call, no agent.

A metric holds numbers, error codes and states: nothing of a patient, no keys, no names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mammo_core.log import SERVICE

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
    """Write readings to standard output, where Lambda takes them up.

    Parameters
    ----------
    namespace : str or None
        None: nothing is written.
    *readings : Reading
    """
    if namespace is None:
        return
    from aws_lambda_powertools.metrics import EphemeralMetrics

    for reading in readings:
        metrics = EphemeralMetrics(namespace=namespace, service=SERVICE)
        for name, value in reading.dimensions.items():
            metrics.add_dimension(name, value)
        for name, (number, unit) in reading.values.items():
            metrics.add_metric(name, unit, number)
        metrics.flush_metrics()
