"""The outline of a mask, row by row: where the image cuts the breast off, it is straight."""

import numpy as np
from numpy.typing import NDArray

from mammo_core.records import BoolArray, Side

STRAIGHT = 0.03
"""An outline counts as straight within this share of the mask's width."""
AT_TOP = 0.01
"""The mask touches the top of the image within this share of its rows."""


def straightness(inside: BoolArray, side: Side) -> float:
    """Share of the mask's rows whose outline lies in one narrow band of columns, 0 to 1.

    At the chest wall the breast is cut off along a line, so nearly all rows end in the same columns: 0.8 and
    more on real views. The skin is curved: 0.2 to 0.6.

    Parameters
    ----------
    inside : ndarray of shape (rows, columns), bool
        Not empty.
    side : Side
        The end of the rows that is looked at.
    """
    columns = np.flatnonzero(inside.any(axis=0))
    width = max(2, round(STRAIGHT * (columns[-1] + 1 - columns[0])))
    ends = row_ends(inside, side)
    counts = np.bincount(ends, minlength=inside.shape[1])
    return float(np.convolve(counts, np.ones(width, dtype=np.intp)).max()) / ends.size


def row_ends(inside: BoolArray, side: Side) -> NDArray[np.intp]:
    """Outermost column of each row that holds a part of the mask, counted from that side."""
    rows = inside[inside.any(axis=1)]
    towards = rows if side is Side.LEFT else rows[:, ::-1]
    ends: NDArray[np.intp] = np.argmax(towards, axis=1)
    return ends


def touches_top(inside: BoolArray) -> bool:
    """Whether the mask reaches the top edge of the image."""
    return bool(inside[: int(AT_TOP * inside.shape[0]) + 1].any())


def top_width(inside: BoolArray) -> float:
    """Width of the mask at its uppermost rows, as a share of its whole width, 0 to 1."""
    return columns_at_top(inside) / int(np.count_nonzero(inside.any(axis=0)))


def columns_at_top(inside: BoolArray) -> int:
    """Columns that the uppermost rows of the mask cover."""
    first = int(np.flatnonzero(inside.any(axis=1))[0])
    return int(np.count_nonzero(inside[first : first + 4].mean(axis=0) > 0.5))


def solidity(inside: BoolArray) -> float:
    """Area of the mask as a share of its convex hull's, 0 to 1: a breast bulges, its surroundings do not.

    Parameters
    ----------
    inside : ndarray of shape (rows, columns), bool
        Not empty.
    """
    rows = np.flatnonzero(inside.any(axis=1))
    last = inside.shape[1] - row_ends(inside, Side.RIGHT)
    first = row_ends(inside, Side.LEFT)
    hull = _envelope(rows, last) + _envelope(rows, -first)
    return float(inside.sum()) / float(hull.sum())


def _envelope(at: NDArray[np.intp], heights: NDArray[np.intp]) -> NDArray[np.float64]:
    """The least concave function nowhere below the heights, at each whole number between the ends."""
    corners: list[tuple[int, int]] = []
    for point in zip(at.tolist(), heights.tolist(), strict=True):
        while len(corners) > 1 and _turns_up(corners[-2], corners[-1], point):
            corners.pop()
        corners.append(point)
    x, y = np.array(corners, dtype=np.float64).T
    envelope: NDArray[np.float64] = np.interp(np.arange(at[0], at[-1] + 1), x, y)
    return envelope


def _turns_up(first: tuple[int, int], middle: tuple[int, int], last: tuple[int, int]) -> bool:
    """Whether the middle point lies below the line between the others."""
    rise, run = last[1] - first[1], last[0] - first[0]
    return (middle[1] - first[1]) * run <= rise * (middle[0] - first[0])
