"""Stability under a left-right flip: a breast has the same lesion in the mirror.

References
----------
.. [1] Y. Wang et al., Self-supervised equivariant attention mechanism, CVPR 2020, arXiv:2004.04581: class
   activation maps are not equivariant of themselves
"""

import numpy as np

from mammo_core.explain.probe import Probe, Subject
from mammo_core.explain.ranks import spearman
from mammo_core.explain.saliency import explain
from mammo_core.map_quality import Flip
from mammo_core.records import ModelInput, Sourced


def flip(subject: Subject, probe: Probe) -> Sourced[Flip]:
    """Compare the map with that of the mirrored image, mirrored back [1]_.

    Parameters
    ----------
    subject : Subject
    probe : Probe
        Asked once.

    Returns
    -------
    Sourced[Flip]
        Spearman's rank correlation, −1 to 1, of the two maps' signed evidence over the cells that lie on the
        breast; and z of the mirrored image less z of the image.

    Raises
    ------
    InferenceError
        If the model gives no finite score for the mirrored image, or a map that is not finite.
    """
    mirrored = ModelInput(subject.image[None, :, ::-1].copy(), subject.grid.flipped_columns(), ())
    evidence = probe.run(mirrored).evidence
    if evidence is None:
        return Sourced.unknown("the model gave no evidence for the mirrored image")
    back = explain(evidence, mirrored, subject.saliency.method).cells[:, ::-1]
    on_breast = np.unique(subject.cells()[subject.tissue])
    correlation = spearman(subject.saliency.cells.ravel()[on_breast], back.ravel()[on_breast])
    agreement: Sourced[float] = Sourced.unknown("one of the two maps is the same everywhere on the breast")
    if correlation is not None:
        agreement = Sourced(
            correlation, "model", f"rank correlation over {on_breast.size} cells of the breast"
        )
    change = evidence.score - subject.score
    return Sourced(Flip(agreement, change), "model", "the mirrored input, its map mirrored back")
