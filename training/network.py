"""The network of the phantom model. TensorFlow is imported inside the functions."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from mammo_core.records import FloatArray
from training.cases import SPEC, Case, images_of

WIDTHS = (12, 24, 32, 40)
"""Channels at strides 2, 4, 8, and at 16 and 32."""
TARGET = "target"
GAIN = 300.0
"""Logits per unit of the mean cell. Training sees cells of a few units; the exported head has this factor in
its weights, because a mass fills few of the 1120 cells over which the head averages."""
BATCH = 16


@dataclass(frozen=True, slots=True, eq=False)
class Trainable:
    """The network without its head, and the head's weights.

    The head averages and is linear, so the map of cells A·v is all that it looks at.

    Parameters
    ----------
    backbone : keras.Model
        Images of any multiple of 32 pixels to A, the output of the layer ``target``, (n, h, w, k).
    weights : tf.Variable
        v, (k,): a cell is A·v.
    bias : tf.Variable
    """

    backbone: Any
    weights: Any
    bias: Any

    @property
    def variables(self) -> list[Any]:
        """All that is trained."""
        return [*self.backbone.trainable_variables, self.weights, self.bias]

    def cells(self, images: Any, *, training: bool) -> Any:  # noqa: ANN401 - TensorFlow is untyped
        """A·v of each cell, (n, h, w)."""
        import tensorflow as tf

        return tf.tensordot(self.backbone(images, training=training), self.weights, 1)

    def logits(self, cells: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
        """Scores (n,) of cells (n, h, w)."""
        import tensorflow as tf

        return GAIN * tf.reduce_mean(cells, axis=(1, 2)) + self.bias


def build(seed: int) -> Trainable:
    """Build the untrained network."""
    _keras().utils.set_random_seed(seed)
    import tensorflow as tf

    return Trainable(
        backbone=_backbone(None, None),
        weights=tf.Variable(np.full(WIDTHS[2], 0.3, dtype=np.float32)),
        bias=tf.Variable(np.float32(-2.0)),
    )


def predict(network: Trainable, cases: list[Case]) -> tuple[FloatArray, FloatArray]:
    """Cells (n, h, w) in the network's unit, and logits (n,), of some cases."""
    parts = []
    for start in range(0, len(cases), BATCH):
        images = images_of(cases[start : start + BATCH]).astype(np.float32)
        parts.append(np.asarray(network.cells(images, training=False)))
    cells: FloatArray = np.concatenate(parts)
    return cells, np.asarray(network.logits(cells), dtype=np.float32)


def exported(network: Trainable) -> Any:  # noqa: ANN401 - Keras is untyped
    """Give the network its input size and its head: global average, one unit, sigmoid.

    With this head Grad-CAM, HiResCAM and CAM are the same map, A·v times the gain.
    """
    keras = _keras()
    backbone = _backbone(SPEC.rows, SPEC.columns)
    backbone.set_weights(network.backbone.get_weights())
    pooled = keras.layers.GlobalAveragePooling2D(name="average")(backbone.output)
    head = keras.layers.Dense(1, activation="sigmoid", name="score")
    model = keras.Model(backbone.input, head(pooled), name="phantom_cnn")
    head.set_weights([GAIN * network.weights.numpy()[:, None], network.bias.numpy()[None]])
    return model


def _backbone(rows: int | None, columns: int | None) -> Any:  # noqa: ANN401 - Keras is untyped
    """Strided convolutions to stride 8, joined by a coarser branch that sees several cm around each cell."""
    keras = _keras()
    image = keras.Input((rows, columns, SPEC.channels), name="image")
    quarter = _block(_block(image, "half", WIDTHS[0], 2), "quarter", WIDTHS[1], 2)
    eighth = _block(_block(quarter, "eighth", WIDTHS[2], 2), "eighth_2", WIDTHS[2], 1)
    coarse = _block(_block(eighth, "coarse", WIDTHS[3], 2), "coarse_2", WIDTHS[3], 1)
    coarsest = _block(_block(coarse, "coarsest", WIDTHS[3], 2), "coarsest_2", WIDTHS[3], 1)
    joined = _block(_join(coarse, coarsest, "coarse_join"), "coarse_3", WIDTHS[2], 1)
    target = _block(_join(eighth, joined, "eighth_join"), TARGET, WIDTHS[2], 1, shift=-1.5)
    return keras.Model(image, target)


def _block(tensor: Any, name: str, channels: int, stride: int, *, shift: float = 0.0) -> Any:  # noqa: ANN401
    """Convolution, normalisation and ReLU; a negative ``shift`` starts with most cells at zero."""
    keras = _keras()
    layers = keras.layers
    tensor = layers.Conv2D(
        channels, 3, strides=stride, padding="same", use_bias=False, name=f"{name}_convolution"
    )(tensor)
    beta = keras.initializers.Constant(shift)
    tensor = layers.BatchNormalization(momentum=0.9, beta_initializer=beta, name=f"{name}_norm")(tensor)
    return layers.Activation("relu", name=name)(tensor)


def _join(fine: Any, coarse: Any, name: str) -> Any:  # noqa: ANN401 - Keras is untyped
    layers = _keras().layers
    return layers.Add(name=name)([fine, layers.UpSampling2D(name=f"{name}_up")(coarse)])


def _keras() -> Any:  # noqa: ANN401 - Keras is untyped
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    return keras
