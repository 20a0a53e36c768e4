"""Each fold has figures of its own, and films are cut by the line that digital views gave."""

from pathlib import Path

import numpy as np
import pytest

from mammo_core.evaluation.resampling import Plan
from mammo_core.evaluation.statistics import auc
from tests.training_views import collection
from training.mammogram.byfold import areas, divided, hits
from training.mammogram.declaration import OutOfFold
from training.mammogram.outoffold import image_folds
from training.mammogram.views import View

PLAN = Plan(resamples=50)


def table(folder: Path, views: tuple[View, ...], source: str, raised: float) -> Path:
    """``images.csv`` of a data set: scores that know a little, and every second lesion hit."""
    rng = np.random.default_rng(4)
    rows = [
        f"{view.image},{int(view.positive is not False)},"
        f"{rng.uniform(0.2, 0.5) + 0.1 * bool(view.positive) + raised:.6f},"
        f"{view.number % 4 // 2 if view.spots else ''}"
        for view in views
        if view.source == source
    ]
    folder.mkdir()
    path = folder / "images.csv"
    path.write_text("\n".join(["image,positive,score,hit", *rows, f"{views[0].image},0,,"]) + "\n")
    return path


def test_each_fold_has_an_area_of_its_own_images(tmp_path: Path) -> None:
    views = collection(90).views
    path = table(tmp_path / "rsna", views, "rsna", 0.0)
    read = OutOfFold.read(path, image_folds(views))

    found = areas(path, views, plan=PLAN)

    assert sorted(found) == [0, 1, 2]
    assert sum(each.n for each in found.values()) == read.logits.size == 60
    for fold, each in found.items():
        own = read.folds == fold
        assert each.value == pytest.approx(auc(read.logits[own], read.labels[own]))
        assert each.value is not None
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.value < each.high


def test_the_pointing_game_counts_images_with_a_lesion(tmp_path: Path) -> None:
    views = collection(90).views
    path = table(tmp_path / "films", views, "mini-mias", 0.0)
    folds = image_folds(views)

    found = hits(path, views, plan=PLAN)

    for fold, each in found.items():
        own = [view.number % 4 // 2 for view in views if view.spots and folds[view.image] == fold]
        assert each.n == len(own)
        assert each.value == pytest.approx(float(np.mean(own)))
    assert hits(table(tmp_path / "rsna", views, "rsna", 0.0), views, plan=PLAN) == {}


def test_films_are_cut_by_the_line_of_the_digital_views(tmp_path: Path) -> None:
    views = collection(90).views
    calibrated = OutOfFold.read(table(tmp_path / "rsna", views, "rsna", 0.0), image_folds(views)).calibrated()
    path = table(tmp_path / "films", views, "mini-mias", 0.35)

    normal, cancer = divided(path, views, calibrated, plan=PLAN)

    assert (normal.kind, cancer.kind) == (False, True)
    assert normal.suspected.n + cancer.suspected.n == 30
    assert (normal.suspected.value, normal.ruled_out.value) == (1.0, 0.0), "all of them score too high"
    for own, kind in (
        (calibrated.cuts.middle.specificity, False),
        (calibrated.cuts.middle.sensitivity, True),
    ):
        digital = divided(tmp_path / "rsna" / "images.csv", views, calibrated, plan=PLAN)
        (each,) = [each for each in digital if each.kind is kind]
        assert each.suspected.value == pytest.approx(own if kind else 1.0 - own)
