"""How strong evidence is in views with a cancer that reach the threshold: what earns the last colour.

Where the cancer is, is not known of these views; the peak is that of the map, wherever it lies.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mammo_core.findings.regions import on_grid, tissue_on_grid
from mammo_core.map_quality import QualityChecks
from mammo_core.options import AnalysisOptions
from mammo_core.pipeline import Analysis
from mammo_core.service import AnalysisService
from mammo_core.storage import read
from training.mammogram.calibration import Calibrated
from training.mammogram.declaration import OutOfFold

OPTIONS = AnalysisOptions(images=(), quality_checks=QualityChecks.OFF)
MOST = 200
"""Views of which peaks are taken."""


def suspected_cancers(table: OutOfFold, calibrated: Calibrated) -> list[str]:
    """Images with a cancer whose calibrated score reaches the threshold: :data:`MOST`, evenly chosen."""
    scores = calibrated.line.probabilities(table.logits)
    found = np.flatnonzero(table.labels & (scores >= calibrated.cuts.middle.threshold))
    at = np.linspace(0, found.size - 1, min(MOST, found.size)).round().astype(int)
    return [table.images[number] for number in found[at]]


def peaks(images: Sequence[str], services: Mapping[str, AnalysisService], *, folder: Path) -> list[float]:
    """Peaks of the local evidence, in logits of the models as they are.

    Parameters
    ----------
    images : sequence of str
    services : mapping of str to AnalysisService
        Image to the service with the model that has not seen its patient.
    folder : Path
        Of the images.
    """
    return [
        peak_on_tissue(services[image].examine(read((folder / image).resolve().as_uri()), OPTIONS))
        for image in images
    ]


def peak_on_tissue(analysis: Analysis) -> float:
    """The largest local evidence on tissue; 0 without a map."""
    heat = analysis.interpretation.heat.value
    if heat is None:
        return 0.0
    grid = analysis.model_input.transform
    values = on_grid(heat.saliency, grid)[tissue_on_grid(analysis.anatomy.breast, grid)]
    return float(values.max()) if values.size else 0.0
