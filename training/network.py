"""The network of the embedded model, and its training. TensorFlow is imported inside the functions."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mammo_core.records import FloatArray
from training.cases import GRID, SPEC, Case, stacked

WIDTHS = (12, 24, 32, 40)
"""Channels at strides 2, 4, 8 and above."""
TARGET = "target"
GAIN = 300.0
"""Logits per unit of the mean cell. Training sees cells of a few units; the exported head has them times this,
because a lesion fills few of the 1728 cells over which the head averages."""
CUT = 3.0
"""Cell value at which the localisation loss is indifferent."""
BATCH = 16
RATE = 3e-3


@dataclass(frozen=True, slots=True, eq=False)
class Trainable:
    """The network without its head, and the head's weights.

    The head is linear, so the map of cells A·v is all that it looks at: the explanation is the prediction.

    Parameters
    ----------
    backbone : keras.Model
        Images to A, the output of the layer ``target``, (n, h, w, k).
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
    """Build the untrained network: strided convolutions, and a coarser branch that sees 15 cm around."""
    keras = _keras()
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    image = keras.Input((None, None, SPEC.channels), name="image")
    half = _block(image, WIDTHS[0], 2)
    quarter = _block(half, WIDTHS[1], 2)
    fine = _block(_block(quarter, WIDTHS[2], 2), WIDTHS[2], 1)
    coarse = _block(_block(fine, WIDTHS[3], 2), WIDTHS[3], 1)
    coarsest = _block(_block(coarse, WIDTHS[3], 2), WIDTHS[3], 1)
    coarse = keras.layers.Add()([coarse, keras.layers.UpSampling2D()(coarsest)])
    coarse = _block(coarse, WIDTHS[2], 1)
    fine = keras.layers.Add()([fine, keras.layers.UpSampling2D()(coarse)])
    target = _block(fine, WIDTHS[2], 1, name=TARGET)
    return Trainable(
        backbone=keras.Model(image, target),
        weights=tf.Variable(np.full(WIDTHS[2], 0.3, dtype=np.float32)),
        bias=tf.Variable(-2.0),
    )


def train(
    cases: list[Case],
    *,
    seed: int,
    epochs: int,
    patch_epochs: int = 0,
    steps: int | None = None,
    report: Callable[[int, float], None] = lambda _epoch, _loss: None,
) -> tuple[Trainable, list[float]]:
    """Train a fresh network.

    Parameters
    ----------
    cases : list of Case
        At least one batch of 16.
    seed : int
        Of the first weights, the order and the augmentation.
    epochs : int
    steps : int or None
        Stop after so many batches; None: all.
    report : callable
        Told the number of each epoch, from 1, and its mean loss.

    Returns
    -------
    Trainable
    list of float
        Loss of each batch.
    """
    keras = _keras()
    import tensorflow as tf

    network = build(seed)
    images, targets, labels = stacked(cases)
    centres = _centres(targets)
    rng = np.random.default_rng(seed)
    per_epoch = len(cases) // BATCH
    total = (patch_epochs + epochs) * per_epoch
    rate = keras.optimizers.schedules.CosineDecay(
        RATE / 10, total, warmup_target=RATE, warmup_steps=total // 20
    )
    step = tf.function(_step(network, keras.optimizers.Adam(rate)))
    losses: list[float] = []
    for epoch in range(1, patch_epochs + epochs + 1):
        order = rng.permutation(len(cases))
        patch = epoch <= patch_epochs
        for start in range(0, len(cases) - BATCH + 1, BATCH):
            if len(losses) == steps:
                return network, losses
            ch = order[start : start + BATCH]
            im, ta = images[ch], targets[ch]
            if patch:
                im, ta = _crop(im, ta, centres[ch // 2], rng)
            k = len(losses)
            share = 0.0 if patch else 1.0
            losses.append(
                float(
                    step(
                        im,
                        ta,
                        labels[ch],
                        tf.constant([seed, 10 * k], tf.int32),
                        tf.constant(share, tf.float32),
                    )
                )
            )
        report(epoch, float(np.mean(losses[-per_epoch:])))
    return network, losses


PATCH = 20
DI = 0.0
NOISE = 0.012
BLUR = 0.6


def _centres(targets):
    t = targets[::2].astype(np.float32)
    t = t / t.sum((1, 2), keepdims=True)
    return np.stack([(t.sum(2) * np.arange(GRID[0])).sum(1), (t.sum(1) * np.arange(GRID[1])).sum(1)], 1)


def _crop(im, ta, ce, rng):
    off = rng.integers(2, PATCH - 2, size=(len(im), 2))
    c = np.clip(np.round(ce).astype(int) - off, 0, np.array(GRID) - PATCH)
    I = np.stack([i[8 * r : 8 * (r + PATCH), 8 * q : 8 * (q + PATCH)] for i, (r, q) in zip(im, c)])
    T = np.stack([i[r : r + PATCH, q : q + PATCH] for i, (r, q) in zip(ta, c)])
    if rng.uniform() < DI:
        I, T = I.transpose(0, 2, 1, 3), T.transpose(0, 2, 1)
    if rng.uniform() < DI:
        I, T = I[:, :, ::-1], T[:, :, ::-1]
    return I, T


def predict(network: Trainable, cases: list[Case]) -> tuple[FloatArray, FloatArray]:
    """Cells (n, h, w) in the network's unit and logits (n,) of some cases."""
    parts = []
    for start in range(0, len(cases), BATCH):
        images, _, _ = stacked(cases[start : start + BATCH])
        parts.append(np.asarray(network.cells(images.astype(np.float32), training=False)))
    cells: FloatArray = np.concatenate(parts)
    return cells, np.asarray(network.logits(cells), dtype=np.float32)


def exported(network: Trainable) -> Any:  # noqa: ANN401 - Keras is untyped
    """Give the network its head: global average, one unit, sigmoid; Grad-CAM of it is A·v exactly."""
    keras = _keras()
    pooled = keras.layers.GlobalAveragePooling2D(name="average")(network.backbone.output)
    head = keras.layers.Dense(1, activation="sigmoid", name="score")
    model = keras.Model(network.backbone.input, head(pooled), name="phantom_cnn")
    head.set_weights([GAIN * network.weights.numpy()[:, None], network.bias.numpy()[None]])
    return model


def _keras() -> Any:  # noqa: ANN401 - Keras is untyped
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras

    return keras


def _block(tensor: Any, channels: int, stride: int, *, name: str | None = None) -> Any:  # noqa: ANN401
    layers = _keras().layers
    tensor = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(tensor)
    shift = -1.5 if name == TARGET else 0.0
    tensor = layers.BatchNormalization(momentum=0.9, beta_initializer=_keras().initializers.Constant(shift))(
        tensor
    )
    return layers.Activation("relu", name=name)(tensor)


def _step(network: Trainable, optimizer: Any) -> Callable[..., Any]:  # noqa: ANN401 - Keras is untyped
    import tensorflow as tf

    def step(images: Any, targets: Any, labels: Any, seed: Any, share: Any) -> Any:  # noqa: ANN401
        images, targets = _augmented(tf.cast(images, tf.float32), tf.cast(targets, tf.float32), seed)
        with tf.GradientTape() as tape:
            cells = network.cells(images, training=True)
            loss = _loss(cells, network.logits(cells), targets, labels, share)
        gradients = tape.gradient(loss, network.variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        optimizer.apply_gradients(zip(gradients, network.variables, strict=True))
        return loss

    return step


def _loss(cells: Any, logits: Any, targets: Any, labels: Any, share: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """Classification, and localisation: cells of the lesion above ``CUT``, all others below."""
    import tensorflow as tf

    classification = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    per_cell = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=cells - CUT)
    # Each lesion counts the same, whatever its size; so does each image's background.
    inside = tf.reduce_sum(per_cell * targets, axis=(1, 2)) / (tf.reduce_sum(targets, axis=(1, 2)) + 1.0)
    outside = tf.reduce_sum(per_cell * (1.0 - targets), axis=(1, 2)) / LOC_BG
    return tf.reduce_mean(share * classification + inside + outside)


LOC_BG = 60.0
RAMP = 0.4


def _augmented(images: Any, targets: Any, seed: Any) -> tuple[Any, Any]:  # noqa: ANN401 - TensorFlow is untyped
    """Upside down, blur, gamma, gain and noise, each image with its own."""
    import tensorflow as tf

    def drawn(index: int, low: float, high: float) -> Any:  # noqa: ANN401 - TensorFlow is untyped
        return tf.random.stateless_uniform((BATCH, 1, 1, 1), seed + index, low, high)

    flip = drawn(0, 0.0, 1.0) < 0.5
    images = tf.where(flip, images[:, ::-1], images)
    targets = tf.where(flip[..., 0], targets[:, ::-1], targets)
    blurred = tf.nn.avg_pool2d(images, 3, 1, "SAME")
    images += drawn(1, 0.0, BLUR) * (blurred - images)
    images = drawn(2, 0.85, 1.15) * tf.maximum(images, 1e-4) ** tf.exp(drawn(3, -0.35, 0.35))
    noise = tf.random.stateless_normal(tf.shape(images), seed + 4)
    images += drawn(5, 0.0, NOISE) * noise * tf.cast(images > 0.02, tf.float32)
    return tf.clip_by_value(images, 0.0, 1.0), targets
