"""Measures of scores against labels. Pure functions of arrays; what is not defined is NaN."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Labels = NDArray[np.bool_]

BINS = 10
"""Groups of the reliability table."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How a cut of the score divides the images; a score equal to the cut is positive."""

    true_positive: int
    false_negative: int
    true_negative: int
    false_positive: int

    @property
    def sensitivity(self) -> float:
        """Share of the positive images at or above the cut; NaN without positive images."""
        return _share(self.true_positive, self.false_negative)

    @property
    def specificity(self) -> float:
        """Share of the negative images below the cut; NaN without negative images."""
        return _share(self.true_negative, self.false_positive)


@dataclass(frozen=True, slots=True)
class Bin:
    """One group of the reliability table.

    Parameters
    ----------
    low, high : float
        Smallest and largest score in it.
    n : int
        Images.
    mean_score : float
        What the model says of them, on average, 0 to 1.
    observed : float
        Share of them that is positive, 0 to 1.
    """

    low: float
    high: float
    n: int
    mean_score: float
    observed: float


def auc(scores: Floats, labels: Labels) -> float:
    """Area under the ROC curve: how often a positive image scores higher than a negative one.

    Parameters
    ----------
    scores : ndarray of shape (n,), float
        Any unit; only their order counts. Ties count half.
    labels : ndarray of shape (n,), bool

    Returns
    -------
    float
        0 to 1; NaN unless both labels occur.

    References
    ----------
    J. A. Hanley, B. J. McNeil, Radiology 1982;143:29-36: the area is the Wilcoxon-Mann-Whitney statistic.
    """
    positive = int(labels.sum())
    negative = labels.size - positive
    if positive == 0 or negative == 0:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    above = float(ranks[inverse][labels].sum()) - positive * (positive + 1) / 2.0
    return above / (positive * negative)


def roc(scores: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """The ROC curve, from the strictest cut to the loosest.

    Returns
    -------
    false_positive_rate, true_positive_rate : ndarray of shape (k,), float
        From (0, 0) to (1, 1), one point for each distinct score. NaN for a label that does not occur.
    """
    true, false = _cumulative(scores, labels)
    with np.errstate(invalid="ignore"):
        return false / false[-1], true / true[-1]


def average_precision(scores: Floats, labels: Labels) -> float:
    """Σ (R_k − R_{k−1}) P_k over the distinct scores from the highest down; R recall, P precision.

    Returns
    -------
    float
        0 to 1; a score without information gives the prevalence. NaN without positive images.

    Notes
    -----
    The step-wise sum, without interpolation, which would be too favourable (J. Davis, M. Goadrich, ICML
    2006).
    """
    if not labels.any():
        return float("nan")
    true, false = _cumulative(scores, labels)
    precision = true[1:] / (true[1:] + false[1:])
    return float(np.sum(np.diff(true) / true[-1] * precision))


def count(scores: Floats, labels: Labels, threshold: float) -> Counts:
    """Divide the images at a cut of the score."""
    called = scores >= threshold
    return Counts(
        true_positive=int((called & labels).sum()),
        false_negative=int((~called & labels).sum()),
        true_negative=int((~called & ~labels).sum()),
        false_positive=int((called & ~labels).sum()),
    )


def brier(scores: Floats, labels: Labels) -> float:
    """Mean squared difference of score and label, 0 best; NaN without images.

    References
    ----------
    G. W. Brier, Monthly Weather Review 1950;78:1-3.
    """
    return float(np.mean((scores - labels) ** 2)) if labels.size else float("nan")


def reliability(scores: Floats, labels: Labels, *, bins: int = BINS) -> tuple[Bin, ...]:
    """Group the images by score, equally many in each group as far as ties allow.

    Parameters
    ----------
    scores : ndarray of shape (n,), float
        0 to 1.
    labels : ndarray of shape (n,), bool
    bins : int
        Groups that are aimed at. Images of equal score stay together, whatever order they come in, so there
        may be fewer.

    Returns
    -------
    tuple of Bin
        From the lowest scores to the highest.
    """
    if labels.size == 0:
        return ()
    order = np.argsort(scores, kind="stable")
    ranked, outcome = scores[order], labels[order]
    last = ranked[np.maximum(np.arange(1, bins + 1) * labels.size // bins - 1, 0)]
    ends = np.unique(np.searchsorted(ranked, last, side="right"))
    return tuple(
        Bin(
            low=float(ranked[start]),
            high=float(ranked[end - 1]),
            n=int(end - start),
            mean_score=float(ranked[start:end].mean()),
            observed=float(outcome[start:end].mean()),
        )
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    )


def expected_calibration_error(scores: Floats, labels: Labels, *, bins: int = BINS) -> float:
    """Mean of |mean score − observed share| over the groups of :func:`reliability`, by their size.

    Returns
    -------
    float
        0 to 1; NaN without images. It is biased upwards where groups are small.

    References
    ----------
    C. Guo et al., ICML 2017, arXiv:1706.04599; groups of equal mass: J. Nixon et al., arXiv:1904.01685.
    """
    if labels.size == 0:
        return float("nan")
    groups = reliability(scores, labels, bins=bins)
    return sum(group.n * abs(group.mean_score - group.observed) for group in groups) / labels.size


def _cumulative(scores: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Positive and negative images at or above each distinct score, from above all of them down."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0.0, True)[: labels.size])
    true = np.cumsum(labels[order], dtype=np.float64)
    false = np.cumsum(~labels[order], dtype=np.float64)
    return np.concatenate([[0.0], true[ends]]), np.concatenate([[0.0], false[ends]])


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part + rest else float("nan")
