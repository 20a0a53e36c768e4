"""What the network sees first: grey values, and the same against the tissue around them, near and far.

Manufacturers render the same breast dark and steep, or bright and flat. Local contrast is alike on all of
them, on film too. It is a part of the network, so that whoever serves the network serves it.
"""

from typing import Any

import numpy as np

from training.mammogram.heads import keras
from training.mammogram.inputs import GRID, STRIDE

AIR = 0.02
"""Display values up to here are no tissue."""
AROUND = (9, 31)
"""Cells, of eight pixels each, over which mean and spread are taken: about 36 mm, in which specks and small
masses stand out, and 124 mm, in which large ones do."""
LEAST = 0.03
"""Spread, of full scale, that is added to what is found: even tissue has no contrast to enlarge."""
STEEP = 4.0
"""Spreads at which the contrast ends: a clip, a skin fold, a label."""


def with_contrast(image: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    """Grey values (n, rows, columns, 1), 0 to 1, to these and their local contrasts (n, rows, columns, 3).

    A contrast is (x − μ) / (σ + :data:`LEAST`), with μ and σ of the tissue around, and 0 in air.
    """
    layers, ops = keras().layers, keras().ops
    tissue = ops.cast(image > AIR, "float32")
    inside = image * tissue
    means = layers.AveragePooling2D(STRIDE, name="means", dtype="float32")(
        layers.Concatenate(name="moments", dtype="float32")([tissue, inside, inside * inside])
    )
    contrasts = [tissue * _contrast(image, means, width) for width in AROUND]
    return layers.Concatenate(name="contrast", dtype="float32")([image, *contrasts])


def _contrast(image: Any, means: Any, width: int) -> Any:  # noqa: ANN401 - Keras is untyped
    """Against mean and spread over ``width`` cells; ``means`` are of tissue, grey value and its square."""
    layers, ops = keras().layers, keras().ops
    sums = _around(width)(means)
    # Air has no part in the mean: else all that lies near the skin would be bright.
    share = ops.maximum(sums[..., :1], 1e-3)
    mean = sums[..., 1:2] / share
    spread = ops.sqrt(ops.maximum(sums[..., 2:] / share - mean * mean, 0.0))
    field = layers.UpSampling2D(STRIDE, interpolation="bilinear", name=f"field{width}", dtype="float32")(
        layers.Concatenate(name=f"mean_and_spread{width}", dtype="float32")([mean, spread])
    )
    return ops.clip((image - field[..., :1]) / (field[..., 1:] + LEAST), -STEEP, STEEP)


def _around(width: int) -> Any:  # noqa: ANN401 - Keras is untyped
    """Weighted sum over cells around each, of three maps apart."""
    line = np.hanning(width + 2)[1:-1].astype(np.float32)
    kernel = np.repeat((np.outer(line, line) / line.sum() ** 2)[:, :, None, None], 3, axis=2)
    layer = keras().layers.DepthwiseConv2D(
        width, padding="same", use_bias=False, trainable=False, name=f"around{width}", dtype="float32"
    )
    layer.build((None, *GRID, 3))
    layer.set_weights([kernel])
    return layer
