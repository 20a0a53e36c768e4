"""The model that ships: calibrated and declared by what was measured out of fold."""

import csv
import json
from collections.abc import Mapping, Sequence
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
    ReferenceLogit,
)
from training.bundle import digest
from training.mammogram.calibration import Calibrated, Floats, calibrate
from training.mammogram.heads import TARGET
from training.mammogram.inputs import SPEC

ID = "mammogram-cnn"
LICENCE = "research, non-commercial"
INTENDED = (
    "Research and teaching. Not a medical device, not for diagnosis, not for screening. Calibration and cuts "
    "were fitted to digital views, and are not valid on digitised film."
)
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
    images : tuple of str
        Their names.
    """

    logits: Floats
    labels: Labels
    folds: np.ndarray[Any, np.dtype[np.intp]]
    images: tuple[str, ...]

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
            tuple(row["image"] for row in rows),
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
    measured_on: str,
    reference: ReferenceLogit,
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
    measured_on : str
        What line and cuts were fitted to, in words.
    reference : ReferenceLogit
    performance : tuple of Measurement
    """
    cuts = found.cuts
    source = f"scores of the folds' models on {measured_on}, applied to the weights that ship"
    unseen = "on folds that the line had not seen" if found.unseen else "on the scores the line was fitted to"
    return Manifest(
        id=ID,
        version=version,
        input=SPEC,
        classes=("no cancer", "cancer"),
        positive="cancer",
        head=Head.SIGMOID,
        threshold=cuts.middle.point(f"largest sensitivity + specificity; {source}"),
        rule_out=cuts.low.point(f"sensitivity of {cuts.level:.0%}; {source}"),
        rule_in=cuts.high.point(f"specificity of {cuts.level:.0%}; {source}"),
        calibration=Calibration(
            method="Platt: a line through the logits",
            prevalence=round(found.prevalence, 4),
            source=f"{source}; calibration error {found.error:.3f} {unseen}",
        ),
        target_layer=TARGET,
        reference_logit=reference,
        weights_sha256=digest(weights),
        training_data=data,
        performance=performance,
        intended_use=INTENDED,
        licence=LICENCE,
    )


AREA = "AUC"
POINTING = "pointing game of Grad-CAM, peak within 3 mm"
OVER_BLOB = f"{POINTING}, less that of the brightest blob"
PATHS = {
    AREA: ("classification", "auc"),
    POINTING: ("localisation", "model", "hit"),
    OVER_BLOB: ("localisation", "hit_over_blob"),
}
"""Where ``evaluation.json`` has the figures that a manifest repeats."""


def measurements(evaluation: Path, data: str, names: Sequence[str] = tuple(PATHS)) -> tuple[Measurement, ...]:
    """Figures of ``evaluation.json``, with their bounds; what was not measured is left out.

    Parameters
    ----------
    evaluation : Path
    data : str
        What they were measured on, in words.
    names : sequence of str
        Of :data:`PATHS`.
    """
    found = json.loads(evaluation.read_text())
    return tuple(
        measurement
        for name in names
        if (value := _at(found, PATHS[name])) is not None and value["value"] is not None
        for measurement in _with_bounds(name, value, data)
    )


def _at(found: Any, path: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    for name in path:
        found = None if found is None else found[name]
    return found


def _with_bounds(name: str, value: Mapping[str, float | None], data: str) -> tuple[Measurement, ...]:
    named = {name: "value", f"{name}, lower bound (95 %)": "low", f"{name}, upper bound (95 %)": "high"}
    return tuple(
        Measurement(metric=metric, value=round(number, 4), data=data)
        for metric, key in named.items()
        if (number := value[key]) is not None
    )
