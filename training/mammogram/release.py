"""The model that ships: calibrated and declared by what was measured out of fold."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.evaluation.statistics import Labels
from mammo_core.models.manifest import (
    Calibration,
    Head,
    Manifest,
    Measurement,
    OperatingPoint,
    ReferenceLogit,
)
from training.bundle import digest
from training.mammogram.calibration import Calibrated, Floats, calibrate
from training.mammogram.heads import TARGET
from training.mammogram.inputs import SPEC
from training.measure import Cut

ID = "mammogram-cnn"
LICENCE = "research, non-commercial"
INTENDED = "Research and teaching. Not a medical device, not for diagnosis, not for screening."
SMALLEST_ODDS = 1e-6
"""Scores nearer to 0 or 1 are taken for this far: a table has six digits."""


@dataclass(frozen=True, slots=True, eq=False)
class OutOfFold:
    """Scores of images by models that have not seen their patients.

    Parameters
    ----------
    logits : ndarray of shape (n,), float64
    labels : ndarray of shape (n,), bool
    folds : ndarray of shape (n,), int
    """

    logits: Floats
    labels: Labels
    folds: np.ndarray[Any, np.dtype[np.intp]]

    @classmethod
    def read(cls, table: Path, folds: Mapping[str, int]) -> "OutOfFold":
        """Read ``images.csv`` of an evaluation; images that failed are left out."""
        with table.open(newline="") as opened:
            rows = [row for row in csv.DictReader(opened) if row["score"]]
        scores = np.clip([float(row["score"]) for row in rows], SMALLEST_ODDS, 1.0 - SMALLEST_ODDS)
        return cls(
            np.log(scores) - np.log1p(-scores),
            np.array([row["positive"].lower() in ("1", "true") for row in rows]),
            np.array([folds[row["image"]] for row in rows], dtype=np.intp),
        )

    def calibrated(self) -> Calibrated:
        """Line, error and cuts."""
        return calibrate(self.logits, self.labels, self.folds)


def make_manifest(
    found: Calibrated,
    *,
    weights: bytes,
    version: str,
    data: str,
    reference: float,
    performance: tuple[Measurement, ...],
) -> Manifest:
    """Declare the model.

    Parameters
    ----------
    found : Calibrated
    weights : bytes
        The Keras file, with the calibration in its last unit.
    version : str
    data : str
        What it was trained on, in words.
    reference : float
        Local evidence in logits that earns the last colour.
    performance : tuple of Measurement
    """
    cuts = found.cuts
    source = f"out of fold, {data}"
    return Manifest(
        id=ID,
        version=version,
        input=SPEC,
        classes=("no cancer", "cancer"),
        positive="cancer",
        head=Head.SIGMOID,
        threshold=_point(cuts.middle, f"largest sensitivity + specificity, {source}"),
        rule_out=_point(cuts.low, f"sensitivity of {cuts.level:.0%}, {source}"),
        rule_in=_point(cuts.high, f"specificity of {cuts.level:.0%}, {source}"),
        calibration=Calibration(
            method="Platt: a line through the logits",
            prevalence=round(found.prevalence, 4),
            source=f"{source}; calibration error {found.error:.3f} on folds that the line had not seen",
        ),
        target_layer=TARGET,
        reference_logit=ReferenceLogit(
            value=round(reference, 1),
            source="median peak of the local evidence in lesions that were found, films, out of fold",
        ),
        weights_sha256=digest(weights),
        training_data=data,
        performance=performance,
        intended_use=INTENDED,
        licence=LICENCE,
    )


def measurements(evaluation: Path, data: str) -> tuple[Measurement, ...]:
    """The figures of ``evaluation.json`` that a manifest repeats: discrimination, and where maps point."""
    found = json.loads(evaluation.read_text())
    values = {
        "AUC": found["classification"]["auc"],
        "pointing game of Grad-CAM, peak within 3 mm": (found["localisation"]["model"] or {}).get("hit"),
        "pointing game of Grad-CAM less that of the brightest blob": found["localisation"]["hit_over_blob"],
    }
    return tuple(
        measurement
        for name, value in values.items()
        if value is not None and value["value"] is not None
        for measurement in _with_bounds(name, value, data)
    )


def _with_bounds(name: str, value: Mapping[str, float | None], data: str) -> tuple[Measurement, ...]:
    named = {name: "value", f"{name}, lower bound (95 %)": "low", f"{name}, upper bound (95 %)": "high"}
    return tuple(
        Measurement(metric=metric, value=round(number, 4), data=data)
        for metric, key in named.items()
        if (number := value[key]) is not None
    )


def _point(cut: Cut, source: str) -> OperatingPoint:
    return OperatingPoint(
        threshold=cut.threshold,
        sensitivity=round(cut.sensitivity, 4),
        specificity=round(cut.specificity, 4),
        source=source,
    )
