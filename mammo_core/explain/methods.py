"""CAM methods: pure functions of activations and gradients.

Each takes A and G = dz/dA, both (h, w, k), and returns signed evidence per cell, (h, w). A new method is one
function here, one member of :class:`mammo_core.records.CamMethod` and one row in the table of its test.

References
----------
.. [1] Selvaraju et al., Grad-CAM, arXiv:1610.02391
.. [2] Draelos and Carin, HiResCAM, arXiv:2011.08891
.. [3] Chattopadhyay et al., Grad-CAM++, arXiv:1710.11063
.. [4] Jiang et al., LayerCAM, IEEE Trans. Image Process. 2021;30:5875-5888
.. [5] Fu et al., Axiom-based Grad-CAM (XGrad-CAM), arXiv:2008.02312
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mammo_core.records import CamMethod, FloatArray

CANCELLED = 1e-3
"""Share of the absolute activations below which their sum is taken to be 0."""


def gradcam(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Σ_k α_k A_k with α_k the mean of G_k over the cells [1]_.

    Evidence of each cell in logits: for a network that averages the target layer, the cells add up to the
    score less its bias evidence.
    """
    weights = gradients.mean(axis=(0, 1), dtype=np.float64)
    # Not ``@``: that would first make all activations 64 bits wide, in new memory.
    return np.asarray(np.einsum("hwk,k->hw", activations, weights), dtype=np.float32)


def hirescam(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Σ_k G_k ⊙ A_k [2]_.

    The cells add up to the score less its bias evidence for every piecewise-linear head.
    """
    return np.asarray(np.einsum("hwk,hwk->hw", activations, gradients, dtype=np.float64), dtype=np.float32)


def gradcam_plus_plus(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Σ_k w_k A_k with w_k = Σ a ReLU(G_k), a = G² / (2 G² + ΣA·G³) [3]_.

    Closed form of the paper, which takes the score to be exp(z); its weights have no unit. Where the
    denominator is 0, so is a.
    """
    active, slope = activations.astype(np.float64), gradients.astype(np.float64)
    squared = slope**2
    below = 2.0 * squared + active.sum(axis=(0, 1)) * slope**3
    shares = np.divide(squared, below, out=np.zeros_like(squared), where=below != 0.0)
    weights = (shares * np.maximum(slope, 0.0)).sum(axis=(0, 1))
    return np.asarray(active @ weights, dtype=np.float32)


def layercam(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Σ_k ReLU(G_k) ⊙ A_k [4]_.

    Without the channels that speak against the class: the cells add up to more than the score.
    """
    product = np.einsum("hwk,hwk->hw", activations, np.maximum(gradients, 0.0), dtype=np.float64)
    return np.asarray(product, dtype=np.float32)


def xgradcam(activations: FloatArray, gradients: FloatArray) -> FloatArray:
    """Σ_k α_k A_k with α_k = ΣG_k A_k / ΣA_k, the mean of G_k weighted by A_k [5]_.

    The cells add up to the score less its bias evidence wherever those of HiResCAM do. A channel whose
    activations add up to 0 has no such mean and is left out.
    """
    active = activations.astype(np.float64)
    total = active.sum(axis=(0, 1))
    weighted = (active * gradients).sum(axis=(0, 1))
    # Rounding noise of channels that cancel out must not become a weight.
    known = np.abs(total) > CANCELLED * np.abs(active).sum(axis=(0, 1))
    weights = np.divide(weighted, total, out=np.zeros_like(total), where=known)
    return np.asarray(active @ weights, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Method:
    """A CAM function and whether its cells are in logits."""

    function: Callable[[FloatArray, FloatArray], FloatArray]
    in_logits: bool


METHODS = {
    CamMethod.GRADCAM: Method(gradcam, in_logits=True),
    CamMethod.GRADCAM_PLUS_PLUS: Method(gradcam_plus_plus, in_logits=False),
    CamMethod.HIRESCAM: Method(hirescam, in_logits=True),
    CamMethod.LAYERCAM: Method(layercam, in_logits=False),
    CamMethod.XGRADCAM: Method(xgradcam, in_logits=True),
}
