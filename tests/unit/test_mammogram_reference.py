"""The evidence that earns the last colour is read inside the lesion, and nowhere else."""

import json
from pathlib import Path

import pytest

from mammo_core.evaluation.labels import Case
from mammo_core.evaluation.lesions import Circle
from mammo_core.models.provider import Held, OneModel
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel
from tests import phantom_model
from training.mammogram import release as releases
from training.mammogram.reference import OPTIONS, peaks_in_lesions
from training.mammogram.release import Measured, found_images, points_at_the_sample, reference_logit

IMAGE = make_phantom(seed=3, shape=(320, 256))


def service() -> AnalysisService:
    return AnalysisService(Settings(), OneModel(Held(FakeModel())))


def case(row: float, column: float, radius: float) -> Case:
    return Case(
        row=2,
        image="a.png",
        positive=True,
        patient=0,
        targets=(Circle(row, column, radius),),
        others=(),
        spacing=None,
        view=None,
        laterality=None,
    )


def test_the_peak_is_that_of_the_lesion_and_not_of_the_brightest_place_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(to_png(IMAGE))
    heat = service().examine(to_png(IMAGE), OPTIONS).interpretation.heat.value
    assert heat is not None
    whole, apart = (
        peaks_in_lesions([case(row, column, radius)], {"a.png": service()}, folder=tmp_path, spacing_mm=1.0)
        for row, column, radius in ((160.0, 60.0, 400.0), (310.0, 250.0, 2.0))
    )
    assert 0.0 < whole[0] <= float(heat.saliency.local_evidence.max())
    assert apart == [0.0], "no tissue there"


def test_the_sample_is_known_to_be_found_or_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert points_at_the_sample(phantom_model.PLACE)
    monkeypatch.setattr(releases, "service_of", lambda _path: service())
    assert not points_at_the_sample(phantom_model.PLACE), "a model that looks at the middle of the breast"


def test_films_that_are_hit_give_the_median_peak_in_calibrated_logits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / "labels.csv").write_text(
        "image,patient,label,x,y,r\na.png,1,benign,9,9,5\nb.png,2,malignant,9,9,5\nc.png,3,malignant,9,9,5\n"
    )
    out = tmp_path / "evaluation"
    out.mkdir()
    (out / "images.csv").write_text("image,hit\na.png,1\nb.png,0\nc.png,1\n")
    digest = service().model_card().sha256
    options = {"models": {"0": digest, "1": digest}, "positive": ["malignant"], "spacing_mm": 0.2}
    (out / "evaluation.json").write_text(json.dumps({"options": options}))
    monkeypatch.setattr(releases, "service_of", lambda _path: service())
    asked: list[list[str]] = []

    def peaks(cases: list[Case], *_: object, **__: object) -> list[float]:
        asked.append([each.image for each in cases])
        return [10.0, 20.0]

    monkeypatch.setattr(releases, "peaks_in_lesions", peaks)
    models = {0: Path("0.mammo"), 1: Path("1.mammo")}
    measured = Measured(tmp_path, out, films / "labels.csv", models)

    found = reference_logit(measured, {"a.png": 0, "c.png": 1}, slope=0.5)

    assert asked == [["a.png", "c.png"]]
    assert found.value == 7.5
    assert "2 mini-MIAS films whose map points at one, out of fold" in found.source
    assert found_images(out / "images.csv") == {"a.png", "c.png"}
    with pytest.raises(ValueError, match="other models"):
        reference_logit(Measured(tmp_path, out, films / "labels.csv", {0: Path("0.mammo")}), {}, 0.5)
