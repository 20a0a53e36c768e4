"""What the network sees first: grey values, and the same against the tissue around them, near and far.

Manufacturers render the same breast dark and steep, or bright and flat. Local contrast is alike on all of
them, on film too. It is a part of the network, so that whoever serves the network serves it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.mammogram.inputs import STRIDE
from training.mammogram.layers import filtered, keras

CONTRAST = "contrast"
"""The last of the fixed layers."""
AIR, TISSUE = 0.02, 0.06
"""Display values up to which there is air, and from which there is tissue; film's air is not black."""
FEW = 0.01
"""Share of tissue around, below which there is nothing to set a value against: a speck in air."""
LEAST = 0.03
"""Spread, of full scale, that is added to what is found: even tissue has no contrast to enlarge."""
STEEP = 4.0
"""Where contrast is cut off, as that of a clip or a label."""


def with_contrast(image: Any, around: Sequence[int]) -> Any:  # noqa: ANN401 - Keras is untyped
    """Grey values to these and their local contrasts.

    A contrast is (x − μ) / (σ + :data:`LEAST`), with μ and σ of the tissue around, and 0 in air.

    Parameters
    ----------
    image : tensor of shape (n, rows, columns, 1)
        0 to 1.
    around : sequence of int
        Cells, of eight pixels each, over which mean and spread are taken; their weight falls to nothing at
        half as many. In a narrow window specks and small masses stand out, in a wide one large masses.

    Returns
    -------
    tensor of shape (n, rows, columns, 1 + len(around))
    """
    layers, ops = keras().layers, keras().ops
    tissue = ops.clip((image - AIR) / (TISSUE - AIR), 0.0, 1.0)
    inside = image * tissue
    means = layers.AveragePooling2D(STRIDE, name="means", dtype="float32")(
        layers.Concatenate(name="moments", dtype="float32")([tissue, inside, image * inside])
    )
    contrasts = [tissue * _contrast(image, means, width) for width in around]
    return layers.Concatenate(name=CONTRAST, dtype="float32")([image, *contrasts])


def _contrast(image: Any, means: Any, width: int) -> Any:  # noqa: ANN401 - Keras is untyped
    """Against mean and spread over ``width`` cells; ``means`` are of tissue, grey value and its square."""
    layers, ops = keras().layers, keras().ops
    line = np.hanning(width + 2)[1:-1]
    sums = filtered(means, line / line.sum(), name=f"around{width}")
    # Air has no part in the mean: else all that lies near the skin would be bright.
    share = ops.maximum(sums[..., :1], FEW)
    mean = sums[..., 1:2] / share
    spread = ops.sqrt(ops.maximum(sums[..., 2:] / share - mean * mean, 0.0))
    known = ops.clip(sums[..., :1] / FEW, 0.0, 1.0)
    cells = layers.Concatenate(name=f"cells{width}", dtype="float32")([mean, 1.0 / (spread + LEAST), known])
    larger = layers.UpSampling2D(STRIDE, interpolation="bilinear", name=f"field{width}", dtype="float32")
    field = larger(cells)
    return ops.clip((image - field[..., :1]) * field[..., 1:2], -STEEP, STEEP) * field[..., 2:]
