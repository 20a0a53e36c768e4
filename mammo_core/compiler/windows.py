"""Sums over sliding windows, put together from operations that LiteRT has kernels for.

The gradient of a pooling or depthwise layer adds, for each place in the window, a copy of the output's
gradient to the inputs that lie there. TensorFlow does it in one kernel (``MaxPoolGrad``); LiteRT has none,
but it can slice, concatenate, reshape, pad and add.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Tensor = Any
"""Of TensorFlow, which is untyped."""


@dataclass(frozen=True, slots=True)
class Side:
    """One axis of a sliding window.

    Parameters
    ----------
    size, outputs : int
        Pixels of the input and of the output.
    window, stride : int
    before : int
        Pixels of padding before the input.
    """

    size: int
    outputs: int
    window: int
    stride: int
    before: int

    @classmethod
    def of(cls, *, size: int, outputs: int, window: int, stride: int, same: bool) -> Self:
        """TensorFlow's rule for SAME: the odd pixel of padding comes after the input."""
        padding = max((outputs - 1) * stride + window - size, 0) if same else 0
        return cls(size, outputs, window, stride, padding // 2)

    @property
    def after(self) -> int:
        """Pixels of padding after the input."""
        return max((self.outputs - 1) * self.stride + self.window - self.size - self.before, 0)

    @property
    def blocks(self) -> int:
        """Strides that one window reaches over."""
        return -(-self.window // self.stride)

    @property
    def span(self) -> int:
        """Pixels that all windows reach over, in whole strides."""
        return (self.outputs - 1 + self.blocks) * self.stride


@dataclass(frozen=True, slots=True)
class Window:
    """Both axes, rows first."""

    rows: Side
    columns: Side

    @property
    def places(self) -> list[tuple[int, int]]:
        """Offsets in the window, row by row."""
        return [(i, j) for i in range(self.rows.window) for j in range(self.columns.window)]

    @property
    def tiles(self) -> bool:
        """Whether windows lie side by side: then all places can be looked at at once."""
        return all(side.window == side.stride for side in (self.rows, self.columns))

    @property
    def places_of_a_tile(self) -> tuple[int, int]:
        """Axes of what :meth:`tiled` returns that lie inside a window."""
        return 1, 3

    def tiled(self, padded: Tensor) -> Tensor:
        """Windows and their places as axes of their own, (n · outputs, window, outputs, window, k)."""
        import tensorflow as tf

        rows, columns = self.rows, self.columns
        images, _, _, channels = padded.shape
        used = padded[:, : rows.outputs * rows.stride, : columns.outputs * columns.stride, :]
        return tf.reshape(
            used if used.shape != padded.shape else padded,
            (images * rows.outputs, rows.stride, columns.outputs, columns.stride, channels),
        )

    def over_tiles(self, outputs: Tensor) -> Tensor:
        """One value for each window, to be combined with :meth:`tiled`, (n · outputs, 1, outputs, 1, k)."""
        import tensorflow as tf

        images, _, _, channels = outputs.shape
        return tf.reshape(outputs, (images * self.rows.outputs, 1, self.columns.outputs, 1, channels))

    def untiled(self, tiles: Tensor) -> Tensor:
        """The inverse of :meth:`tiled` and of the padding, (n, h, w, k)."""
        import tensorflow as tf

        rows, columns = self.rows, self.columns
        channels = tiles.shape[4]
        shape = (-1, rows.outputs * rows.stride, columns.outputs * columns.stride, channels)
        return self._trimmed(tf.reshape(tiles, shape))

    def padded(self, tensor: Tensor, value: float) -> Tensor:
        """Surround an input (n, h, w, k) as the layer does."""
        import tensorflow as tf

        rows, columns = (self.rows.before, self.rows.after), (self.columns.before, self.columns.after)
        if not any((*rows, *columns)):
            return tensor
        return tf.pad(tensor, [(0, 0), rows, columns, (0, 0)], constant_values=value)

    def inputs_at(self, padded: Tensor, place: tuple[int, int]) -> Tensor:
        """What every window sees at one of its places, (n, outputs, outputs, k)."""
        import tensorflow as tf

        last = [
            start + (side.outputs - 1) * side.stride + 1
            for start, side in zip(place, (self.rows, self.columns), strict=True)
        ]
        return tf.strided_slice(
            padded,
            [0, *place, 0],
            [padded.shape[0], *last, padded.shape[3]],
            [1, self.rows.stride, self.columns.stride, 1],
        )

    def summed(self, parts: Mapping[tuple[int, int], Tensor]) -> Tensor:
        """Add up, for every input pixel, what each place of each window gives it, (n, h, w, k).

        Parameters
        ----------
        parts : mapping of (row, column) to tensor (n, outputs, outputs, k)
            What the windows give to their pixel at this place; nothing at places that are left out.
        """
        import tensorflow as tf

        planes = [
            self._plane(parts, (p, q)) for p in range(self.rows.blocks) for q in range(self.columns.blocks)
        ]
        return self._trimmed(planes[0] if len(planes) == 1 else tf.add_n(planes))

    def _plane(self, parts: Mapping[tuple[int, int], Tensor], block: tuple[int, int]) -> Tensor:
        """The places of one block, side by side: there, windows do not overlap."""
        import tensorflow as tf

        rows, columns = self.rows, self.columns
        zero = tf.zeros_like(next(iter(parts.values())))
        images, channels = zero.shape[0], zero.shape[3]
        lines = []
        for a in range(rows.stride):
            line = [
                parts.get((block[0] * rows.stride + a, block[1] * columns.stride + b), zero)
                for b in range(columns.stride)
            ]
            width = columns.outputs * columns.stride * channels
            lines.append(tf.reshape(tf.concat(line, 3), (images, rows.outputs, width)))
        shape = (images, rows.outputs * rows.stride, columns.outputs * columns.stride, channels)
        top, left = block[0] * rows.stride, block[1] * columns.stride
        return tf.pad(
            tf.reshape(tf.concat(lines, 2), shape),
            [
                (0, 0),
                (top, rows.span - shape[1] - top),
                (left, columns.span - shape[2] - left),
                (0, 0),
            ],
        )

    def _trimmed(self, plane: Tensor) -> Tensor:
        """Cut off the padding; pixels that no window reaches get 0."""
        import tensorflow as tf

        rows, columns = self.rows, self.columns
        cut = plane
        if tuple(plane.shape[1:3]) != (rows.size, columns.size):
            cut = plane[
                :, rows.before : rows.before + rows.size, columns.before : columns.before + columns.size, :
            ]
        missing = (rows.size - cut.shape[1], columns.size - cut.shape[2])
        return tf.pad(cut, [(0, 0), (0, missing[0]), (0, missing[1]), (0, 0)]) if any(missing) else cut
