"""Straight at the chest wall, curved at the skin, and bulging: outlines of masks, worked out by hand."""

import numpy as np
import pytest

from mammo_core.anatomy.outline import row_ends, solidity, straightness, top_width, touches_top
from mammo_core.records import Side

TRIANGLE = np.tril(np.ones((100, 100), dtype=np.bool_))
"""Row i reaches from the left edge over i + 1 columns."""
SQUARE = np.ones((50, 50), dtype=np.bool_)


def test_a_straight_end_has_all_of_its_rows_in_line_and_a_slanted_one_few() -> None:
    assert straightness(TRIANGLE, Side.LEFT) == 1.0
    # 3 % of 100 columns: a band of three, which three rows end in.
    assert straightness(TRIANGLE, Side.RIGHT) == 0.03


def test_a_mirrored_mask_has_its_ends_exchanged() -> None:
    mirrored = TRIANGLE[:, ::-1]

    assert straightness(mirrored, Side.RIGHT) == straightness(TRIANGLE, Side.LEFT)
    assert np.array_equal(row_ends(mirrored, Side.RIGHT), row_ends(TRIANGLE, Side.LEFT))


def test_rows_without_mask_do_not_count() -> None:
    padded = np.pad(TRIANGLE, ((7, 5), (0, 0)))

    assert straightness(padded, Side.LEFT) == 1.0
    assert row_ends(padded, Side.RIGHT).tolist() == list(range(99, -1, -1))


@pytest.mark.parametrize(("mask", "expected"), [(SQUARE, 1.0), (TRIANGLE, 1.0)])
def test_a_convex_mask_fills_its_hull(
    mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]], expected: float
) -> None:
    assert solidity(mask) == pytest.approx(expected, abs=0.02)
    assert solidity(mask[::-1, ::-1]) == pytest.approx(expected, abs=0.02)


def test_a_notch_is_missing_from_the_hull() -> None:
    notched = SQUARE.copy()
    notched[10:40, 20:] = False

    assert solidity(notched) == pytest.approx(1.0 - 30 * 30 / 2500)
    assert solidity(notched[:, ::-1]) == pytest.approx(1.0 - 30 * 30 / 2500)


def test_what_surrounds_a_breast_does_not_bulge() -> None:
    rows, columns = np.mgrid[0:100, 0:100] + 0.5
    breast = np.hypot(rows - 50.0, columns) < 48.0

    assert solidity(breast) == pytest.approx(1.0, abs=0.02)
    assert solidity(~breast) < 0.7


def test_the_width_at_the_top_is_that_of_the_uppermost_rows() -> None:
    mask = np.zeros((100, 50), dtype=np.bool_)
    mask[:, :10] = True
    mask[50:, :40] = True

    assert touches_top(mask)
    assert top_width(mask) == 0.25
    assert touches_top(np.pad(mask, ((1, 0), (0, 0))))
    assert not touches_top(np.pad(mask, ((3, 0), (0, 0))))
