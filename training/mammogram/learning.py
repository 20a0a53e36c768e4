"""How the network learns: one step, its losses, the averaged weights, and a state that can be resumed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.mammogram.batches import Batch

CLIP = 5.0
"""Largest norm of the gradient."""
SOME = 1.0
"""Evidence, summed over the map, that is none: an empty map has no gradient to divide by nothing."""
WARM_UP = 0.05
"""Share of the steps in which the rate rises."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a stage learns.

    Parameters
    ----------
    steps : int
        Of all epochs.
    rate : float
        Largest learning rate; it falls to nothing along a cosine.
    decay : float
        Weight decay.
    score_weight : float
        Of the loss of the image's label beside that of the cells.
    cell_weight : float
    energy_weight : float
        Of the loss that wants the map's evidence in lesions.
    smoothing : float
        Share by which labels are drawn towards even odds.
    """

    steps: int
    rate: float = 2e-3
    decay: float = 1e-4
    score_weight: float = 0.5
    cell_weight: float = 1.0
    energy_weight: float = 0.0
    smoothing: float = 0.0


class Learner:
    """A network while it learns.

    Parameters
    ----------
    network : keras.Model
        Of :func:`training.mammogram.network.build`.
    recipe : Recipe
    """

    def __init__(self, network: Any, recipe: Recipe) -> None:  # noqa: ANN401 - Keras is untyped
        import keras
        import tensorflow as tf

        warm_up = max(1, round(WARM_UP * recipe.steps))
        rate = keras.optimizers.schedules.CosineDecay(
            recipe.rate / 20.0,
            max(1, recipe.steps - warm_up),
            warmup_target=recipe.rate,
            warmup_steps=warm_up,
        )
        self.network = network
        self.step = 0
        self._optimizer = keras.optimizers.AdamW(rate, weight_decay=recipe.decay, clipnorm=None)
        self._optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self._optimizer.build(network.trainable_variables)
        self._averaged = [tf.Variable(weight, trainable=False) for weight in network.weights]
        self._learn = tf.function(_step(network, self._optimizer, self._averaged, recipe), autograph=False)

    def learn(self, batch: Batch) -> NDArray[np.float32]:
        """Take one step; returns the losses of cells, scores and energy."""
        import tensorflow as tf

        tensors = (
            batch.images,
            batch.shares,
            batch.weights,
            batch.located,
            batch.labels,
            batch.labelled,
        )
        losses = self._learn(*map(tf.constant, tensors), tf.constant(float(self.step)))
        self.step += 1
        return np.asarray(losses, dtype=np.float32)

    def averaged(self) -> list[NDArray[np.float32]]:
        """The averaged weights, in the network's order."""
        return [np.asarray(each) for each in self._averaged]

    def save(self, path: Path) -> None:
        """Write all that the next step depends on; a broken write leaves the former file."""
        state = {f"weight_{n}": np.asarray(w) for n, w in enumerate(self.network.weights)}
        state |= {f"averaged_{n}": np.asarray(w) for n, w in enumerate(self._averaged)}
        state |= {f"optimizer_{n}": np.asarray(w) for n, w in enumerate(self._optimizer.variables)}
        save_arrays(path, {**state, "step": np.array(self.step)})

    def restore(self, path: Path) -> None:
        """Read what :meth:`save` wrote."""
        with np.load(path) as state:
            for name, variables in (
                ("weight", self.network.weights),
                ("averaged", self._averaged),
                ("optimizer", self._optimizer.variables),
            ):
                for number, variable in enumerate(variables):
                    variable.assign(state[f"{name}_{number}"])
            self.step = int(state["step"])


def save_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write an ``.npz``, whole or not at all."""
    partial = path.with_name(f"{path.stem}.partial.npz")
    np.savez(partial, **arrays)
    partial.replace(path)


def load_weights(network: Any, path: Path) -> None:  # noqa: ANN401 - Keras is untyped
    """Give a network the weights of an ``.npz`` that :func:`save_weights` wrote."""
    with np.load(path) as saved:
        network.set_weights([saved[f"weight_{n}"] for n in range(len(network.weights))])


def save_weights(path: Path, weights: list[NDArray[np.float32]]) -> None:
    """Write weights alone, in the network's order."""
    save_arrays(path, {f"weight_{n}": weight for n, weight in enumerate(weights)})


def _step(network: Any, optimizer: Any, averaged: list[Any], recipe: Recipe) -> Callable[..., Any]:  # noqa: ANN401
    """One step of AdamW and of the average, to be compiled."""
    import tensorflow as tf

    def step(
        images: Any,  # noqa: ANN401 - TensorFlow is untyped
        shares: Any,  # noqa: ANN401
        weights: Any,  # noqa: ANN401
        located: Any,  # noqa: ANN401
        labels: Any,  # noqa: ANN401
        labelled: Any,  # noqa: ANN401
        number: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        with tf.GradientTape() as tape:
            output = network(images, training=True)
            cells = _mean(cell_loss(output["cells"], shares, weights), located)
            scores = _mean(score_loss(output["score"][:, 0], labels, recipe.smoothing), labelled)
            heat = output["heat"] - network.get_layer("score").bias
            energy = _mean(energy_loss(heat, shares), located * has_lesion(shares))
            loss = recipe.cell_weight * cells + recipe.score_weight * scores + recipe.energy_weight * energy
        gradients = tape.gradient(loss, network.trainable_variables)
        gradients, _ = tf.clip_by_global_norm(gradients, CLIP)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))
        # About the last ninth of all steps so far: first weights are soon forgotten, and the last are many.
        memory = (1.0 + number) / (10.0 + number)
        for average, weight in zip(averaged, network.weights, strict=True):
            average.assign(memory * average + (1.0 - memory) * tf.convert_to_tensor(weight))
        return tf.stack([cells, scores, energy])

    return step


def cell_loss(cells: Any, shares: Any, weights: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """Loss (n,) of the map: each lesion weighs 1, and other cells the more, the surer they are of one.

    The square of the probability picks the hard negatives out of thousands of easy ones (focal loss, Lin et
    al. 2017, arXiv:1708.02002).
    """
    import tensorflow as tf

    missed = tf.reduce_sum(weights * tf.nn.softplus(-cells), axis=(1, 2))
    wrong = (1.0 - shares) * tf.sigmoid(cells) ** 2 * tf.nn.softplus(cells)
    return missed + tf.reduce_sum(wrong, axis=(1, 2))


def energy_loss(heat: Any, shares: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """Loss (n,) of the map that is the explanation: −log of the share of its evidence that lies in lesions.

    The score says what speaks for a cancer, not where; labels of images alone let the evidence wander.
    """
    import tensorflow as tf

    evidence = tf.nn.relu(heat)
    inside = tf.reduce_sum(evidence * shares, axis=(1, 2))
    return -tf.math.log((inside + SOME) / (tf.reduce_sum(evidence, axis=(1, 2)) + SOME))


def has_lesion(shares: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """1 for views with a lesion, else 0; (n,)."""
    import tensorflow as tf

    return tf.cast(tf.reduce_any(shares > 0.0, axis=(1, 2)), tf.float32)


def score_loss(scores: Any, labels: Any, smoothing: float) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """Cross-entropy (n,) of the images' labels."""
    import tensorflow as tf

    wanted = labels * (1.0 - smoothing) + 0.5 * smoothing
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=wanted, logits=scores)


def _mean(losses: Any, weights: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    import tensorflow as tf

    return tf.reduce_sum(losses * weights) / tf.maximum(tf.reduce_sum(weights), 1.0)
