"""Measures of scores against labels, against numbers worked out by hand."""

import math
from dataclasses import astuple
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.evaluation import statistics
from mammo_core.evaluation.statistics import Bin, Counts, Floats, Labels

SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
LABELS = np.array([True, True, False, True, False, False])
NO_SCORES, NO_LABELS = np.zeros(0), np.zeros(0, dtype=np.bool_)
scored = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=40)


def arrays(drawn: list[tuple[int, bool]]) -> tuple[Floats, Labels]:
    return np.array([s / 20 for s, _ in drawn]), np.array([label for _, label in drawn], dtype=np.bool_)


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    # Of the nine pairs, only 0.6 (positive) against 0.7 (negative) is in the wrong order.
    assert statistics.auc(SCORES, LABELS) == pytest.approx(8 / 9)


def test_a_tie_counts_half_in_the_area() -> None:
    scores = np.array([0.5, 0.5, 0.2])
    assert statistics.auc(scores, np.array([True, False, False])) == pytest.approx(0.75)
    assert statistics.auc(np.full(4, 0.3), np.array([True, True, False, False])) == 0.5


@pytest.mark.parametrize("label", [True, False])
def test_with_one_label_there_is_no_area(label: bool) -> None:
    assert math.isnan(statistics.auc(np.array([0.1, 0.2]), np.array([label, label])))
    assert math.isnan(statistics.auc(NO_SCORES, NO_LABELS))


@given(scored)
def test_the_area_depends_on_the_order_of_the_scores_alone(drawn: list[tuple[int, bool]]) -> None:
    scores, labels = arrays(drawn)
    for other in (3.0 * scores - 7.0, np.exp(scores), scores**3):
        assert statistics.auc(other, labels) == pytest.approx(statistics.auc(scores, labels), nan_ok=True)


@given(scored)
def test_the_area_of_the_opposite_score_is_the_rest_to_one(drawn: list[tuple[int, bool]]) -> None:
    scores, labels = arrays(drawn)
    total = statistics.auc(scores, labels) + statistics.auc(-scores, labels)
    assert total == pytest.approx(1.0) or math.isnan(total)


@given(scored)
def test_the_area_is_the_one_below_the_curve(drawn: list[tuple[int, bool]]) -> None:
    scores, labels = arrays(drawn)
    false_rate, true_rate = statistics.roc(scores, labels)
    trapezoids = np.sum(np.diff(false_rate) * (true_rate[1:] + true_rate[:-1]) / 2)
    assert trapezoids == pytest.approx(statistics.auc(scores, labels), nan_ok=True)


def test_the_curve_has_one_point_for_each_distinct_score() -> None:
    false_rate, true_rate = statistics.roc(
        np.array([0.2, 0.9, 0.9, 0.5]), np.array([True, True, False, False])
    )
    assert false_rate.tolist() == [0.0, 0.5, 1.0, 1.0]
    assert true_rate.tolist() == [0.0, 0.5, 0.5, 1.0]


def test_average_precision_adds_the_precision_at_each_positive() -> None:
    # Positives come first, second and fourth: precisions 1, 1 and 3/4, each for a third of the recall.
    assert statistics.average_precision(SCORES, LABELS) == pytest.approx((1 + 1 + 3 / 4) / 3)


def test_average_precision_of_a_constant_score_is_the_prevalence() -> None:
    assert statistics.average_precision(np.full(5, 0.4), np.array([True, False, False, True, False])) == 0.4


def test_without_a_positive_image_there_is_no_average_precision() -> None:
    assert math.isnan(statistics.average_precision(SCORES, ~LABELS & LABELS))


def test_a_score_at_the_cut_is_called_positive() -> None:
    counts = statistics.count(SCORES, LABELS, 0.6)
    assert counts == Counts(true_positive=3, false_negative=0, true_negative=2, false_positive=1)
    assert counts.sensitivity == 1.0
    assert counts.specificity == pytest.approx(2 / 3)


def test_sensitivity_and_specificity_need_images_of_their_label() -> None:
    counts = statistics.count(NO_SCORES, NO_LABELS, 0.5)
    assert math.isnan(counts.sensitivity)
    assert math.isnan(counts.specificity)


def test_the_brier_score_is_the_mean_squared_difference() -> None:
    assert statistics.brier(np.array([0.8, 0.4]), np.array([True, False])) == pytest.approx((0.04 + 0.16) / 2)
    assert math.isnan(statistics.brier(NO_SCORES, NO_LABELS))


def test_groups_hold_equally_many_images() -> None:
    scores = np.array([0.6, 0.1, 0.2, 0.9])
    labels = np.array([False, False, True, True])
    low, high = statistics.reliability(scores, labels, bins=2)
    assert astuple(low) == pytest.approx(astuple(Bin(low=0.1, high=0.2, n=2, mean_score=0.15, observed=0.5)))
    assert astuple(high) == pytest.approx(astuple(Bin(low=0.6, high=0.9, n=2, mean_score=0.75, observed=0.5)))


def test_the_calibration_error_weighs_groups_by_their_size() -> None:
    scores = np.array([0.1, 0.1, 0.1, 0.9])
    labels = np.array([False, False, True, True])
    # Three images of 0.1 stay together: |0.1 − 1/3| for 3/4 of the images, |0.9 − 1| for 1/4.
    expected = 0.75 * (1 / 3 - 0.1) + 0.25 * 0.1
    assert statistics.expected_calibration_error(scores, labels, bins=2) == pytest.approx(expected)
    assert [group.n for group in statistics.reliability(scores, labels, bins=2)] == [3, 1]


def test_a_calibrated_score_has_no_calibration_error() -> None:
    scores = np.repeat([0.25, 0.75], 4)
    labels = np.array([True, False, False, False, True, True, True, False])
    assert statistics.expected_calibration_error(scores, labels) == 0.0


def test_without_images_there_are_no_groups() -> None:
    assert statistics.reliability(NO_SCORES, NO_LABELS) == ()
    assert math.isnan(statistics.expected_calibration_error(NO_SCORES, NO_LABELS))


@given(scored, st.integers(1, 12))
def test_groups_hold_every_image_once_whatever_their_order(drawn: list[tuple[int, bool]], bins: int) -> None:
    scores, labels = arrays(drawn)
    groups = statistics.reliability(scores, labels, bins=bins)
    assert sum(group.n for group in groups) == labels.size
    assert len(groups) <= bins
    assert all(left.high < right.low for left, right in pairwise(groups))
    backwards = statistics.reliability(scores[::-1], labels[::-1], bins=bins)
    assert [group.n for group in backwards] == [group.n for group in groups]
    assert [group.observed for group in backwards] == [group.observed for group in groups]
