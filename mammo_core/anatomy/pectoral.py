"""The pectoral muscle: the bright wedge in the upper chest-wall corner of an oblique view.

Its edge is looked for as a slightly bent line from the image's top to the chest wall: the one across which
the display value drops most, seen over its whole length. A coarse search over straight lines is followed by
three finer ones that may bend. This is a straight-line fit in the tradition of Karssemeijer (Phys Med Biol
1998;43:365-378), scored by contrast instead of Hough votes.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mammo_core.anatomy.outline import columns_at_top, row_ends, top_width, touches_top
from mammo_core.anatomy.records import PectoralMuscle
from mammo_core.geometry import Box
from mammo_core.records import BoolArray, BreastMask, FloatArray, Side, Sourced

METHOD = "line of greatest contrast from the top to the chest wall, bent to fit"
SAMPLES = 48
"""Points on a line."""
GAP = 0.007
"""Distance at which both sides of a line are compared, and its double, as a share of the breast's height."""
MARGIN = 0.006
"""The contrast is steepest inside the visible edge: the muscle ends this much farther out."""
SATURATION = 0.4
"""A step counts up to this share of the breast's range, so that skin folds and labels do not win."""
LENGTH_POWER = 0.5
"""How a longer edge is preferred."""
MIN_WIDTH = 0.2
"""The breast must reach the top over this share of its width; oblique views do over 0.28 and more."""
MIN_CONTRAST, MIN_AGREEMENT = 0.06, 0.7
"""Mean step, and share of the line's points where the inner side is brighter."""
MIN_STEP = 0.04
"""How much brighter the wedge must be than the tissue beside it."""
AREA = (0.01, 0.5)
"""Share of the breast."""
MAX_STEEPNESS = 5.5
"""Height by width of the wedge: an edge steeper than 80° is the film's, or the chest wall's."""

Scalar = TypeVar("Scalar", bound=np.generic)
Lines = NDArray[np.float64]
"""(lines, 3): width at the top, height at the chest wall, bend; in pixels of the working grid."""


@dataclass(frozen=True, slots=True, eq=False)
class Corner:
    """A breast with its chest wall at the left, and what is measured in its upper corner.

    Parameters
    ----------
    smooth : ndarray of shape (rows, columns), float32
        Display values; 0 to 1.
    inside : ndarray of shape (rows, columns), bool
    top, left, height : int
        The corner, and the breast's height.
    width : int
        Width of the breast at the top.
    range : float
        5th to 95th percentile of the breast.
    """

    smooth: FloatArray
    inside: BoolArray
    top: int
    left: int
    height: int
    width: int
    range: float


def find_pectoral(values: FloatArray, breast: BreastMask) -> Sourced[PectoralMuscle]:
    """Find the pectoral muscle, or say why there is none to be seen.

    Parameters
    ----------
    values : ndarray of shape breast.transform.shape, float32
        Display values on the mask's grid, 0 to 1.
    breast : BreastMask

    Returns
    -------
    Sourced[PectoralMuscle]
    """
    side = breast.chest_wall.value
    if side is None:
        return Sourced.unknown("the chest-wall side is not known")
    if not touches_top(breast.inside):
        return Sourced.unknown("the breast does not touch the top edge of the image")
    if top_width(breast.inside) < MIN_WIDTH:
        return Sourced.unknown("the breast touches the top edge only over a small part of its width")
    corner = _corner(values, breast.inside, side)
    line = _search(corner)
    _, contrast, agreement = (float(a[0]) for a in _score(corner, line[None]))
    wedge = _wedge(corner, line)
    problem = _problem(corner, line, wedge, contrast, agreement)
    if problem is not None:
        return Sourced.unknown(f"no wedge with a clear edge was found: {problem}")
    muscle = _muscle(corner, line, wedge, breast, side, contrast)
    return Sourced(muscle, "pixels", f"{METHOD}; mean step {contrast:.2f} of the breast's range")


def _corner(values: FloatArray, inside: BoolArray, side: Side) -> Corner:
    from scipy import ndimage

    if side is Side.RIGHT:
        values, inside = values[:, ::-1], inside[:, ::-1]
    rows = np.flatnonzero(inside.any(axis=1))
    tissue = values[inside]
    low, high = np.percentile(tissue, (5, 95))
    top = int(rows[0])
    return Corner(
        smooth=ndimage.gaussian_filter(values, sigma=2.0),
        inside=inside,
        top=top,
        # A film that lies askew, or a fold, must not pull the corner outwards.
        left=int(np.percentile(row_ends(inside, Side.LEFT), 10)),
        height=int(rows[-1]) + 1 - top,
        width=max(4, columns_at_top(inside)),
        range=max(float(high - low), 1e-3),
    )


def _search(corner: Corner) -> NDArray[np.float64]:
    """The best line: (width, height, bend)."""
    widths, heights = np.linspace(0.15, 1.0, 24) * corner.width, np.linspace(0.2, 1.15, 28) * corner.height
    best = _best(corner, _grid(widths, heights, np.zeros(1)))
    step = np.array([widths[1] - widths[0], heights[1] - heights[0], 0.03 * corner.height])
    offsets = np.linspace(-1.0, 1.0, 5)
    for _ in range(3):
        lines = best + step * _grid(offsets, offsets, offsets)
        lines[:, :2] = np.maximum(lines[:, :2], 1.0)
        best = _best(corner, lines)
        step = step / 2.0
    return best


def _best(corner: Corner, lines: Lines) -> NDArray[np.float64]:
    line: NDArray[np.float64] = lines[int(np.argmax(_score(corner, lines)[0]))]
    return line


def _grid(*axes: NDArray[np.float64]) -> Lines:
    lines: Lines = np.stack([a.ravel() for a in np.meshgrid(*axes, indexing="ij")], axis=1)
    return lines


def _score(corner: Corner, lines: Lines) -> tuple[NDArray[np.float64], ...]:
    """Score, mean step, and share of points where the inner side is brighter, of each line."""
    width, height, bend = lines[:, 0:1], lines[:, 1:2], lines[:, 2:3]
    length = np.hypot(width, height)
    down, right = width / length, height / length
    along = (np.arange(SAMPLES) + 0.5) / SAMPLES
    bulge = 4.0 * bend * along * (1.0 - along)
    rows = corner.top + height * along + down * bulge
    columns = corner.left + width * (1.0 - along) + right * bulge
    gap = GAP * corner.height

    def at(image: NDArray[Scalar], distance: float) -> NDArray[Scalar]:
        return _nearest(image, rows + distance * down, columns + distance * right)

    inner, outer = (at(corner.smooth, k * gap) + at(corner.smooth, 2.0 * k * gap) for k in (-1.0, 1.0))
    step = np.clip((inner - outer) / (2.0 * corner.range), -SATURATION, SATURATION)
    seen = at(corner.inside, 2.0 * gap) & at(corner.inside, -gap)
    seen &= (rows < corner.top + corner.height - 1) & (columns >= corner.left)
    count = seen.sum(axis=1)
    mean = (step * seen).sum(axis=1) / np.maximum(count, 1)
    agreement = ((step > 0.0) & seen).sum(axis=1) / np.maximum(count, 1)
    share = count / SAMPLES
    score = mean * (length[:, 0] * share / corner.height) ** LENGTH_POWER
    steep = (height > MAX_STEEPNESS * width)[:, 0]
    return np.where((share < 0.4) | steep, -1.0, score), mean, agreement


def _nearest(
    image: NDArray[Scalar], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[Scalar]:
    i = np.clip(np.rint(rows), 0, image.shape[0] - 1).astype(np.intp)
    j = np.clip(np.rint(columns), 0, image.shape[1] - 1).astype(np.intp)
    return image[i, j]


def _wedge(corner: Corner, line: NDArray[np.float64]) -> BoolArray:
    """Pixels between the line and the chest wall, on the mirrored grid."""
    width, height, bend = line
    length = float(np.hypot(width, height))
    rows, columns = (np.arange(size) + 0.5 for size in corner.inside.shape)
    down, across = rows[:, None] - corner.top, columns[None, :] - corner.left - width
    along = np.clip((down * height - across * width) / length**2, -0.3, 1.3)
    beyond = (down * width + across * height) / length
    wedge: BoolArray = beyond < 4.0 * bend * along * (1.0 - along) + MARGIN * corner.height
    return wedge & corner.inside


def _problem(
    corner: Corner, line: NDArray[np.float64], wedge: BoolArray, contrast: float, agreement: float
) -> str | None:
    """Why the best line is no muscle's edge; None if it is one."""
    share = float(wedge.sum() / corner.inside.sum())
    if not AREA[0] <= share <= AREA[1]:
        return f"its area would be {share:.0%} of the breast"
    if contrast < MIN_CONTRAST or agreement < MIN_AGREEMENT:
        return f"the mean step across it is {contrast:.2f} of the breast's range"
    step = _step(corner, wedge)
    if step < MIN_STEP:
        return f"it is brighter than the tissue beside it by {step:.2f} of the breast's range"
    if line[1] > MAX_STEEPNESS * line[0]:
        return "its edge is too steep"
    return None


def _step(corner: Corner, wedge: BoolArray) -> float:
    """Median of the wedge less that of the tissue beside it, as a share of the breast's range."""
    from scipy import ndimage

    beside = ndimage.binary_dilation(wedge, iterations=8) & corner.inside & ~wedge
    if not beside.any():
        return 0.0
    return float(np.median(corner.smooth[wedge]) - np.median(corner.smooth[beside])) / corner.range


def _muscle(
    corner: Corner,
    line: NDArray[np.float64],
    wedge: BoolArray,
    breast: BreastMask,
    side: Side,
    contrast: float,
) -> PectoralMuscle:
    inside = wedge if side is Side.LEFT else np.ascontiguousarray(wedge[:, ::-1])
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    grid = Box(float(rows[0]), float(columns[0]), float(rows[-1] + 1), float(columns[-1] + 1))
    transform = breast.transform
    return PectoralMuscle(
        inside=inside,
        transform=transform,
        box=transform.box_to_source(grid).whole(transform.source_shape),
        share_of_breast=float(inside.sum() / breast.inside.sum()),
        contrast=contrast,
        edge=_edge(corner, line, breast, side),
    )


def _edge(
    corner: Corner, line: NDArray[np.float64], breast: BreastMask, side: Side
) -> tuple[tuple[float, float], ...]:
    """Nine points of the edge in source pixels, from the top down; those below the image are left out."""
    width, height, bend = line
    length = float(np.hypot(width, height))
    along = np.linspace(0.0, 1.0, 9)
    bulge = 4.0 * bend * along * (1.0 - along) + MARGIN * corner.height
    rows = corner.top + height * along + bulge * width / length
    columns = corner.left + width * (1.0 - along) + bulge * height / length
    if side is Side.RIGHT:
        columns = breast.transform.shape[1] - columns
    return tuple(
        breast.transform.to_source(float(r), float(c))
        for r, c in zip(rows, columns, strict=True)
        if r <= breast.transform.shape[0]
    )
