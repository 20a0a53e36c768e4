"""The healthy breast of a phantom, on a working grid that does not depend on the image's shape."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from mammo_core.phantom.texture import Field, power_law, strands, stream
from mammo_core.records import BoolArray, ViewPosition, read_only

FIELD_MM = (288.0, 234.0)
"""Height and width of the detector's field."""
GRID = (512, 416)
GRID_MM = FIELD_MM[0] / GRID[0]
"""Spacing of the working grid: 0.5625 mm."""

OUTLINE, GLAND, FIBRES, CLOUDS = range(4)
"""Random streams of the parts."""

FAT, GLANDULAR = 0.35, 0.25
"""Display value of fat, and what pure glandular tissue adds to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """A left breast, chest wall at the left edge, on the working grid.

    Parameters
    ----------
    depth_mm : ndarray of shape GRID, float64
        Distance from the skin, positive inside the breast.
    tissue : ndarray of shape GRID, float64
        Display value at full thickness, 0 to 1.
    pectoral : ndarray of shape GRID, float64
        Share of pectoral muscle, 0 to 1.
    nipple : tuple of float
        (row, column) in mm.
    """

    depth_mm: Field
    tissue: Field
    pectoral: Field
    nipple: tuple[float, float]

    def __post_init__(self) -> None:
        for array in (self.depth_mm, self.tissue, self.pectoral):
            read_only(array)


@dataclass(frozen=True, slots=True, eq=False)
class _Outline:
    """Width of the breast in mm for each row of the grid, and what else the outline decides."""

    width: Field
    nipple: tuple[float, float]
    half_height: float
    muscle: tuple[float, float, float] | None
    """Height and width in mm, and the exponent of the muscle's edge."""


@lru_cache(maxsize=1)  # a phantom is often made with and without its lesion, one after the other
def make_anatomy(seed: int, view_position: ViewPosition) -> Anatomy:
    """Make the breast of a seed; CC and MLO of one seed are not the same breast.

    Parameters
    ----------
    seed : int
    view_position : ViewPosition
        CC, or MLO with a pectoral muscle in the upper chest-wall corner.
    """
    oblique = view_position is ViewPosition.MLO
    rng = stream(seed, OUTLINE, int(oblique))
    outline = _oblique_outline(rng) if oblique else _craniocaudal_outline(rng)
    rows, columns = _coordinates()
    depth = _depth(columns < outline.width[:, None], open_at_top=oblique)
    pectoral = _pectoral(outline, rows, columns)
    gland = _gland(seed, outline, rows, columns, depth) * (1.0 - pectoral)
    tissue = _tissue(seed, gland, pectoral, outline, rows, columns)
    return Anatomy(depth_mm=depth, tissue=tissue, pectoral=pectoral, nipple=outline.nipple)


def _coordinates() -> tuple[Field, Field]:
    """Pixel centres in mm, as a column and as a row."""
    rows: Field = (np.arange(GRID[0], dtype=np.float64)[:, None] + 0.5) * GRID_MM
    columns: Field = (np.arange(GRID[1], dtype=np.float64)[None, :] + 0.5) * GRID_MM
    return rows, columns


def _craniocaudal_outline(rng: np.random.Generator) -> _Outline:
    """Half of a superellipse, with a nipple."""
    rows = _coordinates()[0][:, 0]
    reach, half_height = rng.uniform(85.0, 150.0), rng.uniform(85.0, 128.0)
    middle = FIELD_MM[0] / 2.0 + rng.uniform(-12.0, 12.0)
    exponent = rng.uniform(1.9, 2.5)
    inside = np.clip(1.0 - np.abs((rows - middle) / half_height) ** exponent, 0.0, 1.0)
    width = reach * inside ** (1.0 / exponent)
    nipple = middle + rng.uniform(-0.12, 0.12) * half_height
    return _Outline(*_with_nipple(width, nipple), half_height=half_height, muscle=None)


def _oblique_outline(rng: np.random.Generator) -> _Outline:
    """From the armpit at the top edge to the fold below the breast, with a nipple."""
    rows = _coordinates()[0][:, 0]
    reach, widest = rng.uniform(90.0, 150.0), rng.uniform(140.0, 180.0)
    below = rng.uniform(65.0, 95.0)
    exponent = rng.uniform(1.9, 2.4)
    # The skin meets the top edge well beside the muscle.
    muscle_width = rng.uniform(38.0, 66.0)
    top = max(0.5 * reach, muscle_width + rng.uniform(14.0, 26.0))
    above = np.clip((widest - rows) / widest, 0.0, 1.0)
    under = np.clip((rows - widest) / below, 0.0, 1.0)
    upper = top + (max(reach, top + 8.0) - top) * (1.0 - above**2) ** 1.3
    width = upper * (1.0 - under**exponent) ** (1.0 / exponent)
    muscle = (rng.uniform(110.0, 175.0), muscle_width, rng.uniform(0.85, 1.25))
    nipple = widest + rng.uniform(0.0, 0.2) * below
    return _Outline(*_with_nipple(width, nipple), half_height=below, muscle=muscle)


def _with_nipple(width: Field, row_mm: float) -> tuple[Field, tuple[float, float]]:
    """Let the outline bulge by 2.5 mm at the nipple."""
    rows = _coordinates()[0][:, 0]
    bulge = 2.5 * np.exp(-(((rows - row_mm) / 5.0) ** 2))
    column_mm = float(np.interp(row_mm, rows, width))
    return np.where(width > 0.0, width + bulge, 0.0), (row_mm, column_mm)


def _depth(inside: BoolArray, *, open_at_top: bool) -> Field:
    """Signed distance from the skin in mm; where the breast is cut off there is no skin."""
    from scipy import ndimage

    margin = 64
    top = margin if open_at_top else 0
    beyond = np.pad(inside, ((top, 0), (margin, 0)), mode="edge")
    # Half a pixel off the edge on both sides; smoothing makes a slope of it.
    distance = ndimage.distance_transform_edt(beyond) - 0.5
    depth: Field = ndimage.gaussian_filter(distance * GRID_MM, sigma=1.5)[top:, margin:]
    return depth


def _pectoral(outline: _Outline, rows: Field, columns: Field) -> Field:
    """A triangle with a slightly curved edge that fades out over 4 mm."""
    if outline.muscle is None:
        return np.zeros(GRID, dtype=np.float64)
    height, width, exponent = outline.muscle
    edge = width * (1.0 - np.clip(rows / height, 0.0, 1.0) ** exponent)
    inner: Field = np.clip((edge - columns) / 4.0 + 0.5, 0.0, 1.0) * (edge > 0.0)
    return inner


def _gland(seed: int, outline: _Outline, rows: Field, columns: Field, depth: Field) -> Field:
    """Share of glandular tissue, 0 to 1: behind the nipple, not under the skin and not at the chest wall."""
    rng = stream(seed, GLAND)
    density, spread = rng.uniform(-2.1, 0.3), rng.uniform(0.5, 0.8)
    across = columns / max(outline.nipple[1], 1.0)
    down = (rows - outline.nipple[0]) / outline.half_height
    # Upwards, and so towards the armpit, gland reaches farther.
    place = 1.0 - ((across - 0.6) / 0.42) ** 2 - (down / np.where(down < 0.0, spread + 0.25, spread)) ** 2
    under_skin = np.clip((depth - 5.0) / 12.0, 0.0, 1.0)
    clumps = power_law(rng, GRID, beta=3.8, longest=110.0)
    share = 1.0 / (1.0 + np.exp(-1.5 * (1.1 * np.clip(place, -2.5, 1.0) + 0.9 * clumps + density)))
    gland: Field = share * under_skin
    return gland


def _tissue(
    seed: int, gland: Field, pectoral: Field, outline: _Outline, rows: Field, columns: Field
) -> Field:
    """Display value of fat, gland, fibres and muscle at full thickness."""
    rng = stream(seed, FIBRES)
    lines = strands(rng, rows, columns, centre=outline.nipple, width=0.22)
    clouds = power_law(stream(seed, CLOUDS), GRID, beta=2.8, longest=70.0)
    breast = FAT + GLANDULAR * gland + lines * (0.03 + 0.05 * gland) + clouds * (0.018 + 0.012 * gland)
    muscle = rng.uniform(0.54, 0.66) + 0.02 * clouds - 0.0006 * rows
    tissue: Field = breast * (1.0 - pectoral) + muscle * pectoral
    return tissue
