"""What the network sees first: grey values, and the same against the tissue around them.

Manufacturers render the same breast dark and steep, or bright and flat. Local contrast is alike on all of
them, on film too. It is a part of the network, so that whoever serves the network serves it.
"""

from typing import Any

import numpy as np

from training.mammogram.heads import keras
from training.mammogram.inputs import GRID, STRIDE

AIR = 0.02
"""Display values up to here are no tissue."""
AROUND = 9
"""Cells, of eight pixels each, over which mean and spread are taken: about 36 mm."""
LEAST = 0.03
"""Spread, of full scale, that is added to what is found: even tissue has no contrast to enlarge."""
STEEP = 4.0
"""Spreads at which the contrast ends: a clip, a skin fold, a label."""


def with_contrast(image: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    """Grey values (n, rows, columns, 1), 0 to 1, to these and their local contrast (n, rows, columns, 2).

    The contrast is (x − μ) / (σ + :data:`LEAST`), with μ and σ of the tissue within 18 mm, and 0 in air.
    """
    layers, ops = keras().layers, keras().ops
    tissue = ops.cast(image > AIR, "float32")
    inside = image * tissue
    around = _around()
    sums = around(
        layers.AveragePooling2D(STRIDE, name="means", dtype="float32")(
            layers.Concatenate(name="moments", dtype="float32")([tissue, inside, inside * inside])
        )
    )
    # Air has no part in the mean: else all that lies near the skin would be bright.
    share = ops.maximum(sums[..., :1], 1e-3)
    mean = sums[..., 1:2] / share
    spread = ops.sqrt(ops.maximum(sums[..., 2:] / share - mean * mean, 0.0))
    field = layers.UpSampling2D(STRIDE, interpolation="bilinear", name="field", dtype="float32")(
        layers.Concatenate(name="mean_and_spread", dtype="float32")([mean, spread])
    )
    contrast = tissue * ops.clip((image - field[..., :1]) / (field[..., 1:] + LEAST), -STEEP, STEEP)
    return layers.Concatenate(name="contrast", dtype="float32")([image, contrast])


def _around() -> Any:  # noqa: ANN401 - Keras is untyped
    """Weighted sum over cells around each, of three maps apart."""
    line = np.hanning(AROUND + 2)[1:-1].astype(np.float32)
    kernel = np.repeat((np.outer(line, line) / line.sum() ** 2)[:, :, None, None], 3, axis=2)
    layer = keras().layers.DepthwiseConv2D(
        AROUND, padding="same", use_bias=False, trainable=False, name="around", dtype="float32"
    )
    layer.build((None, *GRID, 3))
    layer.set_weights([kernel])
    return layer
