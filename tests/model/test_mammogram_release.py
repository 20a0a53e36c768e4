"""The model that ships is the final weights with the calibration of the folds, and declares it."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mammo_core.evaluation.resampling import Plan
from mammo_core.evaluation.statistics import auc
from mammo_core.models.bundle import unpack
from mammo_core.models.litert import CompiledGraph
from mammo_core.models.manifest import Manifest, ReferenceLogit
from tests.training_views import collection
from training.bundle import digest
from training.mammogram import release as releases
from training.mammogram.controls import BackgroundOnly
from training.mammogram.export import Trained, export
from training.mammogram.learning import save_weights
from training.mammogram.measure_control import measure_control
from training.mammogram.network import Design, Head, Layout, build
from training.mammogram.release import PHANTOMS, PLANTED, Measured, release
from training.mammogram.runs import SETTINGS, WEIGHTS, split
from training.mammogram.validation import predict
from training.mammogram.views import Collection

pytestmark = pytest.mark.tf

MODELS = {"0": "a", "1": "b", "2": "c"}
"""Fold to digest."""
DESIGN = Design(Layout(widths=(4, 4, 4, 4), depths=(0, 0, 0, 0), join=4), head=Head.CONCEPTS)


def finished_run(folder: Path) -> Path:
    """A run whose last epoch is its first."""
    network = build(DESIGN, seed=3)
    network.get_layer("score").set_weights(
        [np.random.default_rng(1).normal(0.0, 0.5, (9, 1)), np.array([-0.3])]
    )
    folder.mkdir()
    (folder / SETTINGS).write_text(json.dumps({"fold": None, "design": DESIGN.as_record()}))
    save_weights(folder / WEIGHTS.format(1), [np.asarray(weight) for weight in network.weights])
    return folder


def evaluation(folder: Path, views: Collection, source: str, *, hit: float) -> Path:
    """What ``evaluate`` writes, with scores that know a little."""
    folder.mkdir()
    rows = [
        f"{view.image},{int(bool(view.positive))},{0.6 - 0.02 * n if view.positive else 0.2 + 0.015 * n:.6f}"
        for n, view in enumerate(v for v in views.views if v.source == source)
    ]
    (folder / "images.csv").write_text("\n".join(["image,positive,score", *rows]) + "\n")
    value = {"value": hit, "low": hit - 0.1, "high": hit + 0.1, "n": len(rows), "reason": None}
    record = {
        "options": {"models": MODELS, "positive": ["1"], "spacing_mm": None},
        "images": {"analysed": len(rows), "patients": len(rows), "positive": 4},
        "classification": {"auc": value},
        "localisation": {"model": {"hit": value}, "hit_over_blob": value},
    }
    (folder / "evaluation.json").write_text(json.dumps(record))
    return folder


def digests_are_names(monkeypatch: pytest.MonkeyPatch) -> dict[int, Path]:
    """Bundles whose digests are their names."""

    def service(path: Path) -> SimpleNamespace:
        return SimpleNamespace(model_card=lambda: SimpleNamespace(sha256=path.stem))

    monkeypatch.setattr(releases, "service_of", service)
    return {int(fold): Path(f"{digest}.mammo") for fold, digest in MODELS.items()}


def test_the_final_weights_are_released_with_the_line_that_was_fitted_out_of_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = collection(24)
    run = finished_run(tmp_path / "run")
    measured = Measured(
        rsna=evaluation(tmp_path / "rsna", views, "rsna", hit=0.7),
        films=evaluation(tmp_path / "films", views, "mini-mias", hit=0.5),
        rsna_table=tmp_path / "labels.csv",
        models=digests_are_names(monkeypatch),
        phantoms=evaluation(tmp_path / "phantoms", views, "rsna", hit=0.9),
    )
    reference = ReferenceLogit(value=5.0, source="a test")
    monkeypatch.setattr(releases, "reference_logit", lambda *_: reference)
    slopes: list[str] = []
    out = tmp_path / "default.mammo"

    manifest = release(
        [run / WEIGHTS.format(1)],
        views,
        measured,
        out,
        version="3.0",
        float16=True,
        keras=tmp_path / "kept.keras",
        tell=slopes.append,
    )

    shipped = unpack(out.read_bytes())
    kept = {"weights_sha256", "compiled"}
    assert shipped.manifest.model_dump(exclude=kept) == manifest.model_dump(exclude=kept)
    assert shipped.manifest.compiled is not None
    assert shipped.manifest.compiled.float16
    assert digest((tmp_path / "kept.keras").read_bytes()) == manifest.weights_sha256
    assert Manifest.model_validate_json((tmp_path / "kept.manifest.json").read_text()) == manifest
    assert manifest.reference_logit == reference
    assert manifest.training_data == (
        "16 views of 16 patients (RSNA Screening Mammography 2022) and 8 films of 8 patients (mini-MIAS), "
        + PLANTED
    )
    on = "16 views of 16 patients (RSNA Screening Mammography 2022), out of fold, 3 of 3 folds"
    assert (
        f"scores of the folds' models on {on}, applied to the weights that ship" in manifest.threshold.source
    )
    assert [(each.metric.partition(",")[0], each.value) for each in manifest.performance][::3] == [
        ("AUC", 0.7),
        ("AUC", 0.5),
        ("pointing game of Grad-CAM", 0.5),
        ("pointing game of Grad-CAM", 0.5),
        ("pointing game of Grad-CAM", 0.9),
    ]
    assert manifest.performance[-1].data == f"4 phantoms with a mass of 8 mm or more; {PHANTOMS}"
    slope, offset = (float(part.split(":")[-1]) for part in slopes[0].partition(", ")[0].split(" · logit "))
    image = views.image(views.views[0])
    _, (score,) = predict(Trained.read([run / WEIGHTS.format(1)]).networks[0], [image])
    graph = CompiledGraph(shipped.graph, spec=manifest.input, outputs=1, target_shape=(64, 44, 1))
    tensors = graph.run(image[None, ..., None], np.ones(1, dtype=np.float32))
    assert tensors["logits"][0] == pytest.approx(slope * score + offset, abs=5e-3)
    monkeypatch.setattr(
        releases, "compile_bundle", lambda _w, _m, path, **_: path.write_bytes(bytes(4_000_001))
    )
    with pytest.raises(ValueError, match="float16"):
        release([run / WEIGHTS.format(1)], views, measured, tmp_path / "none.mammo", version="3.0")
    assert not (tmp_path / "none.mammo").exists()


@pytest.mark.parametrize("other", ["rsna", "films", "malignant"])
def test_an_evaluation_by_other_models_than_those_given_is_refused(
    other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views = collection(24)
    sources = {"rsna": "rsna", "films": "mini-mias", "malignant": "mini-mias"}
    folders = {name: evaluation(tmp_path / name, views, source, hit=0.5) for name, source in sources.items()}
    record = folders[other] / "evaluation.json"
    record.write_text(record.read_text().replace('"c"', '"d"'))
    measured = Measured(
        rsna=folders["rsna"],
        films=folders["films"],
        rsna_table=tmp_path / "labels.csv",
        models=digests_are_names(monkeypatch),
        malignant=folders["malignant"],
    )
    with pytest.raises(ValueError, match=f"{other} was measured with other models"):
        release([], views, measured, tmp_path / "none.mammo", version="3.0")


@pytest.mark.parametrize("background", [False, True])
def test_a_control_is_measured_on_its_fold_with_true_labels(background: bool, tmp_path: Path) -> None:
    views, run = collection(24), finished_run(tmp_path / "run")
    settings = json.loads((run / SETTINGS).read_text())
    changes = {"fold": 1, "shuffled": not background, "background": background}
    (run / SETTINGS).write_text(json.dumps(settings | changes))
    bright = views.images["rsna"]
    bright[[view.number for view in views.views if view.positive], 200:260, 40:100] = 65_000

    found = measure_control([run / WEIGHTS.format(1)], views, plan=Plan(resamples=100))

    own = [view for view in split(views.views, 1)[1] if view.source == "rsna"]
    seen = BackgroundOnly(views.views, views.images, views.tissue) if background else views
    (network,) = Trained.read([run / WEIGHTS.format(1)]).networks
    _, scores = predict(network, [seen.image(view) for view in own])
    area = auc(scores.astype(np.float64), np.array([bool(view.positive) for view in own]))
    assert found["auc"]["value"] == pytest.approx(area)
    assert found["auc"]["n"] == len(own)
    assert {name: found[name] for name in changes} == changes


def test_random_weights_are_those_of_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = finished_run(tmp_path / "run")
    asked: list[str] = []
    monkeypatch.setattr(
        "training.mammogram.export.compile_bundle", lambda _w, manifest, _out, **_: asked.append(manifest.id)
    )
    export([run / WEIGHTS.format(1)], tmp_path / "random.mammo", random=1)

    assert asked == ["random"]
    learnt = Trained.read([run / WEIGHTS.format(1)])
    kernel = np.asarray(learnt.networks[0].get_layer("stride8_convolution").kernel).copy()
    again, other = (
        np.asarray(learnt.randomised(seed).networks[0].get_layer("stride8_convolution").kernel).copy()
        for seed in (1, 2)
    )
    assert not np.allclose(kernel, again)
    assert not np.allclose(again, other)
    assert learnt.networks[0].get_layer("score").get_weights()[0].any(), "a map of nothing is no baseline"
