"""What tells cancer without looking for it is measured on the same images as the model, out of fold."""

from dataclasses import replace

import numpy as np
import pytest

from mammo_core.evaluation.resampling import Plan
from mammo_core.evaluation.statistics import auc
from tests.training_views import collection
from training.mammogram.competitors import as_markdown, compare, image_statistics, out_of_fold

PLAN = Plan(resamples=200)


def test_a_perfect_model_beats_age_and_ties_with_a_machine_that_tells_the_label() -> None:
    views = collection(36)
    views = replace(
        views, views=tuple(replace(v, facts={"age": "50", "machine": str(v.positive)}) for v in views.views)
    )
    scores = {view.image: float(bool(view.positive)) for view in views.views}

    model, rivals = compare(views, scores, plan=PLAN)

    alone = {each.name: each.alone.value for each in rivals}
    behind = {each.name: each.behind.value for each in rivals}
    assert model.value == 1.0
    assert (alone["age"], behind["age"]) == (0.5, 0.5)
    assert (alone["machine"], behind["machine"]) == (1.0, 0.0)
    assert list(alone) == ["age", "machine", "image statistics", "all three"]
    lines = as_markdown(model, rivals).splitlines()
    assert lines[2] == "| model | 36 | 1.000 (1.000 to 1.000) | |"
    assert lines[3] == "| age | 36 | 0.500 (0.500 to 0.500) | 0.500 (0.500 to 0.500) |"


def test_only_images_with_a_score_are_compared() -> None:
    views = collection(36)
    some = {view.image: 0.5 for view in views.views[:20]}
    model, rivals = compare(views, some, plan=PLAN)
    assert model.n == 20
    assert model.value == 0.5
    assert {each.alone.n for each in rivals} == {20}


def test_a_regression_learns_from_the_other_folds_alone() -> None:
    rng = np.random.default_rng(0)
    labels, folds = rng.uniform(size=300) < 0.4, np.arange(300) % 3
    telling = rng.standard_normal((300, 2)) + labels[:, None] * [2.0, 0.0]
    assert auc(out_of_fold(telling, labels, folds), labels) > 0.85

    # A feature that names the fold's own label: learnt from the others, it misleads.
    own = np.eye(3)[folds] * (2.0 * labels[:, None] - 1.0)
    assert auc(out_of_fold(own, labels, folds), labels) == pytest.approx(0.5, abs=0.1)


def test_statistics_of_an_empty_view_are_numbers() -> None:
    views = collection(3)
    for tissue in views.tissue.values():
        tissue[...] = 0
    found = image_statistics(views, views.views[0])
    assert len(found) == 12
    assert np.isfinite(found).all()
