"""How the network learns: where a mass is from patches, then whether there is one from whole views."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.cases import GRID, STRIDE, Pair, images_of
from training.network import BATCH, Trainable, build

CUT = 3.0
"""Cell value at which the localisation loss is indifferent; a cell of 0 counts as a probability of 5 %."""
BACKGROUND_CELLS = 60.0
"""So many cells without a mass weigh as much as the whole mass."""
RATE = 3e-3
PATCH = 20
"""Side of a patch in cells: 160 input pixels, about 12 cm."""
BORDER = 2
"""A mass's centre lies at least so many cells inside its patch."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Length of a training.

    Parameters
    ----------
    patch_epochs : int
        Passes over patches around the masses, localisation alone: quick steps, and a network that knows
        where to look before its score counts.
    view_epochs : int
        Passes over whole views, localisation and classification.
    """

    patch_epochs: int = 14
    view_epochs: int = 4

    @property
    def epochs(self) -> int:
        """Both together."""
        return self.patch_epochs + self.view_epochs


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """All cases: those with a mass first, then, in the same order, the same breasts without."""

    images: NDArray[np.float16]
    targets: NDArray[np.float16]
    labels: NDArray[np.float32]
    centres: NDArray[np.intp]

    @classmethod
    def of(cls, pairs: list[Pair]) -> "_Data":
        cases = [pair.affected for pair in pairs] + [pair.healthy for pair in pairs]
        targets = np.stack([case.target for case in cases])
        centres = np.array([np.argwhere(case.target > 0.0).mean(axis=0) for case in cases[: len(pairs)]])
        return cls(
            images=images_of(cases),
            targets=targets,
            labels=np.repeat(np.array([1.0, 0.0], dtype=np.float32), len(pairs)),
            centres=np.tile(np.rint(centres).astype(np.intp), (2, 1)),
        )

    def views(self, chosen: NDArray[np.intp]) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
        """Images and targets of whole views."""
        return self.images[chosen], self.targets[chosen]

    def patches(
        self, chosen: NDArray[np.intp], rng: np.random.Generator
    ) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
        """Images and targets around the place of the mass, which lies anywhere in the patch."""
        offset = rng.integers(BORDER, PATCH - BORDER, size=(len(chosen), 2))
        corners = np.clip(self.centres[chosen] - offset, 0, np.array(GRID) - PATCH)
        size = PATCH * STRIDE
        images = [
            self.images[case, row * STRIDE : row * STRIDE + size, column * STRIDE : column * STRIDE + size]
            for case, (row, column) in zip(chosen, corners, strict=True)
        ]
        targets = [
            self.targets[case, row : row + PATCH, column : column + PATCH]
            for case, (row, column) in zip(chosen, corners, strict=True)
        ]
        return np.stack(images), np.stack(targets)


def train(
    pairs: list[Pair],
    *,
    seed: int,
    plan: Plan,
    report: Callable[[int, float], None] = lambda _epoch, _loss: None,
) -> tuple[Trainable, list[float]]:
    """Train a fresh network.

    Parameters
    ----------
    pairs : list of Pair
        At least 8, which make one batch.
    seed : int
        Of the first weights, the order and the augmentation.
    plan : Plan
    report : callable
        Told the number of each epoch, from 1, and its mean loss.

    Returns
    -------
    Trainable
    list of float
        Loss of each batch.
    """
    import tensorflow as tf

    network, data, rng = build(seed), _Data.of(pairs), np.random.default_rng(seed)
    per_epoch = len(data.labels) // BATCH
    step = _step(network, steps=plan.epochs * per_epoch, seed=seed)
    losses: list[float] = []
    for epoch in range(plan.epochs):
        whole = epoch >= plan.patch_epochs
        order = rng.permutation(len(data.labels))
        for chosen in np.split(order[: per_epoch * BATCH], per_epoch):
            images, targets = data.views(chosen) if whole else data.patches(chosen, rng)
            number, share = tf.constant(len(losses)), tf.constant(float(whole))
            losses.append(float(step(images, targets, data.labels[chosen], number, share)))
        report(epoch + 1, float(np.mean(losses[-per_epoch:])))
    return network, losses


def _step(network: Trainable, *, steps: int, seed: int) -> Callable[..., Any]:
    """One step of Adam, compiled for patches and for views; it returns the loss."""
    import keras
    import tensorflow as tf

    rate = keras.optimizers.schedules.CosineDecay(
        RATE / 10.0, steps, warmup_target=RATE, warmup_steps=max(1, steps // 20)
    )
    optimizer = keras.optimizers.Adam(rate)

    def step(images: Any, targets: Any, labels: Any, number: Any, share: Any) -> Any:  # noqa: ANN401
        images, targets = tf.cast(images, tf.float32), tf.cast(targets, tf.float32)
        images, targets = _augmented(images, targets, seed, number)
        with tf.GradientTape() as tape:
            cells = network.cells(images, training=True)
            scored = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=network.logits(cells))
            loss = tf.reduce_mean(share * scored + _localisation(cells, targets))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, network.variables), 5.0)
        optimizer.apply_gradients(zip(gradients, network.variables, strict=True))
        return loss

    traced: Callable[..., Any] = tf.function(step)
    return traced


def _localisation(cells: Any, targets: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """Loss (n,) that wants the cells of the mass above ``CUT`` and all others below.

    Every mass counts the same whatever its size.
    """
    import tensorflow as tf

    each = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=cells - CUT)
    mass = tf.reduce_sum(each * targets, axis=(1, 2)) / (tf.reduce_sum(targets, axis=(1, 2)) + 1.0)
    return mass + tf.reduce_sum(each * (1.0 - targets), axis=(1, 2)) / BACKGROUND_CELLS


def _augmented(images: Any, targets: Any, seed: int, number: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Upside down, blur, gain, gamma and noise: each image has its own."""
    import tensorflow as tf

    def drawn(index: int, low: float, high: float) -> Any:  # noqa: ANN401 - TensorFlow is untyped
        return tf.random.stateless_uniform((BATCH, 1, 1, 1), tf.stack([seed * 16 + index, number]), low, high)

    upside_down = drawn(0, 0.0, 1.0) < 0.5
    images = tf.where(upside_down, images[:, ::-1], images)
    targets = tf.where(upside_down[..., 0], targets[:, ::-1], targets)
    images += drawn(1, 0.0, 0.6) * (tf.nn.avg_pool2d(images, 3, 1, "SAME") - images)
    images = drawn(2, 0.85, 1.15) * tf.maximum(images, 1e-4) ** tf.exp(drawn(3, -0.35, 0.35))
    noise = tf.random.stateless_normal(tf.shape(images), tf.stack([seed * 16 + 4, number]))
    images += drawn(5, 0.0, 0.012) * noise * tf.cast(images > 0.02, tf.float32)
    return tf.clip_by_value(images, 0.0, 1.0), targets
