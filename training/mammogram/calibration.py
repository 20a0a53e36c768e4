"""From the score to a probability: a line through the logits (Platt), and cuts chosen out of fold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from mammo_core.evaluation.statistics import Labels, expected_calibration_error
from training.measure import Cuts, choose_cuts

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """A probability is the sigmoid of ``slope`` · logit + ``offset``."""

    slope: float
    offset: float

    def probabilities(self, logits: Floats) -> Floats:
        """Of logits (n,)."""
        found: Floats = 1.0 / (1.0 + np.exp(-(self.slope * logits + self.offset)))
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """What calibration gives.

    Parameters
    ----------
    line : Line
        Fitted to all folds: the one that ships.
    prevalence : float
        Of the data that it was fitted to; elsewhere the probability is another.
    error : float
        Expected calibration error of ``crossed``.
    cuts : Cuts
        Of the probability, chosen on the same scores.
    crossed : ndarray of shape (n,), float64
        Probabilities of each fold by the line of the others; of a single fold by its own.
    unseen : bool
        Whether the lines of ``crossed`` had not seen what they were applied to: there are several folds.
    """

    line: Line
    prevalence: float
    error: float
    cuts: Cuts
    crossed: Floats
    unseen: bool


def calibrate(logits: Floats, labels: Labels, folds: NDArray[np.intp]) -> Calibrated:
    """Fit the line and choose the cuts.

    Parameters
    ----------
    logits : ndarray of shape (n,), float64
        Out of fold: each by the model that has not seen the image's patient.
    labels : ndarray of shape (n,), bool
    folds : ndarray of shape (n,), int

    References
    ----------
    J. Platt, Probabilistic outputs for support vector machines, 1999.
    """
    line = fitted(logits, labels)
    crossed = line.probabilities(logits)
    known = np.unique(folds)
    if known.size > 1:
        for fold in known:
            others = folds != fold
            crossed[~others] = fitted(logits[others], labels[others]).probabilities(logits[~others])
    return Calibrated(
        line=line,
        prevalence=float(labels.mean()),
        error=expected_calibration_error(crossed, labels),
        cuts=choose_cuts(line.probabilities(logits).astype(np.float32), labels),
        crossed=crossed,
        unseen=known.size > 1,
    )


def fitted(logits: Floats, labels: Labels) -> Line:
    """The likeliest line, with Platt's targets, which keep it finite if classes are separate.

    Raises
    ------
    ValueError
        If the line falls.
    """
    positive, negative = int(labels.sum()), int((~labels).sum())
    wanted = np.where(labels, (positive + 1.0) / (positive + 2.0), 1.0 / (negative + 2.0))

    def loss(line: Floats) -> tuple[float, Floats]:
        z = line[0] * logits + line[1]
        missing = 1.0 / (1.0 + np.exp(-z)) - wanted
        return float((np.logaddexp(0.0, z) - wanted * z).mean()), np.array(
            [(missing * logits).mean(), missing.mean()]
        )

    slope, offset = optimize.minimize(loss, np.array([1.0, 0.0]), jac=True, method="BFGS").x
    if slope <= 0.0:
        raise ValueError("Scores rise where cancers are fewer: a calibration would turn the maps over.")
    return Line(float(slope), float(offset))
