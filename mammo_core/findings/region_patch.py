"""The surroundings of a point, on a grid in millimetres, and the blob that lies nearest to it.

What is measured of a region must not depend on how finely the image is sampled, nor on where exactly the map
has its maximum. So each region is looked at on the same grid, and centred on the blob it belongs to.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mammo_core.records import FULL_SCALE, BoolArray, BreastMask, Pixels, PixelSpacing, read_only

Floats = NDArray[np.float64]

GRID_MM = 0.2
"""Distance of the grid's points. Finer images are averaged to it, as the films of mini-MIAS were scanned."""
COARSEST_MM = 0.3
"""Largest pixel of an image that is measured: coarser ones show neither specks nor spicules."""
HALF_MM = 32.0
"""From the point to the grid's edge: the search, and the surroundings of the largest blob."""
SEARCH_MM = 8.0
"""How far from the point the blob's centre may lie."""
WIDTHS_MM = (1.5, 2.25, 3.5, 5.0, 6.5)
"""Widths (σ) of the blobs that are tried."""
LEAST_INSIDE = 0.2
"""Share of the grid that must show breast."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The surroundings of a point.

    Parameters
    ----------
    values : ndarray of shape (n, n), float64
        Display values of full scale less their mean over the breast, :data:`GRID_MM` apart; outside the
        breast that of the nearest tissue.
    inside : ndarray of shape (n, n), bool
        Where the grid shows breast.
    """

    values: Floats
    inside: BoolArray

    def __post_init__(self) -> None:
        read_only(self.values)
        read_only(self.inside)


@dataclass(frozen=True, slots=True)
class Blob:
    """A bright blob: its centre on the grid, its width σ in mm, and −σ²∇² of the image there."""

    row: int
    column: int
    width_mm: float
    response: float

    @property
    def radius_mm(self) -> float:
        """Radius of the disk whose response is largest at this width: σ√2."""
        return self.width_mm * float(np.sqrt(2.0))


def cut_out(
    pixels: Pixels, point: tuple[float, float], spacing: PixelSpacing, breast: BreastMask | None
) -> Patch | None:
    """Put the surroundings of a point on the grid, each of its pixels an average over its area.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns), uint16
        Display values, bright tissue.
    point : tuple of float
        (row, column) in source pixels.
    spacing : PixelSpacing
        At most :data:`COARSEST_MM`.
    breast : BreastMask or None
        None: the whole image shows breast.

    Returns
    -------
    Patch or None
        None if less than :data:`LEAST_INSIDE` of it shows breast, or it is blank.
    """
    from scipy import ndimage

    rows = _window(point[0], spacing.row_mm, pixels.shape[0])
    columns = _window(point[1], spacing.column_mm, pixels.shape[1])
    crop = pixels[rows.first : rows.last, columns.first : columns.last].astype(np.float64) / FULL_SCALE
    values = rows.weights @ crop @ columns.weights.T
    inside = np.outer(rows.known, columns.known) & _tissue(rows.centres, columns.centres, breast)
    if inside.mean() < LEAST_INSIDE or np.ptp(values[inside]) == 0.0:
        return None
    # Filters must not see the step from tissue to air.
    nearest = ndimage.distance_transform_edt(~inside, return_distances=False, return_indices=True)
    # The kernels of derivatives, cut off at four widths, do not add up to zero: a mean would leak through.
    return Patch(values[tuple(nearest)] - values[inside].mean(), inside)


def find_blob(patch: Patch) -> Blob | None:
    """Find the blob near the middle: the maximum of −σ²∇² over places and widths.

    Returns
    -------
    Blob or None
        None if no breast is within reach.

    References
    ----------
    T. Lindeberg, Feature detection with automatic scale selection, IJCV 1998;30:79-116.
    """
    near = patch.inside & (distances(patch, middle(patch), middle(patch)) <= SEARCH_MM)
    if not near.any():
        return None
    best = Blob(middle(patch), middle(patch), WIDTHS_MM[0], -np.inf)
    for width in WIDTHS_MM:
        laplacian = smoothed(patch.values, width, 2, 0) + smoothed(patch.values, width, 0, 2)
        bright = np.where(near, -((width / GRID_MM) ** 2) * laplacian, -np.inf)
        row, column = np.unravel_index(int(np.argmax(bright)), bright.shape)
        if bright[row, column] > best.response:
            best = Blob(int(row), int(column), width, float(bright[row, column]))
    return best


def smoothed(values: Floats, width_mm: float, by_row: int = 0, by_column: int = 0) -> Floats:
    """Smooth a square patch with a Gaussian, or differentiate it so.

    Parameters
    ----------
    values : ndarray of shape (n, n), float64
    width_mm : float
        σ of the Gaussian, which is cut off at four of them; beyond its border the patch is mirrored.
    by_row, by_column : int
        Order of the derivative along each axis, per point of the grid.
    """
    size = values.shape[0]
    result: Floats = _gaussian(size, width_mm, by_row) @ values @ _gaussian(size, width_mm, by_column).T
    return result


@lru_cache(maxsize=32)
def _gaussian(size: int, width_mm: float, order: int) -> Floats:
    """One axis of the filter as a matrix: for widths of many points its product is the faster way."""
    from scipy import ndimage

    unit = np.eye(size)
    matrix: Floats = ndimage.gaussian_filter1d(unit, width_mm / GRID_MM, axis=0, order=order)
    return read_only(matrix)


def middle(patch: Patch) -> int:
    """Index of the middle row and column."""
    return int(patch.values.shape[0]) // 2


def distances(patch: Patch, row: int, column: int) -> Floats:
    """Distance of each point of the grid from one of them, in mm."""
    rows, columns = offsets(patch, row, column)
    return np.hypot(rows, columns)


def offsets(patch: Patch, row: int, column: int) -> tuple[Floats, Floats]:
    """Rows (n, 1) and columns (1, n) from a point of the grid, in mm."""
    index = np.arange(patch.values.shape[0], dtype=np.float64)
    return (index[:, None] - row) * GRID_MM, (index[None, :] - column) * GRID_MM


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """One axis of the grid: which pixels it needs, and how much each of them counts."""

    first: int
    last: int
    weights: Floats
    centres: Floats
    known: BoolArray


def _window(at: float, spacing_mm: float, size: int) -> _Window:
    """Cover one axis; the middle cell's centre is that of the pixel at the point, so equal grids coincide."""
    half = round(HALF_MM / GRID_MM)
    step = GRID_MM / spacing_mm
    centres = np.floor(at) + 0.5 + np.arange(-half, half + 1) * step
    low, high = centres - step / 2.0, centres + step / 2.0
    first, last = max(0, int(np.floor(low[0]))), min(size, int(np.ceil(high[-1])))
    edges = np.arange(first, max(last, first) + 1, dtype=np.float64)
    shared = np.minimum(high[:, None], edges[None, 1:]) - np.maximum(low[:, None], edges[None, :-1])
    shared = np.maximum(shared, 0.0)
    total = shared.sum(axis=1, keepdims=True)
    return _Window(
        first, max(last, first), shared / np.maximum(total, 1e-9), centres, total[:, 0] > 0.5 * step
    )


def _tissue(rows: Floats, columns: Floats, breast: BreastMask | None) -> BoolArray:
    if breast is None:
        return np.ones((rows.size, columns.size), dtype=np.bool_)
    grid = breast.transform
    at_rows = np.clip(np.floor(grid.row.forward(rows)), 0, grid.shape[0] - 1).astype(np.intp)
    at_columns = np.clip(np.floor(grid.column.forward(columns)), 0, grid.shape[1] - 1).astype(np.intp)
    found: BoolArray = breast.inside[np.ix_(at_rows, at_columns)]
    return found
