"""Connected parts of the map, in source pixels."""

import numpy as np

from mammo_core.anatomy.records import Anatomy, PectoralMuscle
from mammo_core.findings.location import locate
from mammo_core.geometry import Box, PixelTransform, resample
from mammo_core.records import (
    BoolArray,
    BreastMask,
    ColourAnchor,
    FloatArray,
    MapStatus,
    PixelSpacing,
    Region,
    SaliencyMap,
)

PEAK_SHARE = 0.5
"""A region is where the map exceeds this share of its maximum on the tissue …"""
VISIBLE_SHARE = 0.15
"""… and this share of the colour anchor: what cannot be seen as heat is not boxed."""
MIN_SHARE_OF_EVIDENCE = 0.02
"""A part with less is not named, unless it holds the maximum."""
MAX_REGIONS = 5


def find_regions(
    saliency: SaliencyMap,
    *,
    model_grid: PixelTransform,
    anatomy: Anatomy,
    exclude_pectoral: bool,
    anchor: ColourAnchor,
    spacing: PixelSpacing | None,
) -> tuple[Region, ...]:
    """Find where the evidence is.

    Parameters
    ----------
    saliency : SaliencyMap
    model_grid : PixelTransform
        The grid on which the map is looked at: the network's input.
    anatomy : Anatomy
        Regions lie on the breast; without one, the whole image is looked at.
    exclude_pectoral : bool
        Leave the pectoral muscle out, where one was found.
    anchor : ColourAnchor
    spacing : PixelSpacing or None
        For areas in mm²; None gives none.

    Returns
    -------
    tuple of Region
        The one with the map's maximum first, the others by share of evidence, at most
        :data:`MAX_REGIONS`. Empty without positive evidence.
    """
    if saliency.status is not MapStatus.OK:
        return ()
    heat = on_grid(saliency, model_grid)
    tissue = tissue_on_grid(anatomy.breast, model_grid)
    if exclude_pectoral and anatomy.pectoral.value is not None:
        tissue &= ~_muscle_on_grid(anatomy.pectoral.value, model_grid)
    cut = max(PEAK_SHARE * float((heat * tissue).max()), VISIBLE_SHARE * anchor.value)
    if cut <= 0.0:
        return ()
    total = _Total(heat, float(np.maximum(saliency.cells, 0.0).sum(dtype=np.float64)))
    maximum = int(np.argmax(np.where(tissue, heat, -1.0)))
    parts = [
        part
        for part in _connected(tissue & (heat >= cut))
        if part.flat[maximum] or total.share(part) >= MIN_SHARE_OF_EVIDENCE
    ]
    parts.sort(key=lambda part: (not part.flat[maximum], -total.share(part)))
    return tuple(
        _describe(number, part, total, model_grid, anatomy, spacing)
        for number, part in enumerate(parts[:MAX_REGIONS], start=1)
    )


def evidence_on_tissue(saliency: SaliencyMap, *, model_grid: PixelTransform, breast: BreastMask) -> float:
    """Share of the positive evidence that lies on the breast, 0 to 1; 0 for an empty map."""
    heat = on_grid(saliency, model_grid)
    total = float(heat.sum(dtype=np.float64))
    on_tissue = float(heat[tissue_on_grid(breast, model_grid)].sum(dtype=np.float64))
    # Two sums in another order can differ in the last digit.
    return min(1.0, on_tissue / total) if total > 0.0 else 0.0


def on_grid(saliency: SaliencyMap, grid: PixelTransform) -> FloatArray:
    """Local positive evidence, in the map's unit, at the pixels of a grid."""
    return resample(saliency.local_evidence, saliency.transform, grid)


def tissue_on_grid(breast: BreastMask | None, grid: PixelTransform) -> BoolArray:
    """Which pixels of a grid show breast; all that show the image if no breast was found."""
    if breast is None:
        image = PixelTransform.identity(grid.source_shape).resized((1, 1))
        return resample(np.ones((1, 1), dtype=np.float32), image, grid) >= 0.5
    return resample(breast.inside.astype(np.float32), breast.transform, grid) >= 0.5


def _muscle_on_grid(muscle: PectoralMuscle, grid: PixelTransform) -> BoolArray:
    return resample(muscle.inside.astype(np.float32), muscle.transform, grid) >= 0.5


class _Total:
    """The evidence of the whole map, to which each part is compared."""

    def __init__(self, heat: FloatArray, evidence: float) -> None:
        self.heat = heat
        self.evidence = evidence
        self._sum = float(heat.sum(dtype=np.float64))
        self._peak = float(heat.max())

    def share(self, part: BoolArray) -> float:
        # Two sums in another order can differ in the last digit.
        return min(1.0, float(self.heat[part].sum(dtype=np.float64)) / self._sum)

    def relative_peak(self, part: BoolArray) -> float:
        return float(self.heat[part].max()) / self._peak


def _connected(mask: BoolArray) -> list[BoolArray]:
    """Parts that touch by an edge or a corner."""
    from scipy import ndimage

    labels, count = ndimage.label(mask, structure=np.ones((3, 3)))
    return [labels == number for number in range(1, count + 1)]


def _describe(
    number: int,
    part: BoolArray,
    total: _Total,
    grid: PixelTransform,
    anatomy: Anatomy,
    spacing: PixelSpacing | None,
) -> Region:
    heat = np.where(part, total.heat, 0.0)
    rows, columns = np.nonzero(part)
    weights = heat[part]
    extent = Box(float(rows.min()), float(columns.min()), float(rows.max() + 1), float(columns.max() + 1))
    centroid = grid.to_source(
        float(np.average(rows, weights=weights)) + 0.5, float(np.average(columns, weights=weights)) + 0.5
    )
    peak_row, peak_column = np.unravel_index(int(np.argmax(heat)), heat.shape)
    area_px = float(part.sum()) * grid.source_area
    share = total.share(part)
    return Region(
        number=number,
        box=grid.box_to_source(extent).whole(grid.source_shape),
        centroid=centroid,
        peak=grid.to_source(float(peak_row) + 0.5, float(peak_column) + 0.5),
        area_px=area_px,
        area_mm2=None if spacing is None else area_px * spacing.row_mm * spacing.column_mm,
        evidence=share * total.evidence,
        share_of_evidence=share,
        relative_peak=total.relative_peak(part),
        location=locate(centroid, anatomy),
        part=part,
    )
