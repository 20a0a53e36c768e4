"""What the network can do, measured on phantoms that it has not seen."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mammo_core.evaluation.lesions import TOLERANCE_MM, Circle, Ruler
from mammo_core.evaluation.localisation import Field, Target
from mammo_core.evaluation.statistics import Labels
from mammo_core.geometry import resample
from mammo_core.models.manifest import OperatingPoint
from mammo_core.records import FloatArray
from training.cases import Case

LEVELS = (0.90, 0.95, 0.98)


@dataclass(frozen=True, slots=True)
class Cut:
    """A threshold of the score, and what it achieves on the data on which it was chosen."""

    threshold: float
    sensitivity: float
    specificity: float

    def point(self, source: str) -> OperatingPoint:
        """As a manifest declares it; ``source`` says on what it was chosen."""
        return OperatingPoint(
            threshold=self.threshold,
            sensitivity=round(self.sensitivity, 4),
            specificity=round(self.specificity, 4),
            source=source,
        )


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


def is_hit(case: Case, cells: FloatArray) -> bool:
    """Whether the map's peak lies in the mass or within 3 mm of it; an empty or flat map is a miss.

    Parameters
    ----------
    case : Case
        With a lesion.
    cells : ndarray of shape (h, w)
        Signed evidence in any unit.
    """
    if case.lesion is None:
        return False
    grid = case.transform
    heat = resample(np.maximum(cells, 0.0), grid.resized((cells.shape[0], cells.shape[1])), grid)
    mass = Circle(case.lesion.row, case.lesion.column, case.lesion.radius_mm / case.spacing_mm)
    ruler = Ruler(case.spacing_mm, case.spacing_mm, TOLERANCE_MM, "mm")
    whole = Field(grid, np.ones(grid.shape, dtype=np.bool_))
    return Target((mass,), whole, ruler).measure(heat).hit == 1.0


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
