"""What earns the last colour is the evidence in views with a cancer that reach the threshold, on tissue."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mammo_core.attempt import Outcome
from mammo_core.models.provider import Held, OneModel
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel
from tests import phantom_model
from training.mammogram import release as releases
from training.mammogram.calibration import Line
from training.mammogram.declaration import OutOfFold
from training.mammogram.reference import MOST, OPTIONS, peak_on_tissue, peaks, suspected_cancers
from training.mammogram.release import Measured, points_at_the_sample, reference_logit

IMAGE = make_phantom(seed=3, shape=(320, 256))


def service() -> AnalysisService:
    return AnalysisService(Settings(), OneModel(Held(FakeModel())))


def test_the_peak_is_that_of_the_tissue(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(to_png(IMAGE))
    analysis = service().examine(to_png(IMAGE), OPTIONS)
    heat = analysis.interpretation.heat.value
    assert heat is not None
    (peak,) = peaks(["a.png"], {"a.png": service()}, folder=tmp_path)
    assert 0.0 < peak <= float(heat.saliency.local_evidence.max())
    assert peak == peak_on_tissue(analysis)
    without = replace(analysis, interpretation=replace(analysis.interpretation, heat=Outcome(None)))
    assert peak_on_tissue(without) == 0.0


def test_the_sample_is_known_to_be_found_or_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert points_at_the_sample(phantom_model.PLACE)
    monkeypatch.setattr(releases, "service_of", lambda _path: service())
    assert not points_at_the_sample(phantom_model.PLACE), "a model that looks at the middle of the breast"


def table(count: int) -> OutOfFold:
    """Cancers and none; the larger the logit, the more cancers."""
    return OutOfFold(
        logits=np.linspace(-2.0, 2.0, count),
        labels=np.arange(count) % 5 > 4 - 4 * np.arange(count) // count,
        folds=np.arange(count) % 3,
        images=tuple(f"{number}.png" for number in range(count)),
    )


def test_cancers_that_reach_the_threshold_are_chosen_evenly() -> None:
    known = table(1000)
    calibrated = known.calibrated()
    images = suspected_cancers(known, calibrated)

    scores = calibrated.line.probabilities(known.logits)
    all_found = np.flatnonzero(known.labels & (scores >= calibrated.cuts.middle.threshold))
    assert len(images) == min(MOST, all_found.size) == len(set(images))
    places = np.searchsorted(all_found, [int(image.removesuffix(".png")) for image in images])
    assert (places[0], places[-1]) == (0, all_found.size - 1)
    assert np.diff(places).max() <= np.ceil(all_found.size / len(images))
    few = table(12)
    chosen = suspected_cancers(few, few.calibrated())
    assert chosen
    assert set(chosen) <= {few.images[n] for n in np.flatnonzero(few.labels)}


def test_views_with_a_cancer_that_is_found_give_the_median_peak_in_calibrated_logits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = table(30)
    calibrated = replace(known.calibrated(), line=Line(0.5, 0.0))
    asked: dict[str, str] = {}

    def measured_peaks(images: list[str], services: dict[str, str], *, folder: Path) -> list[float]:
        assert folder == tmp_path
        asked.update({image: services[image] for image in images})
        return [float(number) for number in range(len(images))]

    monkeypatch.setattr(releases, "service_of", lambda path: path.name)
    monkeypatch.setattr(releases, "peaks", measured_peaks)
    models = {fold: Path(f"{fold}.mammo") for fold in range(3)}
    measured = Measured(tmp_path, tmp_path, tmp_path / "labels.csv", models)

    found = reference_logit(measured, known, calibrated)

    assert list(asked) == suspected_cancers(known, calibrated)
    assert asked == {image: f"{int(image.removesuffix('.png')) % 3}.mammo" for image in asked}, "out of fold"
    assert found.value == round(0.5 * (len(asked) - 1) / 2.0, 1)
    assert found.source.startswith(f"median peak of the local evidence in {len(asked)} RSNA Screening")
    nothing = replace(known, labels=np.zeros(30, dtype=np.bool_))
    with pytest.raises(ValueError, match="No view with a cancer reaches"):
        reference_logit(measured, nothing, calibrated)
