"""What the network can do, measured on phantoms that it has not seen."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo_core.geometry import resample
from mammo_core.records import FloatArray
from training.cases import Case

TOLERANCE_MM = 3.0
"""Around the mass; a peak within it is a hit."""
LEVELS = (0.90, 0.95, 0.98)

Labels = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cut:
    """A threshold of the score, and what it achieves on the data on which it was chosen."""

    threshold: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True, slots=True)
class Cuts:
    """Low suspicion lies below ``low``, high at or above ``high``; ``middle`` separates the labels.

    ``level`` is the sensitivity of ``low`` and the specificity of ``high``.
    """

    low: Cut
    middle: Cut
    high: Cut
    level: float


def labels_of(cases: Iterable[Case]) -> Labels:
    """Which cases have a mass, (n,)."""
    return np.array([case.lesion is not None for case in cases], dtype=np.bool_)


def area_under_curve(scores: FloatArray, labels: Labels) -> float:
    """Probability that a case with a mass scores higher than one without; ties count half."""
    positive, negative = scores[labels][:, None], scores[~labels][None, :]
    return float(np.mean((positive > negative) + 0.5 * (positive == negative)))


def is_hit(case: Case, cells: FloatArray) -> bool:
    """Whether the map's peak lies in the mass or within 3 mm of it; an empty or flat map is a miss.

    Parameters
    ----------
    case : Case
        With a lesion.
    cells : ndarray of shape (h, w)
        Signed evidence in any unit.
    """
    if case.lesion is None or cells.max() <= 0.0 or np.ptp(cells) == 0.0:
        return False
    shown = resample(cells, case.transform.resized((cells.shape[0], cells.shape[1])), case.transform)
    for row, column in np.argwhere(shown == shown.max()):
        at = case.transform.to_source(float(row) + 0.5, float(column) + 0.5)
        distance = np.hypot(at[0] - case.lesion.row, at[1] - case.lesion.column) * case.spacing_mm
        if distance > case.lesion.radius_mm + TOLERANCE_MM:
            return False
    return True


def choose_cuts(scores: FloatArray, labels: Labels) -> Cuts:
    """Choose the three cuts of the score, rounded to four digits.

    The level is raised from 90 % until the cut of that sensitivity does not exceed the cut of that
    specificity: for a network that separates the classes well, the cut of 90 % sensitivity lies above the cut
    of 90 % specificity, and scores between the two would be low and high at once. If no level does it, the
    classes are separate, and both cuts lie in the middle of the gap.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        0 to 1.
    labels : ndarray of shape (n,), bool
    """
    for level in LEVELS:
        low = float(np.quantile(scores[labels], 1.0 - level, method="lower"))
        high = float(np.quantile(scores[~labels], level, method="higher"))
        if low <= high:
            break
    else:
        low = high = (float(scores[labels].min()) + float(scores[~labels].max())) / 2.0
    # Outwards, so that rounding costs neither sensitivity nor specificity.
    low, high = np.floor(low * 1e4) / 1e4, np.floor(high * 1e4 + 1.0) / 1e4
    tried = [_cut(float(value), scores, labels) for value in np.linspace(low, high, 201).round(4)]
    best = max(cut.sensitivity + cut.specificity for cut in tried)
    equal = [cut for cut in tried if cut.sensitivity + cut.specificity == best]
    return Cuts(_cut(low, scores, labels), equal[len(equal) // 2], _cut(high, scores, labels), level)


def _cut(threshold: float, scores: FloatArray, labels: Labels) -> Cut:
    return Cut(
        float(threshold),
        sensitivity=float((scores[labels] >= threshold).mean()),
        specificity=float((scores[~labels] < threshold).mean()),
    )
