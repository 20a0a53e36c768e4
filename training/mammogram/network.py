"""The network of the default model. Keras is imported inside the functions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from training.mammogram.contrast import CONTRAST, with_contrast
from training.mammogram.heads import TARGET, concepts, smoothed, strongest
from training.mammogram.inputs import GRID, SPEC
from training.mammogram.layers import keras

START_SHARE = 0.02
"""Chance that a cell shows a lesion, as an untrained network has it."""
STRONGEST = round(0.02 * GRID[0] * GRID[1])
"""Cells whose mean is the score of the head of that name."""
SMOOTH_CELLS = 2.0
"""Standard deviation, in cells, over which the map that ships is smoothed: about the size of a lesion."""


class Head(StrEnum):
    """How maps become the score; see :mod:`training.mammogram.heads`."""

    STRONGEST = "strongest"
    """The mean of the strongest cells of one map."""
    CONCEPTS = "concepts"
    """The maxima of many maps, each with its own weight."""
    GATED = "gated"
    """The same, of cells that look like a lesion."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Size of the network.

    Parameters
    ----------
    widths : tuple of int
        Channels at strides 4, 8, 16 and 32.
    depths : tuple of int
        Residual blocks at strides 4, 8, 16 and 32.
    join : int
        Channels of the path back to stride 8.
    """

    widths: tuple[int, ...] = (24, 48, 80, 112)
    depths: tuple[int, ...] = (1, 1, 2, 1)
    join: int = 48


@dataclass(frozen=True, slots=True)
class Design:
    """All that a network is built from.

    Parameters
    ----------
    layout : Layout
    head : Head
    around : tuple of int
        Cells over which contrast is taken; see :mod:`training.mammogram.contrast`.
    """

    layout: Layout = field(default_factory=Layout)
    head: Head = Head.STRONGEST
    around: tuple[int, ...] = (9,)

    def as_record(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of(cls, record: dict[str, Any]) -> "Design":
        """Read what :meth:`as_record` gave."""
        layout: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in record["layout"].items()
        }
        return cls(Layout(**layout), Head(record["head"]), tuple(record["around"]))


def build(design: Design, *, seed: int, dtype: str = "float32") -> Any:  # noqa: ANN401 - Keras is untyped
    """Build the untrained network.

    It takes images to ``score`` (n, 1), a logit; ``heat`` (n, *GRID), the map that explains it (of the head
    *strongest* all of it, not the strongest cells alone); and ``cells`` (n, *GRID), the logits of a lesion in
    each cell.

    Parameters
    ----------
    design : Design
    seed : int
        Of the first weights.
    dtype : str
        A Keras policy, such as ``mixed_bfloat16``; the last layers always compute in float32.
    """
    keras().utils.set_random_seed(seed)
    layers = keras().layers
    image = keras().Input((SPEC.rows, SPEC.columns, 1), name="image")
    fine, coarse = _body(with_contrast(image, design.around), design.layout, dtype)
    cells = _cells(fine)
    many = design.head is not Head.STRONGEST
    if many:
        gated = design.head is Head.GATED
        evidence = concepts(cells, fine, coarse, gated=gated)
    else:
        evidence = strongest(cells, STRONGEST)
    score = layers.Dense(1, name="score", kernel_initializer="zeros" if many else "ones", dtype="float32")
    average = layers.GlobalAveragePooling2D(name="average", dtype="float32")
    outputs = {
        "cells": layers.Reshape(GRID, name="cells", dtype="float32")(cells),
        "heat": layers.Reshape(GRID, name="heat", dtype="float32")(score(evidence if many else cells)),
        "score": average(score(evidence)),
    }
    return keras().Model(image, outputs, name="mammogram_cnn")


def exported(members: Sequence[Any], *, slope: float = 1.0, offset: float = 0.0) -> Any:  # noqa: ANN401
    """Make one model of networks that learnt apart: sigmoid of ``slope`` · their mean score + ``offset``.

    What each cell adds to the score is one map, the layer ``evidence``: Grad-CAM, HiResCAM and CAM of it are
    the same, and add up to the score. Layers are Keras's own: the file loads in safe mode.

    Parameters
    ----------
    members : sequence of keras.Model
        Of :func:`build`, with concepts, and contrast over the same windows.
    slope, offset : float
        Of the calibration.
    """
    layers = keras().layers
    image = keras().Input((SPEC.rows, SPEC.columns, 1), name="image")
    maps, kernels, biases = [], [], []
    # The same fixed layers for all of them.
    first = keras().Model(members[0].inputs[0], members[0].get_layer(CONTRAST).output, name=CONTRAST)
    seen = first(image)
    for number, member in enumerate(members):
        ends = member.get_layer(CONTRAST).output, member.get_layer(TARGET).output
        maps.append(keras().Model(*ends, name=f"member{number}")(seen))
        kernel, bias = member.get_layer("score").get_weights()
        kernels.append(kernel / len(members))
        biases.append(bias / len(members))
    added = layers.Conv2D(1, 1, use_bias=False, name="contributions")
    evidence = smoothed(added(layers.Concatenate(name="concepts")(maps)), SMOOTH_CELLS)
    head = layers.Dense(1, activation="sigmoid", name="probability")
    pooled = layers.GlobalAveragePooling2D(name="pooled")(evidence)
    model = keras().Model(image, head(pooled), name="mammogram_cnn")
    added.set_weights([slope * np.concatenate(kernels)[None, None]])
    head.set_weights([np.ones((1, 1)), slope * np.sum(biases, axis=0) + offset])
    return model


def _cells(tensor: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    start = keras().initializers.Constant(_logit(START_SHARE))
    return keras().layers.Conv2D(1, 1, name="logits", bias_initializer=start, dtype="float32")(tensor)


def _body(image: Any, layout: Layout, dtype: str) -> tuple[Any, Any]:  # noqa: ANN401 - Keras is untyped
    """Residual blocks down to stride 32 and back: the maps at stride 8, and the blocks' own at stride 16."""
    tensor, stages = image, []
    for number, (width, depth) in enumerate(zip(layout.widths, layout.depths, strict=True)):
        name = f"stride{4 * 2**number}"
        # Straight to stride 4: at stride 2 a third of the time would go into a sixtieth of the products.
        size, stride = (8, 4) if number == 0 else (3, 2)
        tensor = _convolution(tensor, name, width, dtype, size=size, stride=stride)
        for block in range(depth):
            tensor = _residual(tensor, f"{name}_{block}", width, dtype)
        stages.append(tensor)
    coarse = _convolution(stages[3], "join32", layout.join, dtype, size=1)
    for stage, name in ((stages[2], "join16"), (stages[1], "join8")):
        fine = _convolution(stage, name, layout.join, dtype, size=1)
        layers = keras().layers
        larger = layers.UpSampling2D(name=f"{name}_up", dtype=dtype)(coarse)
        joined = layers.Add(name=f"{name}_add", dtype=dtype)([fine, larger])
        coarse = _convolution(joined, f"{name}_mix", layout.join, dtype)
    return coarse, stages[2]


def _residual(tensor: Any, name: str, width: int, dtype: str) -> Any:  # noqa: ANN401 - Keras is untyped
    layers = keras().layers
    inner = _convolution(tensor, f"{name}_a", width, dtype)
    inner = _convolution(inner, f"{name}_b", width, dtype, active=False)
    added = layers.Add(name=f"{name}_add", dtype=dtype)([tensor, inner])
    return layers.Activation("relu", name=f"{name}_relu", dtype=dtype)(added)


def _convolution(
    tensor: Any,  # noqa: ANN401 - Keras is untyped
    name: str,
    channels: int,
    dtype: str,
    *,
    size: int = 3,
    stride: int = 1,
    active: bool = True,
) -> Any:  # noqa: ANN401
    """Convolution, batch normalisation and, if ``active``, ReLU."""
    layers = keras().layers
    tensor = layers.Conv2D(
        channels,
        size,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_convolution",
        dtype=dtype,
    )(tensor)
    tensor = layers.BatchNormalization(momentum=0.95, name=f"{name}_norm", dtype=dtype)(tensor)
    return layers.Activation("relu", name=name, dtype=dtype)(tensor) if active else tensor


def _logit(share: float) -> float:
    import math

    return math.log(share / (1.0 - share))
