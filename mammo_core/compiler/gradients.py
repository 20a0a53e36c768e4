"""Gradients made of operations that LiteRT has kernels for.

TensorFlow differentiates many operations with one of its own (``ReluGrad``, ``MaxPoolGrad`` …) for which
LiteRT has no kernel. While a network is traced under :func:`portable_gradients`, these operations are
differentiated by the functions of :data:`GRADIENTS` instead. Operations that are not listed, and uses that
these functions do not know, keep TensorFlow's gradient; the converter names those without a kernel.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from mammo_core.compiler import arrays, elementwise, pooling
from mammo_core.compiler.portable import NotPortable

Operation = Any
Tensor = Any
"""Of TensorFlow, which is untyped."""
Gradient = Callable[..., Any]

GRADIENTS: dict[str, Gradient] = {
    "AvgPool": pooling.average_pool,
    "BiasAdd": arrays.bias_add,
    "ConcatV2": arrays.concatenation,
    "DepthwiseConv2dNative": pooling.depthwise,
    "Elu": elementwise.elu,
    "Inv": elementwise.reciprocal,
    "LeakyRelu": elementwise.leaky_relu,
    "MatMul": arrays.matrix_product,
    "Max": pooling.maximum,
    "MaxPool": pooling.max_pool,
    "Reciprocal": elementwise.reciprocal,
    "Relu": elementwise.relu,
    "Relu6": elementwise.relu6,
    "Rsqrt": elementwise.rsqrt,
    "Selu": elementwise.selu,
    "Sigmoid": elementwise.sigmoid,
    "Softplus": elementwise.softplus,
    "Softsign": elementwise.softsign,
    "Sqrt": elementwise.sqrt,
    "StridedSlice": arrays.strided_slice,
    "Tanh": elementwise.tanh,
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

    for operation in GRADIENTS:
        tf.RegisterGradient(_name(operation))(_portable_or_own(operation))


def _name(operation: str) -> str:
    return f"MammoPortable{operation}"


def _portable_or_own(operation: str) -> Gradient:
    from tensorflow.python.framework.ops import gradient_registry

    own = gradient_registry.lookup(operation)

    def gradient(op: Operation, *upstream: Tensor) -> Any:  # noqa: ANN401 - one tensor, or one for each input
        try:
            return GRADIENTS[operation](op, *upstream)
        except NotPortable:
            return own(op, *upstream)

    return gradient
