"""CAM methods: pure functions of activations and gradients.

Each takes A and G = dz/dA, both (h, w, k), and returns signed evidence per cell, (h, w). A new method is one
function here, one member of :class:`mammo_core.records.CamMethod` and one row in the table of its test.

References
----------
.. [1] Selvaraju et al., Grad-CAM, arXiv:1610.02391
.. [2] Draelos and Carin, HiResCAM, arXiv:2011.08891
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mammo_core.records import CamMethod, FloatArray


def gradcam(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Σ_k α_k A_k with α_k the mean of G_k over the cells [1]_.

    Evidence of each cell in logits: for a network that averages the target layer, the cells add up to the
    score less its bias evidence.
    """
    weights = gradients.mean(axis=(0, 1), dtype=np.float64)
    return np.asarray(activations @ weights, dtype=np.float32)


def hirescam(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Σ_k G_k ⊙ A_k [2]_.

    The cells add up to the score less its bias evidence for every piecewise-linear head.
    """
    return np.asarray(np.einsum("hwk,hwk->hw", activations, gradients, dtype=np.float64), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Method:
    """A CAM function and whether its cells are in logits."""

    function: Callable[[FloatArray, FloatArray], FloatArray]
    in_logits: bool


METHODS = {
    CamMethod.GRADCAM: Method(gradcam, in_logits=True),
    CamMethod.HIRESCAM: Method(hirescam, in_logits=True),
}
