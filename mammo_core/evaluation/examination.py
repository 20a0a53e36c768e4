"""One labelled image through the service: its score, and how well its map and regions find the lesions."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from mammo_core.attempt import kind, place
from mammo_core.errors import InvalidRequestError, MammoError
from mammo_core.evaluation.baselines import Finder, baselines
from mammo_core.evaluation.labels import Case
from mammo_core.evaluation.lesions import TOLERANCE_MM, Lesion, Ruler
from mammo_core.evaluation.localisation import MISSED, Field, Localised, Target
from mammo_core.findings.regions import on_grid, tissue_on_grid
from mammo_core.options import AnalysisOptions
from mammo_core.pipeline import Analysis
from mammo_core.records import MapStatus, PixelSpacing, Region
from mammo_core.service import AnalysisService
from mammo_core.storage import read

BUG = "bug"
"""The code of what is no error of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """How images are examined.

    Parameters
    ----------
    folder : Path
        The images' names are relative to it.
    options : AnalysisOptions
    spacing : PixelSpacing or None
        Of images whose file and row tell none.
    tolerance_mm, tolerance_px : float
        Around lesions; pixels where no spacing is known.
    """

    folder: Path
    options: AnalysisOptions
    spacing: PixelSpacing | None = None
    tolerance_mm: float = TOLERANCE_MM
    tolerance_px: float = 0.0


@dataclass(frozen=True, slots=True)
class Error:
    """Why an image could not be examined."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Marked:
    """The regions of an image, against its lesions.

    Parameters
    ----------
    lesions : tuple of float or None
        For each target the evidence of the best region on it; None if none is.
    false : tuple of float
        Evidence of the regions that are on no lesion.
    """

    lesions: tuple[float | None, ...]
    false: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """What became of one image.

    Parameters
    ----------
    case : Case
    error : Error or None
        If there is one, nothing else is known.
    score : float
        Of the positive class, 0 to 1; NaN with an error.
    map_status : MapStatus or None
    unit : str
        Of the centre errors: ``mm`` or ``px``.
    localised : dict
        How well the model and the baselines find the targets; empty without targets.
    marked : Marked
    regions : int or None
        How many; None if they could not be made.
    """

    case: Case
    error: Error | None = None
    score: float = float("nan")
    map_status: MapStatus | None = None
    unit: str = "px"
    localised: dict[Finder, Localised] = field(default_factory=dict)
    marked: Marked = Marked((), ())
    regions: int | None = None


def examine(case: Case, *, service: AnalysisService, measuring: Measuring) -> Examined:
    """Examine one image; whatever goes wrong becomes its error, and the others go on."""
    try:
        data = read((measuring.folder / case.image).resolve().as_uri())
        options = replace(measuring.options, view=case.view, laterality=case.laterality)
        return measure(case, service.examine(data, options), measuring)
    except MammoError as error:
        return Examined(case, error=Error(error.code, error.message))
    except Exception as error:
        return Examined(case, error=Error(BUG, f"{kind(error)} at {place(error)}; please report it"))


def measure(case: Case, analysis: Analysis, measuring: Measuring) -> Examined:
    """Compare an analysis with what is known of its image.

    Raises
    ------
    InvalidRequestError
        If a lesion's centre does not lie on the image.
    """
    _check_places(case, analysis.mammogram.shape)
    spacing = analysis.mammogram.spacing.value or case.spacing or measuring.spacing
    ruler = Ruler.of(spacing, tolerance_mm=measuring.tolerance_mm, tolerance_px=measuring.tolerance_px)
    heat, regions = analysis.interpretation.heat.value, analysis.interpretation.regions.value
    return Examined(
        case,
        score=analysis.verdict.score,
        map_status=MapStatus.UNAVAILABLE if heat is None else heat.saliency.status,
        unit=ruler.unit,
        localised=_localised(case, analysis, ruler, spacing) if case.targets else {},
        marked=_marked(case, tuple(typed.region for typed in regions or ()), ruler),
        regions=None if regions is None else len(regions),
    )


def _check_places(case: Case, shape: tuple[int, int]) -> None:
    for lesion in (*case.targets, *case.others):
        row, column = lesion.centre
        if not (0.0 <= row <= shape[0] and 0.0 <= column <= shape[1]):
            raise InvalidRequestError(
                f"Row {case.row} of the table: the centre of a lesion lies outside of the image, "
                f"which has {shape[0]} rows × {shape[1]} columns."
            )


def _localised(
    case: Case, analysis: Analysis, ruler: Ruler, spacing: PixelSpacing | None
) -> dict[Finder, Localised]:
    grid, heat = analysis.model_input.transform, analysis.interpretation.heat.value
    tissue = tissue_on_grid(analysis.anatomy.breast, grid)
    where = Field(grid, tissue if tissue.any() else np.ones_like(tissue))
    target = Target(case.targets, where, ruler)
    there = heat is not None and heat.saliency.status is MapStatus.OK
    found = target.measure(on_grid(heat.saliency, grid)) if heat is not None and there else MISSED
    others = baselines(target, where, analysis.mammogram, analysis.anatomy.breast, spacing)
    return {Finder.MODEL: found, **others}


def _marked(case: Case, regions: tuple[Region, ...], ruler: Ruler) -> Marked:
    """A region is on a lesion if its peak lies in it or within the tolerance, as in the pointing game."""
    best: list[float | None] = [None] * len(case.targets)
    false = []
    for region in regions:
        on = [i for i, lesion in enumerate(case.targets) if _is_on(region, lesion, ruler)]
        for index in on:
            best[index] = max(region.evidence, best[index] or region.evidence)
        if not on and not any(_is_on(region, lesion, ruler) for lesion in case.others):
            false.append(region.evidence)
    return Marked(tuple(best), tuple(false))


def _is_on(region: Region, lesion: Lesion, ruler: Ruler) -> bool:
    row, column = region.peak
    distance = lesion.distance(np.array([row]), np.array([column]), ruler)
    return bool(distance[0] <= ruler.tolerance)
