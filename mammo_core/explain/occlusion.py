"""Occlusion: what the score loses when a part of the breast is filled in.

References
----------
.. [1] M. D. Zeiler, R. Fergus, Visualizing and understanding convolutional networks, arXiv:1311.2901
"""

from collections.abc import Iterator, Sequence

import numpy as np

from mammo_core.explain.filling import filled
from mammo_core.explain.probe import Probe, Subject
from mammo_core.explain.ranks import spearman
from mammo_core.geometry import resample
from mammo_core.records import BoolArray, Sourced

PATCHES = 8
"""Squares along the longer side of the input, for the agreement with occlusion: at most 64 forward passes."""
LEAST_ON_BREAST = 0.5
"""Share of a square that must show breast: a sliver of it cannot move the score."""
LEAST_PATCHES = 8
"""With fewer squares a rank correlation is chance: of 8 unrelated ones, one in twenty exceeds 0.64."""

NO_SURROUNDINGS = "the region is all of the breast: nothing is left to fill it from"
DROP = "z of the image less z with the region filled in from the breast around it"


def occlusion_drops(subject: Subject, parts: Sequence[BoolArray], probe: Probe) -> tuple[Sourced[float], ...]:
    """What the explained logit loses when a region is filled in [1]_.

    Parameters
    ----------
    subject : Subject
    parts : sequence of ndarray of shape (rows, columns), bool
        The regions, in pixels of the model's input.
    probe : Probe
        Asked once for all of them.

    Returns
    -------
    tuple of Sourced[float]
        One per region, in logits; positive if the region speaks for the explained class. Unknown for a
        region that leaves nothing of the breast to fill it from.

    Raises
    ------
    InferenceError
        If the model gives no finite score.
    """
    images = [filled(subject.image, part, subject.tissue) for part in parts]
    scores = iter(probe.scores(image for image in images if image is not None))
    return tuple(
        Sourced[float].unknown(NO_SURROUNDINGS)
        if image is None
        else Sourced(subject.score - float(next(scores)), "model", DROP)
        for image in images
    )


def agreement(subject: Subject, probe: Probe) -> Sourced[float]:
    """How well the map's order of the parts of the breast agrees with that of occlusion.

    Parameters
    ----------
    subject : Subject
    probe : Probe
        Asked once for each square.

    Returns
    -------
    Sourced[float]
        Spearman's rank correlation, −1 to 1, over squares of the breast, of the map's signed evidence in the
        square and the drop of the explained logit when the square is filled in [1]_.

    Raises
    ------
    InferenceError
        If the model gives no finite score.
    """
    patches = list(_patches(subject.tissue))
    if len(patches) < LEAST_PATCHES:
        return Sourced.unknown(f"the breast has fewer than {LEAST_PATCHES} squares to compare")
    evidence = resample(subject.saliency.cells, subject.saliency.transform, subject.grid)
    shown = np.array([float(evidence[patch].sum(dtype=np.float64)) for patch in patches])
    images = (filled(subject.image, patch, subject.tissue) for patch in patches)
    drops = subject.score - probe.scores(image for image in images if image is not None)
    correlation = spearman(shown, drops)
    if correlation is None:
        return Sourced.unknown("the map, or the score, is the same whichever square is filled in")
    return Sourced(correlation, "model", f"rank correlation over {len(patches)} squares of the breast")


def _patches(tissue: BoolArray) -> Iterator[BoolArray]:
    """The breast's pixels in each square that shows enough of it."""
    side = -(-max(tissue.shape) // PATCHES)
    for top in range(0, tissue.shape[0], side):
        for left in range(0, tissue.shape[1], side):
            patch = np.zeros_like(tissue)
            square = slice(top, top + side), slice(left, left + side)
            patch[square] = tissue[square]
            if patch.sum() >= LEAST_ON_BREAST * side * side:
                yield patch
