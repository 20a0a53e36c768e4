"""Subgroups, controls, stability and the measurement out of fold say what was done, and on whom."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammo_core.evaluation.resampling import Plan
from mammo_core.models.provider import Held, OneModel
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import EVERYWHERE, FakeModel
from tests.training_views import collection, write_films
from training.mammogram import outoffold
from training.mammogram.controls import BackgroundOnly
from training.mammogram.outoffold import Question, image_folds, measure_out_of_fold
from training.mammogram.phantoms import write_phantoms
from training.mammogram.prepare import prepare_folder
from training.mammogram.stability import CHANGES, as_markdown, stability
from training.mammogram.subgroups import as_markdown as groups_as_markdown
from training.mammogram.subgroups import subgroups
from training.mammogram.variants import as_markdown as variants_as_markdown
from training.mammogram.views import read

PLAN = Plan(resamples=200)


def service(bias: float = -1.0) -> AnalysisService:
    return AnalysisService(Settings(), OneModel(Held(FakeModel(square=EVERYWHERE, bias=bias))))


def test_each_image_is_measured_by_the_model_of_its_own_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_films(tmp_path / "films")
    prepare_folder(tmp_path / "films", tmp_path / "cache")
    views = read([tmp_path / "cache"]).views
    folds = image_folds(views)
    assert sorted(folds.values()) == [0, 1, 2]
    monkeypatch.setattr(outoffold, "service_of", lambda path: service(bias=float(path.stem)))
    question = Question(tmp_path / "films" / "labels.csv", ("malignant",), spacing_mm=0.9, resamples=100)
    models = {0: Path("0.mammo"), 1: Path("40.mammo")}

    evaluation, examined = measure_out_of_fold(question, models, views, tmp_path / "out")

    assert {each.case.image for each in examined} == {n for n, fold in folds.items() if fold != 2}
    scores = {folds[each.case.image]: each.score for each in examined}
    assert scores[0] < 1.0
    assert scores[1] == 1.0, "a bias of 40 logits"
    assert evaluation.images.listed == 2
    written = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert written["options"]["out_of_fold"] is True
    assert sorted(written["options"]["models"]) == ["0", "1"]


def test_subgroups_are_measured_apart_and_small_ones_not_at_all() -> None:
    views = tuple(
        replace(
            view, facts={"machine": "a" if view.number % 4 < 2 else "b", "age": str(45 + view.number // 2)}
        )
        for view in collection(100).views
    )
    # On machine a the score is right, on machine b it is reversed.
    scores = {v.image: float(bool(v.positive) == (v.facts["machine"] == "a")) for v in views}

    found = {(group.fact, group.value): group for group in subgroups(views, scores, plan=PLAN)}

    assert set(found) == {
        ("machine", "a"),
        ("machine", "b"),
        ("density", "unknown"),
        ("view", "unknown"),
        ("age", "70 and over"),
    }
    assert found["machine", "a"].area.value == 1.0
    assert found["machine", "b"].area.value == 0.0
    assert found["machine", "a"].images == 50
    first = groups_as_markdown(list(found.values())).splitlines()[2]
    assert first == "| machine | a | 50 | 25 (50%) | 1.000 (1.000 to 1.000) |"


def test_the_control_without_a_breast_sees_no_breast_and_everything_else() -> None:
    views = collection(3)
    for images in views.images.values():
        images[:, 480:500, 300:340] = 50_000  # a label in the corner
    view = views.views[0]
    shown = BackgroundOnly(views.views, views.images, views.tissue).image(view)
    assert shown[480:500, 300:340].mean() == pytest.approx(50_000 / 65_535, abs=1e-4)
    assert shown[:400, :200].max() == 0.0
    assert views.image(view)[:400, :200].max() > 0.3


def test_stability_compares_maps_at_the_same_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.mammogram.phantoms.SHAPE", (512, 416))
    write_phantoms(tmp_path, 2)
    header, *rows = (tmp_path / "labels.csv").read_text().splitlines()
    assert header == "image,patient,label,x,y,r,spacing_mm,view,laterality"
    assert [row.split(",")[2] for row in rows] == ["0", "1"]

    Image.new("L", (416, 512), 255).save(tmp_path / "white.png")
    found = stability(service(), [tmp_path / rows[1].split(",")[0], tmp_path / "white.png"])

    assert [each.name for each in found] == [change.name for change in CHANGES]
    assert all((each.images, each.refused) == (1, 0) for each in found), "what is no mammogram is left out"
    mirrored, down, fine, _, coarse = found
    assert mirrored.score_95 < 1e-3
    assert mirrored.correlation > 0.999
    assert down.correlation > 0.9
    assert max(fine.score_95, coarse.score_95) < 1e-3
    assert len(as_markdown(found).splitlines()) == 7
    assert np.isfinite([each.correlation for each in found]).all()


def test_variants_stand_side_by_side_with_what_they_reached(tmp_path: Path) -> None:
    for name, epochs in (("a", 2), ("b", 3)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.json").write_text(
            json.dumps({"recipe": {"steps": 300}, "epochs": epochs})
        )
    figures = {"film_auc": 0.6, "film_cancer_auc": 0.7, "pointing": 0.4, "planted": None}
    records = [
        {"epoch": 1, "seconds": 60.0, "auc": 0.65, **figures},
        {"epoch": 2, "seconds": 120.0, "auc": 0.64, **figures},
    ]
    (tmp_path / "a" / "log.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n")

    *_, first, second = variants_as_markdown([tmp_path / "a", tmp_path / "b"]).splitlines()

    assert first == "| a | 2 × 150 | 0.640 (0.650) | 0.600 | 0.700 | 0.400 | – | 3 |"
    assert second == "| b | 0 × 100, unfinished | – | – | – | – | – | 0 |"
