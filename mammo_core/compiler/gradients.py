"""Gradients made of operations that LiteRT has kernels for.

TensorFlow differentiates many operations with one of its own (``ReluGrad``, ``MaxPoolGrad`` …) for which
LiteRT has no kernel. While a network is traced under :func:`portable_gradients`, these operations are
differentiated by the functions below instead. Operations that are not listed keep TensorFlow's gradient; if
LiteRT has no kernel for it, the converter names it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from mammo_core.compiler.windows import Side, Window

Operation = Any
Tensor = Any
"""Of TensorFlow, which is untyped."""
Gradient = Callable[..., Any]

LOWEST = -3.0e38
"""Below every activation: padding never wins a maximum."""
NEAR = 1e-5
"""Share of a maximum: an input that is farther below it gets none of the gradient."""
SMALLEST = 1e-30
"""Keeps 0 / 0 out of windows whose inputs are all 0."""
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def relu(op: Operation, gradient: Tensor) -> Tensor:
    """1 where the output is positive."""
    return gradient * _where(op.outputs[0] > 0.0)


def relu6(op: Operation, gradient: Tensor) -> Tensor:
    """1 where the output lies between 0 and 6, without both."""
    return gradient * _where(op.outputs[0] > 0.0) * _where(op.outputs[0] < 6.0)


def leaky_relu(op: Operation, gradient: Tensor) -> Tensor:
    """1 where the input is positive, else the slope."""
    positive = _where(op.inputs[0] > 0.0)
    return gradient * (positive + op.get_attr("alpha") * (1.0 - positive))


def elu(op: Operation, gradient: Tensor) -> Tensor:
    """1 where the output is not negative, else exp(x) = y + 1."""
    negative = _where(op.outputs[0] < 0.0)
    return gradient * (1.0 + negative * op.outputs[0])


def selu(op: Operation, gradient: Tensor) -> Tensor:
    """The scale where the output is not negative, else scale · alpha · exp(x) = y + scale · alpha."""
    negative = _where(op.outputs[0] < 0.0)
    slope = SELU_SCALE * (1.0 - negative) + negative * (op.outputs[0] + SELU_SCALE * SELU_ALPHA)
    return gradient * slope


def sigmoid(op: Operation, gradient: Tensor) -> Tensor:
    """The slope is y (1 − y)."""
    return gradient * op.outputs[0] * (1.0 - op.outputs[0])


def tanh(op: Operation, gradient: Tensor) -> Tensor:
    """1 − y²."""
    return gradient * (1.0 - op.outputs[0] * op.outputs[0])


def softplus(op: Operation, gradient: Tensor) -> Tensor:
    """The sigmoid of the input."""
    import tensorflow as tf

    return gradient * tf.sigmoid(op.inputs[0])


def softsign(op: Operation, gradient: Tensor) -> Tensor:
    """1 / (1 + |x|)²."""
    import tensorflow as tf

    below = 1.0 + tf.abs(op.inputs[0])
    return gradient / (below * below)


def sqrt(op: Operation, gradient: Tensor) -> Tensor:
    """1 / (2 y)."""
    return gradient * 0.5 / op.outputs[0]


def rsqrt(op: Operation, gradient: Tensor) -> Tensor:
    """−y³ / 2."""
    cube = op.outputs[0] * op.outputs[0] * op.outputs[0]
    return gradient * -0.5 * cube


def reciprocal(op: Operation, gradient: Tensor) -> Tensor:
    """−y²."""
    return -gradient * op.outputs[0] * op.outputs[0]


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
    to_left = tf.matmul(gradient[None], tf.transpose(right)[None])[0]
    return to_left, tf.matmul(left, gradient, transpose_a=True)


def max_pool(op: Operation, gradient: Tensor) -> Tensor:
    """Shared by the inputs of each window that are the largest, or nearly; see :func:`_nearness`."""
    import tensorflow as tf

    inputs, outputs = op.inputs[0], op.outputs[0]
    window = _pooling_window(op)
    padded = window.padded(inputs, LOWEST)
    nearness = {place: _nearness(window.inputs_at(padded, place), outputs) for place in window.places}
    share = gradient / tf.add_n(list(nearness.values()))
    return window.summed({place: share * near for place, near in nearness.items()})


def maximum(op: Operation, gradient: Tensor) -> tuple[Tensor, None]:
    """Of a reduction: shared as in :func:`max_pool`."""
    import tensorflow as tf

    inputs = op.inputs[0]
    axes = [int(axis) % len(inputs.shape) for axis in np.atleast_1d(tf.get_static_value(op.inputs[1]))]
    kept = [1 if axis in axes else int(size) for axis, size in enumerate(inputs.shape)]
    nearness = _nearness(inputs, tf.reshape(op.outputs[0], kept))
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


def depthwise(op: Operation, gradient: Tensor) -> tuple[Tensor | None, None]:
    """For each place of the window the gradient times the filter's weight there.

    Nothing here needs the filter's own gradient. With several outputs per channel, TensorFlow's is kept.
    """
    kernel = op.inputs[1]
    if kernel.shape[3] != 1 or op.get_attr("padding") == b"EXPLICIT":
        raise LookupError("depthwise convolution with a channel multiplier")
    window = _window(op, (kernel.shape[0], kernel.shape[1]), op.get_attr("strides"))
    return window.summed({place: gradient * kernel[*place, :, 0] for place in window.places}), None


def strided_slice(op: Operation, gradient: Tensor) -> tuple[Tensor, None, None, None]:
    """Zeros around what was taken. A slice with a step has no portable gradient."""
    import tensorflow as tf

    source = op.inputs[0]
    shape = tuple(int(size) for size in source.shape)
    taken = np.arange(int(np.prod(shape))).reshape(shape)[_index(op)]
    first, last = np.unravel_index(taken.flat[0], shape), np.unravel_index(taken.flat[-1], shape)
    extent = tuple(int(b - a) + 1 for a, b in zip(first, last, strict=True))
    if int(np.prod(extent)) != taken.size:
        raise LookupError("slice with a step")
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
        parts.append(tf.slice(gradient, begin, [int(size) for size in tensor.shape]))
        start += int(tensor.shape[axis])
    return *parts, None


GRADIENTS: dict[str, Gradient] = {
    "AvgPool": average_pool,
    "BiasAdd": bias_add,
    "ConcatV2": concatenation,
    "DepthwiseConv2dNative": depthwise,
    "Elu": elu,
    "Inv": reciprocal,
    "LeakyRelu": leaky_relu,
    "MatMul": matrix_product,
    "Max": maximum,
    "MaxPool": max_pool,
    "Reciprocal": reciprocal,
    "Relu": relu,
    "Relu6": relu6,
    "Rsqrt": rsqrt,
    "Selu": selu,
    "Sigmoid": sigmoid,
    "Softplus": softplus,
    "Softsign": softsign,
    "Sqrt": sqrt,
    "StridedSlice": strided_slice,
    "Tanh": tanh,
}
"""By TensorFlow's name of the operation."""


@contextmanager
def portable_gradients() -> Iterator[None]:
    """Differentiate the operations that are made in this context with :data:`GRADIENTS`."""
    import tensorflow as tf

    _register()
    names = {operation: _name(operation) for operation in GRADIENTS}
    with tf.compat.v1.get_default_graph().gradient_override_map(names):
        yield


@cache
def _register() -> None:
    """Tell TensorFlow the functions, which it takes once per process."""
    import tensorflow as tf

    for operation, gradient in GRADIENTS.items():
        tf.RegisterGradient(_name(operation))(gradient)


def _name(operation: str) -> str:
    return f"MammoPortable{operation}"


def _nearness(inputs: Tensor, largest: Tensor) -> Tensor:
    """How near inputs are to the largest: from 1 for equal down to 0 at a share of :data:`NEAR` below it.

    The gradient of a maximum jumps: TensorFlow gives all of it to the first of several equal inputs. Where an
    image is flat, as in the air around a breast, which one is the largest is decided by the rounding of the
    kernel, and so differs from machine to machine. Shares that grow with nearness do not jump.
    """
    import tensorflow as tf

    below = (largest - inputs) / (NEAR * tf.abs(largest) + SMALLEST)
    return tf.maximum(1.0 - below, 0.0)


def _where(condition: Tensor) -> Tensor:
    import tensorflow as tf

    return tf.cast(condition, tf.float32)


def _pooling_window(op: Operation) -> Window:
    _, rows, columns, _ = op.get_attr("ksize")
    return _window(op, (rows, columns), op.get_attr("strides"))


def _window(op: Operation, size: tuple[int, int], strides: list[int]) -> Window:
    same = op.get_attr("padding") == b"SAME"
    axes = [
        Side.of(
            size=int(op.inputs[0].shape[axis]),
            outputs=int(op.outputs[0].shape[axis]),
            window=int(size[axis - 1]),
            stride=int(strides[axis]),
            same=same,
        )
        for axis in (1, 2)
    ]
    return Window(*axes)


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
        raise LookupError("slice with places that are known only when it runs")
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
