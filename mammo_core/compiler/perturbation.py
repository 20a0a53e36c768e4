"""A network whose weights are changed for a check, and put back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from mammo_core.compiler.layers import leaves
from mammo_core.compiler.network import Network
from mammo_core.records import FloatArray

UNTRAINED = {"gamma": 1.0, "moving_variance": 1.0, "bias": 0.0, "beta": 0.0, "moving_mean": 0.0}
"""What layers start training with, by the name of the parameter."""
GAIN = 2.0
"""Keeps the size of activations from layer to layer where half of them are cut off (He et al. 2015)."""


def weighted_layers(network: Network) -> list[Any]:
    """Layers that have weights, in the order of the network: the last one makes the logits.

    What cannot learn is left out, if there is anything else: a fixed filter of the input has not learnt.
    """
    layers = [layer for layer in leaves(network.keras) if layer.weights]
    return [layer for layer in layers if layer.trainable_weights] or layers


@contextmanager
def kept_weights(network: Network) -> Iterator[None]:
    """Put all weights back when the context ends."""
    values = [np.asarray(weight) for weight in network.keras.weights]
    try:
        yield
    finally:
        for weight, value in zip(network.keras.weights, values, strict=True):
            weight.assign(value)


def randomise(layer: Any, random: np.random.Generator) -> None:  # noqa: ANN401 - Keras is untyped
    """Give a layer weights that were never trained."""
    for weight in layer.weights:
        if weight.name in UNTRAINED or len(weight.shape) < 2:
            weight.assign(np.full(weight.shape, UNTRAINED.get(weight.name, 0.0), np.float32))
        else:
            weight.assign(_untrained(tuple(weight.shape), random))


def scale(layer: Any, factor: float) -> None:  # noqa: ANN401 - Keras is untyped
    """Multiply what a layer of a product and a sum gives."""
    for weight in layer.weights:
        weight.assign(np.float32(factor) * np.asarray(weight))


def _untrained(shape: tuple[int, ...], random: np.random.Generator) -> FloatArray:
    inputs = int(np.prod(shape[:-1]))
    return random.normal(scale=np.sqrt(GAIN / inputs), size=shape).astype(np.float32)
