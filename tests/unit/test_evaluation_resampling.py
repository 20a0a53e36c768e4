"""The bootstrap: what is drawn, and what the intervals are."""

import numpy as np
import pytest

from mammo_core.evaluation.resampling import Estimate, Floats, Indices, Plan, draws, estimate

PLAN = Plan(resamples=400, seed=7)
PATIENTS = np.repeat(np.arange(20), 4)


def measured(values: Floats, groups: Indices, plan: Plan = PLAN) -> Estimate:
    (found,) = estimate(lambda at: np.array([values[at].mean()]), groups, plan, undefined="no images")
    return found


def width(found: Estimate) -> float:
    assert found.low is not None
    assert found.high is not None
    return found.high - found.low


def test_images_of_one_patient_are_drawn_together() -> None:
    groups = np.array([5, 9, 5, 9, 9, 1])
    for at in draws(groups, Plan(resamples=50)):
        drawn = np.bincount(at, minlength=6)
        assert drawn[0] == drawn[2]
        assert drawn[1] == drawn[3] == drawn[4]
        assert drawn[0] + drawn[1] + drawn[5] == 3, "as many patients as there are"


def test_every_resample_of_equal_patients_has_all_images() -> None:
    assert {at.size for at in draws(PATIENTS, Plan(resamples=20))} == {80}


def test_the_same_seed_draws_the_same() -> None:
    first, again, other = (
        np.concatenate(list(draws(PATIENTS, Plan(resamples=3, seed=seed)))) for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_the_value_is_that_of_the_images_as_they_are() -> None:
    values = np.arange(80.0)
    found = measured(values, PATIENTS)
    assert found.value == 39.5
    assert found.n == 80
    assert found.reason is None


def test_the_interval_of_a_mean_is_as_wide_as_theory_says() -> None:
    values = np.random.default_rng(3).normal(size=400)
    found = measured(values, np.arange(400), Plan(resamples=4000, seed=1))
    assert width(found) == pytest.approx(2 * 1.96 * values.std() / np.sqrt(400), rel=0.05)


def test_by_patient_the_interval_of_clustered_images_is_wider_than_by_image() -> None:
    # All images of a patient are alike: there are 20 independent values, not 80, so twice the width.
    values = np.random.default_rng(1).normal(size=20)[PATIENTS]
    by_patient, by_image = measured(values, PATIENTS), measured(values, np.arange(80))
    assert by_patient.value == by_image.value
    assert width(by_patient) == pytest.approx(2.0 * width(by_image), rel=0.2)


def test_a_constant_has_an_interval_without_width() -> None:
    assert measured(np.full(80, 0.25), PATIENTS) == Estimate(0.25, 0.25, 0.25, 80)


def test_a_difference_of_paired_values_is_surer_than_the_values_are() -> None:
    rng = np.random.default_rng(2)
    model = rng.normal(size=80)
    blob = model - 0.1
    found = estimate(
        lambda at: np.array([model[at].mean(), (model - blob)[at].mean()]),
        PATIENTS,
        PLAN,
        numbers=2,
        undefined="no images",
    )
    assert width(found[0]) > 0.1
    assert width(found[1]) < 1e-9


def test_one_patient_gives_a_value_without_an_interval() -> None:
    assert measured(np.array([1.0, 2.0]), np.array([0, 0])) == Estimate(1.5, None, None, 2)


def test_without_images_there_is_a_reason_instead_of_a_value() -> None:
    nothing = np.zeros(0, dtype=np.intp)
    assert measured(np.zeros(0), nothing) == Estimate(None, None, None, 0, "no images")


def test_a_number_that_some_resamples_do_not_define_has_the_interval_of_the_others() -> None:
    def defined_with_the_first(at: Indices) -> Floats:
        return np.array([0.5 if (at == 0).any() else np.nan])

    # A patient of twenty is in 64 % of the resamples.
    (found,) = estimate(defined_with_the_first, PATIENTS, PLAN, undefined="not defined")
    assert found == Estimate(0.5, 0.5, 0.5, 80)


def test_a_number_that_most_resamples_do_not_define_has_no_interval() -> None:
    def defined_with_two(at: Indices) -> Floats:
        return np.array([0.5 if {0, 4} <= set(at.tolist()) else np.nan])

    # Both of two patients of twenty are in 41 % of the resamples.
    (found,) = estimate(defined_with_two, PATIENTS, PLAN, undefined="not defined")
    assert found == Estimate(0.5, None, None, 80)


def test_n_may_count_something_else_than_images() -> None:
    (found,) = estimate(lambda at: np.array([0.5]), PATIENTS, PLAN, undefined="no lesions", n=7)
    assert found.n == 7
