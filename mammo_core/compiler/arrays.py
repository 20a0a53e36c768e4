"""Portable gradients of products, sums and of what only moves numbers."""

from typing import Any

import numpy as np

from mammo_core.compiler.portable import NotPortable, static

Operation = Any
Tensor = Any
"""Of TensorFlow, which is untyped."""


def bias_add(_op: Operation, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """1 for the input; for the bias the sum over everything but the channels."""
    import tensorflow as tf

    return gradient, tf.reduce_sum(gradient, axis=list(range(len(gradient.shape) - 1)))


def matrix_product(op: Operation, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """G·Wᵀ and Xᵀ·G.

    The forward pass keeps a constant W transposed. As a product of three dimensions the gradient reads the
    same bytes, so a large Dense layer is stored once; as a product of two, it would be stored both ways.
    """
    import tensorflow as tf

    left, right = op.inputs
    if op.get_attr("transpose_a") or op.get_attr("transpose_b"):
        return _transposed_product(op, gradient)
    to_left = tf.matmul(tf.expand_dims(gradient, 0), tf.expand_dims(tf.transpose(right), 0))
    return tf.squeeze(to_left, 0), tf.matmul(left, gradient, transpose_a=True)


def strided_slice(op: Operation, gradient: Tensor) -> tuple[Tensor, None, None, None]:
    """Zeros around what was taken. A slice with a step keeps TensorFlow's gradient."""
    import tensorflow as tf

    shape = static(op.inputs[0])
    taken = np.arange(int(np.prod(shape))).reshape(shape)[_index(op)]
    if taken.size == 0:
        raise NotPortable
    first, last = np.unravel_index(taken.flat[0], shape), np.unravel_index(taken.flat[-1], shape)
    extent = tuple(int(b - a) + 1 for a, b in zip(first, last, strict=True))
    if int(np.prod(extent)) != taken.size:
        raise NotPortable
    paddings = [(int(a), size - int(a) - width) for a, size, width in zip(first, shape, extent, strict=True)]
    return tf.pad(tf.reshape(gradient, extent), paddings), None, None, None


def concatenation(op: Operation, gradient: Tensor) -> tuple[Tensor | None, ...]:
    """To each input its part."""
    import tensorflow as tf

    *inputs, axis_tensor = op.inputs
    axis = int(tf.get_static_value(axis_tensor)) % len(gradient.shape)
    parts: list[Tensor | None] = []
    start = 0
    for tensor in inputs:
        begin = [start if n == axis else 0 for n in range(len(gradient.shape))]
        shape = static(tensor)
        parts.append(tf.slice(gradient, begin, shape))
        start += shape[axis]
    return *parts, None


def _transposed_product(op: Operation, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """The rules for the four ways to transpose, as in TensorFlow's own gradient."""
    import tensorflow as tf

    left, right = op.inputs
    flipped_left, flipped_right = op.get_attr("transpose_a"), op.get_attr("transpose_b")
    if flipped_left and flipped_right:
        return (
            tf.matmul(right, gradient, transpose_a=True, transpose_b=True),
            tf.matmul(gradient, left, transpose_a=True, transpose_b=True),
        )
    if flipped_left:
        return tf.matmul(right, gradient, transpose_b=True), tf.matmul(left, gradient)
    return tf.matmul(gradient, right), tf.matmul(gradient, left, transpose_a=True)


def _index(op: Operation) -> tuple[Any, ...]:
    """The Python index that a StridedSlice stands for."""
    import tensorflow as tf

    begin, end, step = (tf.get_static_value(tensor) for tensor in op.inputs[1:4])
    if begin is None or end is None or step is None:
        raise NotPortable
    masks = {
        name: op.get_attr(f"{name}_mask") for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }

    def part(n: int) -> Any:  # noqa: ANN401 - whatever may stand in an index
        marked = {name for name, mask in masks.items() if mask >> n & 1}
        if "ellipsis" in marked:
            return Ellipsis
        if "new_axis" in marked:
            return None
        if "shrink_axis" in marked:
            return int(begin[n])
        return slice(
            None if "begin" in marked else int(begin[n]),
            None if "end" in marked else int(end[n]),
            int(step[n]),
        )

    return tuple(part(n) for n in range(len(begin)))
