"""Portable gradients of activations and other functions of single numbers."""

from typing import Any

Operation = Any
Tensor = Any
"""Of TensorFlow, which is untyped."""
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def relu(op: Operation, gradient: Tensor) -> Tensor:
    """1 where the output is positive."""
    return gradient * _where(op.outputs[0] > 0.0, gradient)


def relu6(op: Operation, gradient: Tensor) -> Tensor:
    """1 where the output lies between 0 and 6, without both."""
    return gradient * _where(op.outputs[0] > 0.0, gradient) * _where(op.outputs[0] < 6.0, gradient)


def leaky_relu(op: Operation, gradient: Tensor) -> Tensor:
    """1 where the input is positive, else the slope."""
    positive = _where(op.inputs[0] > 0.0, gradient)
    return gradient * (positive + op.get_attr("alpha") * (1.0 - positive))


def elu(op: Operation, gradient: Tensor) -> Tensor:
    """1 where the output is not negative, else exp(x) = y + 1."""
    negative = _where(op.outputs[0] < 0.0, gradient)
    return gradient * (1.0 + negative * op.outputs[0])


def selu(op: Operation, gradient: Tensor) -> Tensor:
    """The scale where the output is not negative, else scale · alpha · exp(x) = y + scale · alpha."""
    negative = _where(op.outputs[0] < 0.0, gradient)
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


def _where(condition: Tensor, gradient: Tensor) -> Tensor:
    """1 where the condition holds, else 0, to be multiplied with a gradient."""
    import tensorflow as tf

    return tf.cast(condition, gradient.dtype)
