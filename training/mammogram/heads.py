"""How maps become the score of an image: by a layer whose average is all that the last unit sees.

So the score is linear in that layer, and Grad-CAM, HiResCAM and CAM of it are the same map. Everything here
is made of Keras's own layers and operations.
"""

from typing import Any

import numpy as np

from training.mammogram.inputs import GRID
from training.mammogram.layers import filtered, keras

TARGET = "evidence"
SOFT = 1.0
"""Logits over which the weight of a cell fades that is not quite among the strongest."""
HALF = 0.5
"""Share of a concept's maximum at which a cell begins to count."""
TINY = 1e-6


def strongest(cells: Any, count: int) -> Any:  # noqa: ANN401 - Keras is untyped
    """Logits of cells (n, *GRID, 1) to evidence whose average is the mean of the ``count`` strongest."""
    layers, ops = keras().layers, keras().ops
    flat = layers.Reshape((GRID[0] * GRID[1],), name="flat", dtype="float32")(cells)
    # The last of the strongest is where the weight of a cell begins to fade: nothing jumps at the cut.
    last = ops.min(ops.top_k(flat, count)[0], axis=1, keepdims=True)
    last = layers.Reshape((1, 1, 1), name="last", dtype="float32")(last)
    weight = ops.clip((cells - last) / SOFT + 1.0, 0.0, 1.0)
    weight = weight / ops.mean(weight, axis=(1, 2), keepdims=True)
    return layers.Multiply(name=TARGET, dtype="float32")([cells, weight])


def concepts(
    cells: Any,  # noqa: ANN401 - Keras is untyped
    fine: Any,  # noqa: ANN401
    coarse: Any,  # noqa: ANN401
    *,
    gated: bool,
) -> Any:  # noqa: ANN401
    """Many maps, each with its own weight in the score, to evidence whose average is about their maxima.

    Parameters
    ----------
    cells : tensor of shape (n, *GRID, 1)
        Logits of a lesion; its probability is the first concept.
    fine : tensor of shape (n, *GRID, k), ≥ 0
    coarse : tensor of shape (n, rows / 16, columns / 16, m), ≥ 0
    gated : bool
        Whether a cell counts by the root of its probability of a lesion.

    Returns
    -------
    tensor of shape (n, *GRID, 1 + k + m)
        Each concept by its strongest cells alone; those below half of its maximum, and those at the border,
        are 0.
    """
    layers, ops = keras().layers, keras().ops
    lesion = layers.Activation("sigmoid", name="lesion", dtype="float32")(cells)
    larger = layers.UpSampling2D(name="coarse_up", dtype="float32")(coarse)
    found = layers.Concatenate(name="concepts", dtype="float32")([lesion, fine, larger])
    if gated:
        # Where nothing looks like a lesion, no concept counts: the score comes from where it may point.
        found = layers.Multiply(name="gated", dtype="float32")([found, ops.sqrt(lesion + TINY)])
    # Convolutions make edges of their own at the border of the picture, and concepts had come to look there.
    found = layers.ZeroPadding2D(1, name="bordered", dtype="float32")(
        layers.Cropping2D(1, name="inner", dtype="float32")(found)
    )
    weight = ops.relu(found - HALF * ops.max(found, axis=(1, 2), keepdims=True))
    # A concept that is nowhere to be seen has no maximum.
    weight = weight / (ops.mean(weight, axis=(1, 2), keepdims=True) + TINY)
    peaks = layers.Multiply(name="peaks", dtype="float32")([found, weight])
    return _spread(peaks)


def smoothed(evidence: Any, cells: float) -> Any:  # noqa: ANN401 - Keras is untyped
    """Smooth one map (n, *GRID, 1) by a Gaussian of ``cells``: what lies side by side adds up.

    The map goes on beyond its edges as in a mirror, so its sum stays what it is, and so does the score.
    """
    reach = round(3.0 * cells)
    line = np.exp(-0.5 * (np.arange(-reach, reach + 1) / cells) ** 2)
    around = ((0, 0), (reach, reach), (reach, reach), (0, 0))
    larger = keras().ops.pad(evidence, around, mode="symmetric")
    return filtered(larger, line / line.sum(), name=TARGET, padding="valid")


def _spread(peaks: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    """Spread each cell over its neighbours, so that places that several concepts name side by side add up.

    The cells at the border are 0, so nothing is lost: the average stays what it is.
    """
    return filtered(peaks, np.array([1.0, 2.0, 1.0]) / 4.0, name=TARGET)
