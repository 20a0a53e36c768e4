"""When a gradient cannot be made of operations that LiteRT has kernels for."""

from typing import Any


class NotPortable(Exception):
    """Raised for a use of an operation that keeps TensorFlow's own gradient."""


def static(tensor: Any) -> tuple[int, ...]:  # noqa: ANN401 - TensorFlow is untyped
    """The shape of a tensor, known while the network is traced.

    Raises
    ------
    NotPortable
        If it is known only when the network runs.
    """
    shape = tensor.shape
    if shape.rank is None or None in shape:
        raise NotPortable
    return tuple(int(size) for size in shape)
