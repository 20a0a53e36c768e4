"""Portable gradients of what looks at several cells: pooling, maxima, depthwise convolutions."""

from typing import Any

import numpy as np

from mammo_core.compiler.portable import NotPortable, static
from mammo_core.compiler.windows import Side, Window

Operation = Any
Tensor = Any
"""Of TensorFlow, which is untyped."""

LOWEST = -3.0e38
"""Below every activation: padding never wins a maximum."""
NEAR = 1e-5
"""Share of a maximum: an input that is farther below it gets none of the gradient."""
SMALLEST, SHARP = 1e-30, 6e4
"""A maximum that is no larger than the first is 0: inputs that are farther below it than 1 / the second get
none of the gradient. In a graph with 16-bit weights the first becomes 0 and the second stays what it is."""


def max_pool(op: Operation, gradient: Tensor) -> Tensor:
    """Shared by the inputs of each window that are the largest, or nearly; see :func:`_nearness`."""
    import tensorflow as tf

    window = _pooling_window(op)
    padded = window.padded(op.inputs[0], LOWEST)
    outputs, sharpness = op.outputs[0], _sharpness(op.outputs[0])
    if window.tiles:
        tiles, largest = window.tiled(padded), window.over_tiles(outputs)
        nearness = _nearness(tiles, largest, window.over_tiles(sharpness))
        total = tf.reduce_sum(nearness, axis=window.places_of_a_tile, keepdims=True)
        return window.untiled(nearness * (window.over_tiles(gradient) / total))
    near = {place: _nearness(window.inputs_at(padded, place), outputs, sharpness) for place in window.places}
    share = gradient / tf.add_n(list(near.values()))
    return window.summed({place: share * each for place, each in near.items()})


def maximum(op: Operation, gradient: Tensor) -> tuple[Tensor, None]:
    """Of a reduction: shared as in :func:`max_pool`."""
    import tensorflow as tf

    inputs = op.inputs[0]
    shape = static(inputs)
    axes = [int(axis) % len(shape) for axis in np.atleast_1d(tf.get_static_value(op.inputs[1]))]
    kept = [1 if axis in axes else size for axis, size in enumerate(shape)]
    largest = tf.reshape(op.outputs[0], kept)
    nearness = _nearness(inputs, largest, _sharpness(largest))
    total = tf.reduce_sum(nearness, axis=axes, keepdims=True)
    return tf.reshape(gradient, kept) / total * nearness, None


def average_pool(op: Operation, gradient: Tensor) -> Tensor:
    """An equal share to each input of the window; padding is not counted."""
    import tensorflow as tf

    window = _pooling_window(op)
    counts = [
        [
            sum(0 <= output * side.stride + i - side.before < side.size for i in range(side.window))
            for output in range(side.outputs)
        ]
        for side in (window.rows, window.columns)
    ]
    shares = 1.0 / np.outer(counts[0], counts[1]).astype(np.float32)
    share = gradient * tf.constant(shares[None, :, :, None])
    return window.summed(dict.fromkeys(window.places, share))


def depthwise(op: Operation, gradient: Tensor) -> tuple[Tensor, None]:
    """For each place of the window the gradient times the filter's weight there.

    Nothing here needs the filter's own gradient: it adds to no output whatever its input.
    """
    import tensorflow as tf

    rows, columns, channels, several = static(op.inputs[1])
    kernel = op.inputs[1]
    window = _window(op, (rows, columns), op.get_attr("strides"))
    if several == 1:
        return window.summed({place: gradient * kernel[*place, :, 0] for place in window.places}), None
    # The outputs of one channel lie side by side.
    split = tf.reshape(gradient, (-1, channels, several))
    shape = (*static(op.outputs[0])[:3], channels)
    parts = {
        place: tf.reshape(tf.reduce_sum(split * kernel[*place], axis=2), shape) for place in window.places
    }
    return window.summed(parts), None


def _nearness(inputs: Tensor, largest: Tensor, sharpness: Tensor) -> Tensor:
    """How near inputs are to the largest: from 1 for equal down to 0 at a share of :data:`NEAR` below it.

    The gradient of a maximum jumps: TensorFlow gives all of it to the first of several equal inputs. Where an
    image is flat, as in the air around a breast, which one is the largest is decided by the rounding of the
    kernel, and so differs from machine to machine. Shares that grow with nearness do not jump.
    """
    import tensorflow as tf

    return tf.nn.relu(1.0 - (largest - inputs) * sharpness)


def _sharpness(largest: Tensor) -> Tensor:
    """1 / (the distance from the largest at which nothing of the gradient is left)."""
    import tensorflow as tf

    size = tf.abs(largest)
    is_zero = tf.cast(size <= SMALLEST, largest.dtype)
    return 1.0 / (NEAR * size + is_zero) + SHARP * is_zero


def _pooling_window(op: Operation) -> Window:
    _, rows, columns, _ = op.get_attr("ksize")
    return _window(op, (rows, columns), op.get_attr("strides"))


def _window(op: Operation, size: tuple[int, int], strides: list[int]) -> Window:
    if op.get_attr("padding") == b"EXPLICIT" or op.get_attr("data_format") != b"NHWC":
        raise NotPortable
    same = op.get_attr("padding") == b"SAME"
    inputs, outputs = static(op.inputs[0]), static(op.outputs[0])
    axes = [
        Side.of(
            size=inputs[axis],
            outputs=outputs[axis],
            window=int(size[axis - 1]),
            stride=int(strides[axis]),
            same=same,
        )
        for axis in (1, 2)
    ]
    return Window(*axes)
