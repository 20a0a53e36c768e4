"""Free-response ROC: lesions found against false marks per image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""False marks per image at which the sensitivity is read."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What was marked, on all images together.

    Parameters
    ----------
    lesion_image : ndarray of shape (lesions,), int
        The image each lesion lies on, from 0 to ``images`` − 1.
    lesion_score : ndarray of shape (lesions,), float
        Score of the best mark on it; −inf if no mark is.
    false_image, false_score : ndarray of shape (false marks,)
        The marks that are on no lesion.
    images : int
    """

    lesion_image: Indices
    lesion_score: Floats
    false_image: Indices
    false_score: Floats
    images: int


class Froc:
    """The curve of some marks, for the images as they are or drawn with other frequencies.

    Parameters
    ----------
    marks : Marks

    References
    ----------
    P. C. Bunch et al., J Appl Photogr Eng 1978;4:166-171. Sensitivity is per lesion, false marks are per
    image over all images, with lesions and without.
    """

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        scores = np.concatenate([marks.lesion_score, marks.false_score])
        self._order = np.argsort(-scores, kind="stable")
        ranked = scores[self._order]
        # One point for each distinct score: marks of equal score come and go together.
        last = np.append(ranked[1:] != ranked[:-1], True) if ranked.size else np.zeros(0, dtype=np.bool_)
        self._ends = np.flatnonzero(last & np.isfinite(ranked))

    def curve(self, weights: Floats | None = None) -> tuple[Floats, Floats]:
        """False marks per image and sensitivity, from the strictest cut to the loosest.

        Parameters
        ----------
        weights : ndarray of shape (images,), float, or None
            How often each image counts; None: once.

        Returns
        -------
        false_per_image, sensitivity : ndarray of shape (k,), float
            From (0, 0), one point for each distinct score. NaN without lesions, or without images.
        """
        marks = self._marks
        often = np.ones(marks.images) if weights is None else weights
        lesions, false = often[marks.lesion_image], often[marks.false_image]
        true_steps = np.concatenate([lesions, np.zeros(false.size)])[self._order]
        false_steps = np.concatenate([np.zeros(lesions.size), false])[self._order]
        true_sums, false_sums = (
            np.concatenate([[0.0], np.cumsum(steps)[self._ends]]) for steps in (true_steps, false_steps)
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            return false_sums / often.sum(), true_sums / lesions.sum()

    def sensitivities(self, weights: Floats | None = None, *, rates: tuple[float, ...] = RATES) -> Floats:
        """The highest sensitivity with at most so many false marks per image, and the mean over the rates.

        Returns
        -------
        ndarray of shape (len(rates) + 1,), float
            The mean comes last. Where all marks together make fewer false ones than a rate, it is the
            sensitivity of all marks: nothing is extrapolated.
        """
        false_per_image, sensitivity = self.curve(weights)
        if not np.isfinite(sensitivity).all() or not np.isfinite(false_per_image).all():
            return np.full(len(rates) + 1, np.nan)
        # A little more than the rate, so that 5 false marks on 40 images are not more than 0.125.
        at = np.searchsorted(false_per_image, np.asarray(rates) * (1.0 + 1e-9), side="right") - 1
        values = sensitivity[at]
        return np.append(values, values.mean())
