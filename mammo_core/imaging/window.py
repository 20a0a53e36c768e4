"""The three window functions of DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3, to 0.0 … 1.0."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def linear(values: Values, centre: float, width: float) -> Values:
    """LINEAR: (x − (c − 0.5)) / (w − 1) + 0.5, clipped; a width of 1 is a threshold at c − 0.5."""
    if width == 1.0:
        return (values > centre - 0.5).astype(np.float64)
    return _ramp(values, centre - 0.5, width - 1.0)


def linear_exact(values: Values, centre: float, width: float) -> Values:
    """LINEAR_EXACT: (x − c) / w + 0.5, clipped."""
    return _ramp(values, centre, width)


def sigmoid(values: Values, centre: float, width: float) -> Values:
    """SIGMOID: 1 / (1 + exp(−4 (x − c) / w))."""
    with np.errstate(over="ignore"):
        exponent = np.clip(-4.0 * ((values - centre) / width), -500.0, 500.0)
    result: Values = 1.0 / (1.0 + np.exp(exponent))
    return result


def is_width(width: float, function: str) -> bool:
    """Whether a function is known and this width is one it allows: at least 1 for LINEAR, else above 0."""
    if function == "LINEAR":
        return 1.0 <= width < np.inf
    return function in WINDOWS and 0.0 < width < np.inf


def _ramp(values: Values, centre: float, width: float) -> Values:
    with np.errstate(over="ignore"):
        return np.clip((values - centre) / width + 0.5, 0.0, 1.0)


WINDOWS: dict[str, Callable[[Values, float, float], Values]] = {
    "LINEAR": linear,
    "LINEAR_EXACT": linear_exact,
    "SIGMOID": sigmoid,
}
