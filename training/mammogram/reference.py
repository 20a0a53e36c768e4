"""How strong evidence is that finds a lesion: what earns the last colour of the map."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from mammo_core.evaluation.labels import Case
from mammo_core.evaluation.lesions import TOLERANCE_MM, Ruler
from mammo_core.evaluation.localisation import Field
from mammo_core.findings.regions import on_grid, tissue_on_grid
from mammo_core.map_quality import QualityChecks
from mammo_core.options import AnalysisOptions
from mammo_core.pipeline import Analysis
from mammo_core.records import PixelSpacing
from mammo_core.service import AnalysisService
from mammo_core.storage import read

OPTIONS = AnalysisOptions(images=(), quality_checks=QualityChecks.OFF)


def peaks_in_lesions(
    cases: Collection[Case],
    services: Mapping[str, AnalysisService],
    *,
    folder: Path,
    spacing_mm: float | None,
) -> list[float]:
    """Peaks of the local evidence in annotated lesions, in logits of the models as they are.

    Parameters
    ----------
    cases : collection of Case
        Images on which the map points at a lesion.
    services : mapping of str to AnalysisService
        Image to the service with the model that has not seen its patient.
    folder : Path
        Of the images.
    spacing_mm : float or None
        Of the images whose file and row tell none.
    """
    known = None if spacing_mm is None else PixelSpacing(spacing_mm, spacing_mm)
    return [
        peak_in_lesions(
            case, services[case.image].examine(read((folder / case.image).resolve().as_uri()), OPTIONS), known
        )
        for case in cases
    ]


def peak_in_lesions(case: Case, analysis: Analysis, known: PixelSpacing | None) -> float:
    """The largest local evidence on tissue in a lesion or within the tolerance of it; 0 without a map."""
    heat = analysis.interpretation.heat.value
    if heat is None:
        return 0.0
    ruler = Ruler.of(
        analysis.mammogram.spacing.value or case.spacing or known,
        tolerance_mm=TOLERANCE_MM,
        tolerance_px=0.0,
    )
    grid = analysis.model_input.transform
    where = Field(grid, tissue_on_grid(analysis.anatomy.breast, grid))
    distances = [lesion.distance(*where.points(), ruler) for lesion in case.targets]
    near = np.min(distances, axis=0) <= ruler.tolerance
    values = on_grid(heat.saliency, grid)[where.tissue][near]
    return float(values.max()) if values.size else 0.0
