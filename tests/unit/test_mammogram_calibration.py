"""Calibration finds the line that made the labels, and does not break on classes that are apart."""

import numpy as np
import pytest

from training.mammogram.calibration import Line, calibrate, fitted

RNG = np.random.default_rng(2)


def test_the_line_that_made_the_labels_is_found_again() -> None:
    logits = RNG.normal(1.0, 2.0, 6000)
    labels = RNG.uniform(size=6000) < Line(0.5, -1.2).probabilities(logits)

    found = calibrate(logits, labels, np.arange(6000) % 3)

    assert (found.line.slope, found.line.offset) == pytest.approx((0.5, -1.2), abs=0.1)
    assert found.prevalence == labels.mean()
    assert found.error < 0.03
    assert found.cuts.low.sensitivity >= 0.9
    assert found.cuts.high.specificity >= 0.9
    assert found.cuts.low.threshold < found.cuts.middle.threshold < found.cuts.high.threshold


def test_the_error_is_measured_on_folds_that_the_line_has_not_seen() -> None:
    # In one fold the score means the opposite: the line of the others must be wrong there.
    logits, folds = RNG.normal(0.0, 2.0, 3000), np.arange(3000) % 3
    turned = np.where(folds == 0, -logits, logits)
    labels = RNG.uniform(size=3000) < Line(1.0, 0.0).probabilities(turned)
    assert calibrate(logits, labels, folds).error > 0.1


def test_separate_classes_give_a_finite_line() -> None:
    line = fitted(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([False, False, True, True]))
    assert 0.3 < line.slope < 5.0
    assert line.offset == pytest.approx(0.0, abs=1e-3)


def test_a_single_fold_is_measured_by_its_own_line_and_says_so() -> None:
    logits = RNG.normal(1.0, 2.0, 300)
    labels = RNG.uniform(size=300) < Line(0.5, -1.2).probabilities(logits)
    alone = calibrate(logits, labels, np.zeros(300, dtype=np.intp))
    assert not alone.unseen
    assert np.array_equal(alone.crossed, alone.line.probabilities(logits))
    halves = calibrate(logits, labels, np.arange(300) % 2)
    assert halves.unseen
    other = fitted(logits[1::2], labels[1::2])
    assert halves.crossed[::2] == pytest.approx(other.probabilities(logits[::2]))


def test_scores_that_fall_where_cancers_are_more_are_not_calibrated() -> None:
    logits = np.linspace(-2.0, 2.0, 40)
    with pytest.raises(ValueError, match="turn the maps over"):
        fitted(logits, logits + 0.1 * np.sin(9.0 * logits) < 0.0)
