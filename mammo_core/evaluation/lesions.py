"""What somebody has drawn around a lesion, in source pixels, and how far a point is from it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mammo_core.geometry import Box
from mammo_core.records import PixelSpacing

Floats = NDArray[np.float64]

TOLERANCE_MM = 3.0
"""How far from a lesion's outline a point may lie and still hit it."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """How distances on an image are measured.

    Parameters
    ----------
    row, column : float
        Length of a pixel's sides, in ``unit``.
    tolerance : float
        How far from the outline of a lesion a point may lie and still hit it, in ``unit``.
    unit : str
        ``mm``, or ``px`` where no spacing is known.
    """

    row: float
    column: float
    tolerance: float
    unit: str

    @classmethod
    def of(cls, spacing: PixelSpacing | None, *, tolerance_mm: float, tolerance_px: float) -> "Ruler":
        """Measure in mm where the spacing is known, else in pixels."""
        if spacing is None:
            return cls(1.0, 1.0, tolerance_px, "px")
        return cls(spacing.row_mm, spacing.column_mm, tolerance_mm, "mm")

    def length(self, rows: Floats, columns: Floats) -> Floats:
        """Length of the vectors of so many rows and columns, in ``unit``."""
        lengths: Floats = np.hypot(rows * self.row, columns * self.column)
        return lengths


class Lesion(Protocol):
    """An outline on the source image; pixel ``i`` covers ``[i, i + 1)``."""

    @property
    def centre(self) -> tuple[float, float]:
        """(row, column)."""

    def distance(self, rows: Floats, columns: Floats, ruler: Ruler) -> Floats:
        """How far points lie outside the outline, in the ruler's unit; 0 inside and on it."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle on the image, as mini-MIAS has them."""

    row: float
    column: float
    radius: float

    @property
    def centre(self) -> tuple[float, float]:
        """(row, column)."""
        return self.row, self.column

    def distance(self, rows: Floats, columns: Floats, ruler: Ruler) -> Floats:
        """How far points lie outside the circle; on pixels that are not square it is an ellipse in mm."""
        down, across = rows - self.row, columns - self.column
        from_centre = np.hypot(down, across)
        beyond = np.maximum(from_centre - self.radius, 0.0) / np.maximum(from_centre, 1e-12)
        return ruler.length(down * beyond, across * beyond)


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A box on the image."""

    box: Box

    @property
    def centre(self) -> tuple[float, float]:
        """(row, column)."""
        return (self.box.top + self.box.bottom) / 2.0, (self.box.left + self.box.right) / 2.0

    def distance(self, rows: Floats, columns: Floats, ruler: Ruler) -> Floats:
        """How far points lie outside the box."""
        down = np.maximum(np.maximum(self.box.top - rows, rows - self.box.bottom), 0.0)
        across = np.maximum(np.maximum(self.box.left - columns, columns - self.box.right), 0.0)
        return ruler.length(down, across)
