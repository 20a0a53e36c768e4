"""Keras networks of every shape that people build, small."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from mammo_core.models.manifest import Head, Manifest
from mammo_core.models.store import ModelFiles
from mammo_core.records import FloatArray

Network = Any
Layer = Any
Tensor = Any
SHAPE = (32, 24)
FOLLOWING = ("bias", "beta", "moving_mean")
SPREAD = ("gamma", "moving_variance")


def saved(network: Network, manifest: Manifest | None = None, suffix: str = ".keras") -> ModelFiles:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"m{suffix}"
        network.save(path)
        weights = path.read_bytes()
    return files_of(weights, manifest, suffix)


def files_of(weights: bytes, manifest: Manifest | None = None, suffix: str = ".keras") -> ModelFiles:
    return ModelFiles(weights, suffix, hashlib.sha256(weights).hexdigest(), manifest, None)


@dataclass(frozen=True)
class Case:
    """A network, and its layers before and after the layer to explain, to be applied one by one.

    Parameters
    ----------
    network : keras.Model
        Computes in float32.
    file : ModelFiles or None
        The network as it was saved, where that is not this one.
    """

    network: Network
    before: tuple[Layer, ...]
    after: tuple[Layer, ...]
    head: Head
    target: str
    file: ModelFiles | None = None

    def activations(self, tensor: FloatArray) -> Tensor:
        """The output of the layer to explain."""
        values = tf.constant(tensor)
        for layer in self.before:
            values = layer(values, training=False)
        return values

    def logits(self, activations: Tensor) -> Tensor:
        """What follows the layer to explain, without the last activation."""
        values = activations
        for layer in self.after:
            if layer is self.after[-1] and isinstance(layer, layers.Dense):
                values = values @ layer.kernel + layer.bias
            elif not isinstance(layer, layers.Activation | layers.Softmax) and callable(layer):
                values = layer(values, training=False) if isinstance(layer, layers.Layer) else values
        return values[0]

    @property
    def channels(self) -> int:
        """Of the input."""
        return int(self.network.input_shape[-1])


def randomised(network: Network, seed: int = 5) -> Network:
    """Give a network weights that no initialiser leaves at 0 or 1, as training would."""
    random = np.random.default_rng(seed)
    for weight in network.weights:
        if weight.name in FOLLOWING:
            weight.assign(random.normal(scale=0.3, size=weight.shape))
        elif weight.name in SPREAD:
            weight.assign(random.uniform(0.5, 2.0, size=weight.shape))
        elif weight.name == "kernel":
            weight.assign(1.5 * weight)
    return network


def applied(inputs: Tensor, chain: list[Layer]) -> Tensor:
    """What the layers make of a symbolic input, one after the other."""
    for layer in chain:
        inputs = layer(inputs)
    return inputs


def case(before: list[Layer], after: list[Layer], head: Head, target: str, *, channels: int = 1) -> Case:
    """Put layers together to a functional network."""
    image = keras.Input((*SHAPE, channels))
    network = keras.Model(image, applied(image, [*before, *after]))
    return Case(randomised(network), tuple(before), tuple(after), head, target)


def sequential_case(chain: list[Layer], cut: int, head: Head, target: str) -> Case:
    """Put layers together to a Sequential; without an Input among them, the first data builds it.

    Parameters
    ----------
    cut : int
        How many of its layers come before what follows the layer to explain.
    """
    network = keras.Sequential(chain)
    network(np.zeros((1, *SHAPE, 1), np.float32))
    return of_sequential(randomised(network), cut, head, target)


def of_sequential(network: Network, cut: int, head: Head, target: str) -> Case:
    return Case(network, tuple(network.layers[:cut]), tuple(network.layers[cut:]), head, target)


def conv(filters: int, name: str, **options: object) -> Layer:
    return layers.Conv2D(filters, 3, padding="same", **{"activation": "relu", **options}, name=name)


def flat() -> Case:
    return case(
        [conv(8, "c1", strides=2), layers.BatchNormalization(), conv(6, "c2")],
        [layers.GlobalAveragePooling2D(), layers.Dense(1, "sigmoid")],
        Head.SIGMOID,
        "c2",
    )


def softmax_chain() -> list[Layer]:
    hidden, last = layers.Dense(5, "relu"), layers.Dense(2, "softmax")
    pooled = [layers.MaxPooling2D(), conv(8, "c2"), layers.GlobalAveragePooling2D()]
    return [conv(6, "c1"), *pooled, hidden, last]


def sequential() -> Case:
    return sequential_case([keras.Input((*SHAPE, 1)), *softmax_chain()], 3, Head.SOFTMAX, "c2")


def sequential_without_input() -> Case:
    return sequential_case(softmax_chain(), 3, Head.SOFTMAX, "c2")


def reloaded_sequential() -> Case:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "m.keras"
        sequential_without_input().network.save(path)
        return of_sequential(keras.saving.load_model(path), 3, Head.SOFTMAX, "c2")


def backbone(name: str, *, channels: int = 1) -> Network:
    image = keras.Input((*SHAPE, channels))
    return keras.Model(image, conv(7, "deep")(conv(5, "c1", strides=2)(image)), name=name)


def sequential_of_a_backbone() -> Case:
    chain = [
        keras.Input((*SHAPE, 1)),
        backbone("backbone"),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.5),
        layers.Dense(1, "sigmoid"),
    ]
    return sequential_case(chain, 1, Head.SIGMOID, "deep")


def nested() -> Case:
    return case(
        [layers.Rescaling(1 / 255), backbone("backbone")],
        [layers.GlobalAveragePooling2D(), layers.Dropout(0.5), layers.Dense(3, "softmax")],
        Head.SOFTMAX,
        "deep",
    )


def nested_in_three_channels() -> Case:
    return case(
        [layers.Rescaling(1 / 127.5, offset=-1.0), backbone("backbone", channels=3)],
        [layers.GlobalAveragePooling2D(), layers.Dense(1, "sigmoid")],
        Head.SIGMOID,
        "deep",
        channels=3,
    )


def nested_twice() -> Case:
    inner = keras.Sequential([keras.Input((*SHAPE, 1)), conv(5, "c1", strides=2), conv(6, "deepest")])
    inputs = keras.Input((*SHAPE, 1))
    outer = keras.Model(inputs, inner(layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)), name="outer")
    return case(
        [outer],
        [layers.GlobalMaxPooling2D(), layers.Dense(1, "sigmoid")],
        Head.SIGMOID,
        "deepest",
    )


def flatten() -> Case:
    # No ReLU before the pooling: of a window of zeros, TensorFlow's own gradient picks the first.
    return case(
        [conv(4, "c1"), layers.MaxPooling2D(4), conv(5, "c2", activation="elu")],
        [layers.MaxPooling2D(), layers.Flatten(), layers.Dense(6, "relu"), layers.Dense(1, "sigmoid")],
        Head.SIGMOID,
        "c2",
    )


def linear() -> Case:
    plain = layers.Conv2D(6, 3, strides=2, name="c1")
    return case(
        [plain, layers.BatchNormalization(), layers.ReLU(name="act")],
        [layers.GlobalAveragePooling2D(), layers.BatchNormalization(), layers.Dense(1)],
        Head.LINEAR,
        "act",
    )


def headed(*after: Layer, head: Head, target: str = "c1") -> Case:
    """One convolution, and the given layers."""
    return case([conv(6, "c1", strides=2)], [*after], head, target)


def activation_layer() -> Case:
    return headed(
        layers.GlobalAveragePooling2D(), layers.Dense(1), layers.Activation("sigmoid"), head=Head.SIGMOID
    )


def softmax_layer() -> Case:
    return headed(layers.GlobalAveragePooling2D(), layers.Dense(2), layers.Softmax(), head=Head.SOFTMAX)


def activation_operation() -> Case:
    return headed(layers.GlobalAveragePooling2D(), layers.Dense(1), keras.ops.sigmoid, head=Head.SIGMOID)


def two_sigmoids() -> Case:
    return headed(layers.GlobalAveragePooling2D(), layers.Dense(2, "sigmoid"), head=Head.SIGMOID)


def linear_of_three() -> Case:
    return headed(layers.Flatten(), layers.Dense(3), head=Head.LINEAR)


def mixed_float16() -> Case:
    """Trained in mixed precision; both backends compute it in float32."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        mixed = flat().network
    finally:
        keras.config.set_dtype_policy("float32")
    twin = flat()
    twin.network.set_weights(mixed.get_weights())
    assert {layer.compute_dtype for layer in mixed.layers} == {"float16"}
    return Case(twin.network, twin.before, twin.after, twin.head, twin.target, saved(mixed))


BUILDERS: dict[str, Callable[[], Case]] = {
    builder.__name__: builder
    for builder in (
        flat,
        sequential,
        sequential_without_input,
        reloaded_sequential,
        sequential_of_a_backbone,
        nested,
        nested_in_three_channels,
        nested_twice,
        flatten,
        linear,
        activation_layer,
        softmax_layer,
        activation_operation,
        two_sigmoids,
        linear_of_three,
        mixed_float16,
    )
}


def fresh(name: str) -> Case:
    """A case of its own; the same weights each time."""
    keras.utils.set_random_seed(5)
    return BUILDERS[name]()


@cache
def built(name: str) -> Case:
    """The case that tests share, and do not change."""
    return fresh(name)
