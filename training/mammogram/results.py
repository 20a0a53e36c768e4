"""What was measured, read back from the folders that the measuring stages wrote."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.evaluation.resampling import Estimate, Plan
from mammo_core.evaluation.scores import Calibration, Scored, calibration
from mammo_core.evaluation.tables import worded
from training.mammogram.calibration import Calibrated
from training.mammogram.declaration import OutOfFold
from training.mammogram.outoffold import image_folds
from training.mammogram.views import View

FOLDERS = {
    "rsna": "RSNA's views, out of fold",
    "films": "films, out of fold, every finding positive",
    "malignant": "films, out of fold, malignant findings positive",
    "random": "films by random weights",
    "phantoms": "phantoms by the final weights",
}
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where results lie; what is not there is told as not measured.

    Parameters
    ----------
    evaluations : mapping of str to Path or None
        Folders, by the names of :data:`FOLDERS`.
    stability : Path or None
        What stage ``stability`` wrote.
    controls : tuple of Path
        What stage ``control`` wrote.
    check : Path or None
        What ``mammo check --json`` wrote of the Keras file of the weights that ship.
    runs : tuple of Path
        Folders of runs, for the learning curves.
    model : Path
        The bundle that ships.
    """

    evaluations: Mapping[str, Path | None]
    stability: Path | None
    controls: tuple[Path, ...]
    check: Path | None
    runs: tuple[Path, ...]
    model: Path


@dataclass(frozen=True, slots=True)
class Found:
    """An evaluation.

    Parameters
    ----------
    folder : Path
    record : dict
        ``evaluation.json``.
    """

    folder: Path
    record: dict[str, Any]

    @classmethod
    def read(cls, folder: Path | None) -> "Found | None":
        """Read a folder; None if there is no evaluation in it."""
        if folder is None or not (folder / "evaluation.json").exists():
            return None
        return cls(folder, json.loads((folder / "evaluation.json").read_text()))

    def estimate(self, *path: str) -> Estimate | None:
        """The figure at a path of the record; None if it was not measured."""
        found: Any = self.record
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return None if found is None else Estimate(**found)

    def section(self, title: str) -> str:
        """A section of ``evaluation.md``, without its heading and its plots."""
        text = (self.folder / "evaluation.md").read_text()
        body = text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
        return "\n\n".join(
            part for part in body.strip().split("\n\n") if part.strip() and not part.startswith("![")
        )

    def images(self) -> str:
        """The section of images, and which table named them."""
        digest = self.record["labels"]["sha256"]
        return f"{self.section('Images')}\n\nTheir table, `labels.csv`: sha256 `{digest}`."

    def beside(self, name: str) -> str:
        """Another file of the folder, or a sentence that it is not there."""
        path = self.folder / name
        return path.read_text().strip() if path.exists() else f"Not measured: there is no {name}."


def read_all(sources: Sources) -> dict[str, Found | None]:
    """Every evaluation, by the names of :data:`FOLDERS`."""
    return {name: Found.read(sources.evaluations.get(name)) for name in FOLDERS}


@dataclass(frozen=True, slots=True)
class Recalibrated:
    """The calibration of the digital views' scores, each fold's by the line of the others.

    Parameters
    ----------
    found : Calibrated
    after : Calibration
        Of the probabilities that come out.
    """

    found: Calibrated
    after: Calibration


def recalibrated(rsna: Found, views: tuple[View, ...], *, plan: Plan) -> Recalibrated:
    """Calibrate as the release does, and measure what comes out."""
    table = rsna.folder / "images.csv"
    read = OutOfFold.read(table, image_folds(views))
    patient_of = {view.image: view.patient for view in views}
    _, patients = np.unique([patient_of[image] for image in read.images], return_inverse=True)
    found = read.calibrated()
    return Recalibrated(found, calibration(Scored(found.crossed, read.labels, patients), plan))


def said(estimate: Estimate | None, *, signed: bool = False, digits: int = 3) -> str:
    """The figure with its bounds, or that there is none."""
    if estimate is None or estimate.value is None:
        return NOT_MEASURED
    return worded(estimate, signed=signed, digits=digits)
