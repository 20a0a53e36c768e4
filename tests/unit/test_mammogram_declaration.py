"""A manifest says what was measured out of fold, and nothing else."""

import json
from pathlib import Path

import numpy as np
import pytest

from mammo_core.models.manifest import ReferenceLogit
from training.mammogram.declaration import INTENDED, OutOfFold, make_manifest, measurements
from training.mammogram.release import fold_left_out


def test_a_manifest_holds_the_calibration_and_the_cuts_of_the_scores_out_of_fold(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(0.0, 1.5, 900)
    labels = rng.uniform(size=900) < 1.0 / (1.0 + np.exp(-logits))
    scores = 1.0 / (1.0 + np.exp(-2.0 * logits))  # too sure of itself
    rows = [
        f"{n}.png,{label},{score:.6f}" for n, (label, score) in enumerate(zip(labels, scores, strict=True))
    ]
    (tmp_path / "images.csv").write_text(
        "\n".join(["image,positive,score", *rows, "failed.png,True,"]) + "\n"
    )

    read = OutOfFold.read(tmp_path / "images.csv", {f"{n}.png": n % 3 for n in range(900)})
    found = read.calibrated()
    manifest = make_manifest(
        found,
        weights=b"weights",
        version="1.0.0",
        data="made-up images",
        measured_on="900 of them",
        reference=ReferenceLogit(value=12.3, source="a test"),
        performance=(),
    )

    assert read.logits.size == 900
    assert found.line.slope == pytest.approx(0.5, abs=0.1)
    assert manifest.calibration is not None
    assert manifest.calibration.prevalence == round(float(labels.mean()), 4)
    assert manifest.rule_out is not None
    assert manifest.rule_in is not None
    assert manifest.rule_out.threshold <= manifest.threshold.threshold <= manifest.rule_in.threshold
    assert manifest.rule_out.sensitivity == pytest.approx(0.9, abs=0.02)
    assert manifest.reference_logit == ReferenceLogit(value=12.3, source="a test")
    applied = "scores of the folds' models on 900 of them, applied to the weights that ship"
    assert manifest.threshold.source == f"largest sensitivity + specificity; {applied}"
    assert manifest.calibration.source == (
        f"{applied}; calibration error {found.error:.3f} on folds that the line had not seen"
    )
    assert (manifest.intended_use, manifest.demonstration) == (INTENDED, False)
    assert manifest.birads_like == ()


def test_performance_repeats_the_figures_of_an_evaluation_with_their_bounds(tmp_path: Path) -> None:
    area = {"value": 0.71234, "low": 0.68, "high": None, "n": 10, "reason": None}
    undefined = {"value": None, "low": None, "high": None, "n": 0, "reason": "none"}
    (tmp_path / "evaluation.json").write_text(
        json.dumps(
            {
                "classification": {"auc": area},
                "localisation": {"model": {"hit": undefined}, "hit_over_blob": None},
            }
        )
    )
    found = measurements(tmp_path / "evaluation.json", "ten images")
    assert [(each.metric, each.value, each.data) for each in found] == [
        ("AUC", 0.7123, "ten images"),
        ("AUC, lower bound (95 %)", 0.68, "ten images"),
    ]


def test_weights_that_make_one_model_left_out_the_same_fold(tmp_path: Path) -> None:
    weights = []
    for name, fold in (("a", None), ("b", None), ("c", 1)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.json").write_text(json.dumps({"fold": fold}))
        weights.append(tmp_path / name / "weights_005.npz")
    assert fold_left_out(weights[:2]) is None
    assert fold_left_out(weights[2:]) == 1
    with pytest.raises(ValueError, match="different folds"):
        fold_left_out(weights)
