"""Deletion and insertion areas are those of a hand; the right order beats chance, the wrong one does not."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from mammo_core.explain.ordering import RANDOM_ORDERS, STEPS, deletion_and_insertion
from mammo_core.explain.probe import Probe
from mammo_core.map_quality import Ordering
from mammo_core.records import BoolArray, Sourced
from tests.builders_maps import Brightness, Untouched, make_subject, noise

IMAGE = noise((36, 9))
"""Four cells of 9 × 9 pixels, one below the other; in the middle of a cell nothing of the others fades in."""
CENTRES = [(4, 4), (13, 4), (22, 4), (31, 4)]
WORTH = (4.0, 3.0, 2.0, 1.0)


def ordering(
    cells: ArrayLike, worth: tuple[float, ...] = WORTH, tissue: BoolArray | None = None
) -> Sourced[Ordering]:
    model = Untouched(IMAGE, dict(zip(CENTRES, worth, strict=True)))
    subject = make_subject(IMAGE, np.reshape(cells, (4, 1)), score=sum(worth), tissue=tissue)
    return deletion_and_insertion(subject, Probe(model))


def known(found: Sourced[Ordering]) -> Ordering:
    assert found.value is not None, found.reason
    return found.value


def test_the_areas_are_those_of_a_hand() -> None:
    """Deletion leaves 10, 6, 3, 1, 0 of 10; insertion brings 0, 4, 7, 9, 10."""
    found = ordering(WORTH)

    assert known(found).deletion.area == pytest.approx((10 / 2 + 6 + 3 + 1 + 0) / 40)
    assert known(found).insertion.area == pytest.approx((0 + 4 + 7 + 9 + 10 / 2) / 40)
    assert found.source == "model"
    assert found.detail == "16 shares of the breast, 3 random orders, the blurred breast as baseline"


def test_the_wrong_order_has_the_areas_of_the_right_one_exchanged() -> None:
    right, wrong = known(ordering(WORTH)), known(ordering(WORTH[::-1]))

    assert wrong.deletion.area == pytest.approx(right.insertion.area)
    assert wrong.insertion.area == pytest.approx(right.deletion.area)


def test_the_right_order_is_better_than_chance_and_the_wrong_one_worse() -> None:
    right, wrong = known(ordering(WORTH)), known(ordering(WORTH[::-1]))

    assert right.deletion.random_area == right.insertion.random_area == wrong.deletion.random_area
    assert 0.375 < right.deletion.random_area < 0.625
    assert right.deletion.gap == right.deletion.random_area - right.deletion.area > 0
    assert right.insertion.gap == right.insertion.area - right.insertion.random_area > 0
    assert wrong.deletion.gap < 0
    assert wrong.insertion.gap < 0


def test_cells_of_equal_worth_leave_nothing_to_be_better_at() -> None:
    found = known(ordering(WORTH, worth=(1.0, 1.0, 1.0, 1.0)))

    for curve in (found.deletion, found.insertion):
        assert curve.area == pytest.approx(0.5)
        assert curve.random_area == pytest.approx(0.5)
        assert curve.gap == pytest.approx(0.0, abs=1e-9)


def test_a_cell_counts_by_its_pixels_of_the_breast() -> None:
    """Of the first cell a third is breast: shares 27/270, 108/270, 189/270, 1."""
    tissue = np.ones(IMAGE.shape, dtype=np.bool_)
    tissue[:3], tissue[6:9] = False, False

    found = known(ordering(WORTH, tissue=tissue))

    shares, left = np.array([0, 27, 108, 189, 270]) / 270, np.array([10, 6, 3, 1, 0]) / 10
    assert found.deletion.area == pytest.approx(float(np.trapezoid(left, shares)))


def test_pixels_that_show_no_breast_are_left_alone() -> None:
    tissue = np.ones(IMAGE.shape, dtype=np.bool_)
    tissue[27:] = False

    found = known(ordering((1.0, 2.0, 3.0, 99.0), tissue=tissue))

    # The last cell's worth of 1 stays, before and after: 9 of 10 are to be taken, the smallest first.
    assert found.deletion.area == pytest.approx((9 / 2 + 7 + 4 + 0) / 9 / 3)


def test_equal_cells_are_taken_in_a_random_order_that_is_always_the_same() -> None:
    flat, again = known(ordering([1.0] * 4)), known(ordering([1.0] * 4))

    assert flat == again
    assert 0.375 <= flat.deletion.area <= 0.625


@pytest.mark.parametrize("rows", [0, 9])
def test_a_breast_in_one_cell_has_no_order(rows: int) -> None:
    tissue = np.zeros(IMAGE.shape, dtype=np.bool_)
    tissue[:rows] = True

    assert ordering(WORTH, tissue=tissue) == Sourced.unknown("the breast lies in one cell of the map")


@pytest.mark.parametrize("worth", [(0.04, 0.02, 0.02, 0.0), (-4.0, -3.0, -2.0, -1.0)])
def test_a_score_that_the_blurred_breast_has_too_cannot_be_taken_away(worth: tuple[float, ...]) -> None:
    assert ordering(WORTH, worth=worth) == Sourced.unknown(
        "the image scores less than 0.1 logits more than its blurred breast"
    )


def test_the_cost_is_what_the_documents_say() -> None:
    image = noise((64, 48))
    image[:16] += 3.0
    probe, model = Probe(Brightness()), Brightness()

    # The blur keeps the mean, so the model of brightness is told that the image scores 1 more.
    score = float(image.mean()) + 1.0
    found = deletion_and_insertion(make_subject(image, noise((8, 6)), score=score), probe)

    assert found.value is not None
    assert probe.forwards == (2 + RANDOM_ORDERS) * (STEPS - 1) + 1 == 76
    assert model.batches == []
