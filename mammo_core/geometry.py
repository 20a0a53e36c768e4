"""Where a grid of numbers lies on the source image.

Everything in an analysis is a grid placed on the same source image: the model's input, the target layer's
cells, the breast mask, the displayed picture. All of them are crops, flips, paddings and scalings of the
source, so one axis-aligned affine map places each of them.

Coordinates are continuous: pixel ``i`` covers ``[i, i + 1)`` and its centre is ``i + 0.5``. This is the
convention of half-pixel-centred resampling (``PIL.Image.resize``, ``tf.image.resize``).
"""

import math
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

Coordinate = TypeVar("Coordinate", float, NDArray[np.float64])

ROUNDING = 1e-6
"""Pixels that a map and its inverse may be off by: rounding noise must not add a row to a box."""


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open rectangle: rows ``top`` to ``bottom``, columns ``left`` to ``right``."""

    top: float
    left: float
    bottom: float
    right: float

    @property
    def height(self) -> float:
        """Extent along the rows."""
        return self.bottom - self.top

    @property
    def width(self) -> float:
        """Extent along the columns."""
        return self.right - self.left

    def whole(self, shape: tuple[int, int]) -> "Box":
        """The smallest box of whole pixels around this one, inside an image of ``shape``.

        Without an overlap it is empty: its height or width is 0.
        """
        top, bottom = _whole(self.top, self.bottom, shape[0])
        left, right = _whole(self.left, self.right, shape[1])
        return Box(top, left, bottom, right)


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a placement: ``grid = scale * source + offset``; a negative scale is a flip."""

    scale: float = 1.0
    offset: float = 0.0

    def forward(self, source: Coordinate) -> Coordinate:
        """Source coordinate to grid coordinate."""
        return self.scale * source + self.offset

    def backward(self, grid: Coordinate) -> Coordinate:
        """Grid coordinate to source coordinate."""
        return (grid - self.offset) / self.scale

    def then(self, scale: float, offset: float) -> "Axis":
        """Follow this map by ``scale * x + offset``."""
        return Axis(self.scale * scale, self.offset * scale + offset)


@dataclass(frozen=True, slots=True)
class PixelTransform:
    """The invertible map between source pixels and the pixels of one grid.

    Parameters
    ----------
    source_shape, shape : tuple of int
        (rows, columns) of the source image and of the grid.
    row, column : Axis
        The map of each axis.

    Notes
    -----
    Each method returns a new transform, so a chain reads like the preprocessing it describes::

        PixelTransform.identity((3328, 2560)).cropped(box).flipped_columns().resized((512, 384))
    """

    source_shape: tuple[int, int]
    shape: tuple[int, int]
    row: Axis = Axis()
    column: Axis = Axis()

    @classmethod
    def identity(cls, shape: tuple[int, int]) -> Self:
        """Place a grid that is the source image itself."""
        return cls(source_shape=shape, shape=shape)

    def cropped(self, box: Box) -> "PixelTransform":
        """Keep the pixels of ``box``, given in whole pixels of this grid."""
        shape = (round(box.height), round(box.width))
        return PixelTransform(
            self.source_shape, shape, self.row.then(1.0, -box.top), self.column.then(1.0, -box.left)
        )

    def flipped_columns(self) -> "PixelTransform":
        """Mirror left and right."""
        return PixelTransform(
            self.source_shape, self.shape, self.row, self.column.then(-1.0, float(self.shape[1]))
        )

    def resized(self, shape: tuple[int, int]) -> "PixelTransform":
        """Resample to ``shape`` with half-pixel centres."""
        rows, columns = shape[0] / self.shape[0], shape[1] / self.shape[1]
        return PixelTransform(
            self.source_shape, shape, self.row.then(rows, 0.0), self.column.then(columns, 0.0)
        )

    def padded(self, *, top: int = 0, left: int = 0, shape: tuple[int, int]) -> "PixelTransform":
        """Set this grid into a larger one of ``shape``, its corner at (``top``, ``left``)."""
        return PixelTransform(
            self.source_shape,
            shape,
            self.row.then(1.0, float(top)),
            self.column.then(1.0, float(left)),
        )

    def to_grid(self, row: float, column: float) -> tuple[float, float]:
        """Map a point of the source image to this grid."""
        return self.row.forward(row), self.column.forward(column)

    def to_source(self, row: float, column: float) -> tuple[float, float]:
        """Map a point of this grid to the source image."""
        return self.row.backward(row), self.column.backward(column)

    def box_to_source(self, box: Box) -> Box:
        """Map a rectangle of this grid to the source image; a flip swaps left and right."""
        top, left = self.to_source(box.top, box.left)
        bottom, right = self.to_source(box.bottom, box.right)
        return Box(min(top, bottom), min(left, right), max(top, bottom), max(left, right))

    def box_to_grid(self, box: Box) -> Box:
        """Map a rectangle of the source image to this grid; a flip swaps left and right."""
        top, left = self.to_grid(box.top, box.left)
        bottom, right = self.to_grid(box.bottom, box.right)
        return Box(min(top, bottom), min(left, right), max(top, bottom), max(left, right))

    @property
    def source_area(self) -> float:
        """Source pixels that one pixel of this grid covers."""
        return 1.0 / abs(self.row.scale * self.column.scale)


def resample(
    values: NDArray[np.float32], placed: PixelTransform, onto: PixelTransform
) -> NDArray[np.float32]:
    """Read a grid of values at the pixel centres of another grid, bilinearly.

    Parameters
    ----------
    values : ndarray of shape placed.shape, float32
        Values at the pixel centres of the grid ``placed``.
    placed, onto : PixelTransform
        Both on the same source image.

    Returns
    -------
    ndarray of shape onto.shape, float32
        Zero where a centre lies outside the extent of ``placed``: nothing is known there.

    Notes
    -----
    Half-pixel bilinear interpolation with clamped edges, as ``PIL.Image.resize`` and ``tf.image.resize``
    enlarge. Both placements are axis-aligned, so it is two small matrix products. It does not average when
    shrinking: use it to enlarge, or on data that is smooth already.
    """
    rows = _weights(placed.row, placed.shape[0], onto.row, onto.shape[0])
    columns = _weights(placed.column, placed.shape[1], onto.column, onto.shape[1])
    return rows @ values.astype(np.float32, copy=False) @ columns.T


def _whole(low: float, high: float, size: int) -> tuple[float, float]:
    """Round outwards to whole pixels from 0 to ``size``."""
    first = min(max(math.floor(low + ROUNDING), 0), size)
    return float(first), float(max(first, min(math.ceil(high - ROUNDING), size)))


def _weights(placed: Axis, size: int, onto: Axis, count: int) -> NDArray[np.float32]:
    """Linear-interpolation weights of one axis, (count, size)."""
    centres: NDArray[np.float64] = np.arange(count, dtype=np.float64) + 0.5
    at = placed.forward(onto.backward(centres))
    centre = np.clip(at - 0.5, 0.0, size - 1.0)
    low = np.minimum(np.floor(centre).astype(np.intp), max(size - 2, 0))
    high = np.minimum(low + 1, size - 1)
    fraction = centre - low
    weights = np.zeros((count, size), dtype=np.float32)
    index = np.arange(count)
    np.add.at(weights, (index, low), 1.0 - fraction)
    np.add.at(weights, (index, high), fraction)
    weights[(at < 0.0) | (at > size)] = 0.0
    return weights
