"""Keras, imported where it is needed, and a filter that does not learn."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray


def keras() -> Any:  # noqa: ANN401 - Keras is untyped
    """Keras on TensorFlow, without its greetings."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    import keras as library

    return library


def filtered(tensor: Any, line: NDArray[np.float64], *, name: str, padding: str = "same") -> Any:  # noqa: ANN401
    """Apply a fixed filter to each map of a tensor (n, rows, columns, k) by itself.

    Parameters
    ----------
    tensor : tensor
    line : ndarray of odd length
        Its outer product with itself is the filter.
    name : str
        Of the layer.
    padding : str
        As Keras calls it: ``same`` with zeros around, ``valid`` without.
    """
    layer = keras().layers.DepthwiseConv2D(
        line.size, padding=padding, use_bias=False, trainable=False, name=name, dtype="float32"
    )
    found = layer(tensor)
    kernel = np.outer(line, line).astype(np.float32)
    layer.set_weights([np.repeat(kernel[:, :, None, None], tensor.shape[-1], axis=2)])
    return found
