"""Whether score and map stay where they are if an image changes in ways that mean nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageOps

from mammo_core.errors import UnsuitableImageError
from mammo_core.evaluation.localisation import Floats
from mammo_core.explain.ranks import spearman
from mammo_core.findings.regions import on_grid, tissue_on_grid
from mammo_core.geometry import PixelTransform
from mammo_core.map_quality import QualityChecks
from mammo_core.options import AnalysisOptions
from mammo_core.pipeline import Analysis
from mammo_core.records import FloatArray
from mammo_core.service import AnalysisService

OPTIONS = AnalysisOptions(images=(), quality_checks=QualityChecks.OFF)
DOWN = 0.015
"""Share of its height by which a view is moved."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to a grey image, how it is undone on a map, and the quality of the JPEG; None: PNG."""

    name: str
    image: Callable[[Image.Image], Image.Image] = lambda image: image
    undo: Callable[[FloatArray], FloatArray] = lambda heat: heat
    quality: int | None = None


CHANGES = (
    Change("mirrored", ImageOps.mirror, lambda heat: heat[:, ::-1]),
    Change(
        "moved down", lambda image: _down(image), lambda heat: np.roll(heat, -_rows(heat.shape[0]), axis=0)
    ),
    Change("JPEG quality 90", quality=90),
    Change("JPEG quality 60", quality=60),
    Change("JPEG quality 30", quality=30),
)


@dataclass(frozen=True, slots=True)
class Stability:
    """What one change did, over all images.

    Parameters
    ----------
    name : str
    images : int
    refused : int
        Of them, images that the service refuses once they are changed; the figures are of the others.
    score_median, score_95 : float
        Absolute change of the score, 0 to 1: median and 95th percentile.
    correlation : float
        Median rank correlation of the maps on the breast; of pairs of which none is constant.
    """

    name: str
    images: int
    refused: int
    score_median: float
    score_95: float
    correlation: float


def stability(service: AnalysisService, files: Sequence[Path]) -> list[Stability]:
    """Analyse images as they are and changed; those that the service refuses as they are, are left out."""
    changes: dict[str, list[tuple[float, float]]] = {change.name: [] for change in CHANGES}
    for path in files:
        with Image.open(path) as opened:
            image = opened.convert("L")
        before = _examined(service, _encoded(image, None))
        if before is None:
            continue
        tissue = tissue_on_grid(before.anatomy.breast, PixelTransform.identity(before.mammogram.shape))
        for change in CHANGES:
            after = _examined(service, _encoded(change.image(image), change.quality))
            if after is None:
                changes[change.name].append((np.nan, np.nan))
                continue
            agreement = spearman(_heat(before)[tissue], change.undo(_heat(after))[tissue])
            difference = abs(after.verdict.score - before.verdict.score)
            changes[change.name].append((difference, np.nan if agreement is None else agreement))
    return [_summed_up(name, np.array(found).reshape(-1, 2)) for name, found in changes.items()]


def as_markdown(found: Sequence[Stability]) -> str:
    """A table."""
    lines = [
        "| change | images | refused | score, median | score, 95 % | rank correlation of maps |",
        "|---|---|---|---|---|---|",
        *(
            f"| {e.name} | {e.images} | {e.refused} | {e.score_median:.3f} | {e.score_95:.3f} "
            f"| {e.correlation:.2f} |"
            for e in found
        ),
    ]
    return "\n".join(lines) + "\n"


def _summed_up(name: str, found: Floats) -> Stability:
    scored = np.isfinite(found[:, 0])
    middle, high = np.quantile(found[scored, 0], [0.5, 0.95]) if scored.any() else (np.nan, np.nan)
    known = found[np.isfinite(found[:, 1]), 1]
    correlation = float(np.median(known)) if known.size else float("nan")
    return Stability(name, len(found), int((~scored).sum()), float(middle), float(high), correlation)


def _examined(service: AnalysisService, data: bytes) -> Analysis | None:
    try:
        return service.examine(data, OPTIONS)
    except UnsuitableImageError:
        return None


def _heat(analysis: Analysis) -> FloatArray:
    """The map at the image's own pixels."""
    grid = PixelTransform.identity(analysis.mammogram.shape)
    heat = analysis.interpretation.heat.value
    return np.zeros(grid.shape, dtype=np.float32) if heat is None else on_grid(heat.saliency, grid)


def _encoded(image: Image.Image, quality: int | None) -> bytes:
    buffer = BytesIO()
    if quality is None:
        image.save(buffer, "PNG")
    else:
        image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _down(image: Image.Image) -> Image.Image:
    rows = _rows(image.height)
    moved = ImageChops.offset(image, 0, rows)
    moved.paste(0, (0, 0, image.width, rows))
    return moved


def _rows(height: int) -> int:
    return round(DOWN * height)
