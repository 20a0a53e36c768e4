"""FROC: lesions found against false marks, against numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.evaluation.froc import RATES, Froc, Marks


def marks(lesions: list[tuple[int, float]], false: list[tuple[int, float]], images: int) -> Marks:
    return Marks(
        lesion_image=np.array([i for i, _ in lesions], dtype=np.intp),
        lesion_score=np.array([s for _, s in lesions], dtype=np.float64),
        false_image=np.array([i for i, _ in false], dtype=np.intp),
        false_score=np.array([s for _, s in false], dtype=np.float64),
        images=images,
    )


MISSED = -np.inf
FOUR = marks(
    lesions=[(0, 9.0), (0, 2.0), (1, 5.0), (1, MISSED)], false=[(0, 7.0), (2, 5.0), (3, 1.0)], images=4
)
"""Cuts: 9 finds 1 lesion; 7 adds a false mark; 5 adds both; 2 finds another; 1 adds a false mark."""


def test_the_curve_has_one_point_for_each_distinct_score() -> None:
    false_per_image, sensitivity = Froc(FOUR).curve()
    assert false_per_image.tolist() == [0.0, 0.0, 0.25, 0.5, 0.5, 0.75]
    assert sensitivity.tolist() == [0.0, 0.25, 0.25, 0.5, 0.75, 0.75]


def test_the_sensitivity_is_the_highest_with_at_most_so_many_false_marks() -> None:
    found = Froc(FOUR).sensitivities(rates=(0.125, 0.25, 0.5, 1.0))
    assert found.tolist() == [0.25, 0.25, 0.75, 0.75, pytest.approx(0.5)]


def test_a_rate_that_is_just_reached_counts_as_reached() -> None:
    forty = marks(lesions=[(0, 1.0)], false=[(i, 2.0) for i in range(5)], images=40)
    assert Froc(forty).sensitivities(rates=(0.125,)).tolist() == [1.0, 1.0]


def test_a_lesion_that_no_mark_is_on_is_never_found() -> None:
    nothing = marks(lesions=[(0, MISSED)], false=[(0, 3.0)], images=1)
    false_per_image, sensitivity = Froc(nothing).curve()
    assert (false_per_image.tolist(), sensitivity.tolist()) == ([0.0, 1.0], [0.0, 0.0])


def test_without_any_mark_the_curve_is_its_first_point() -> None:
    silent = Froc(marks(lesions=[(0, MISSED)], false=[], images=2))
    assert [points.tolist() for points in silent.curve()] == [[0.0], [0.0]]
    assert silent.sensitivities().tolist() == [0.0] * (len(RATES) + 1)


def test_without_lesions_the_sensitivities_are_not_defined() -> None:
    assert np.isnan(Froc(marks(lesions=[], false=[(0, 1.0)], images=1)).sensitivities()).all()


def test_an_image_that_counts_twice_is_as_good_as_two_images() -> None:
    doubled = marks(
        lesions=[*[(0, 9.0), (0, 2.0), (1, 5.0), (1, MISSED)], (4, 9.0), (4, 2.0)],
        false=[(0, 7.0), (2, 5.0), (4, 7.0)],
        images=5,
    )
    weighted = Froc(FOUR).sensitivities(np.array([2.0, 1.0, 1.0, 0.0]), rates=(0.25, 0.5, 1.0))
    # Image 3, with weight 0, is not there: four images in all.
    expected = Froc(
        marks(
            [(i if i < 4 else 3, s) for i, s in zip(doubled.lesion_image, doubled.lesion_score, strict=True)],
            [(i if i < 4 else 3, s) for i, s in zip(doubled.false_image, doubled.false_score, strict=True)],
            images=4,
        )
    ).sensitivities(rates=(0.25, 0.5, 1.0))
    assert weighted.tolist() == pytest.approx(expected.tolist())


scores = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9).map(float)), max_size=20)


@given(scores.filter(bool), scores)
def test_a_looser_cut_never_finds_less(
    lesions: list[tuple[int, float]], false: list[tuple[int, float]]
) -> None:
    false_per_image, sensitivity = Froc(marks(lesions, false, images=6)).curve()
    assert (np.diff(false_per_image) >= 0).all()
    assert (np.diff(sensitivity) >= 0).all()
    assert sensitivity[-1] == 1.0
    assert false_per_image[-1] == pytest.approx(len(false) / 6)
