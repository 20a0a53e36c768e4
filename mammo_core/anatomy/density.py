"""How much of the breast is dense: an ordinal index of one picture, no BI-RADS category and no volume.

Dense tissue is what is brighter than the fat around it. Fat is the darkest tissue within 7 mm, smoothed: a
local reference, because exposure, processing and thickness change from picture to picture and within one.
"""

from typing import cast

import numpy as np

from mammo_core.anatomy.records import PectoralMuscle
from mammo_core.records import BoolArray, BreastMask, FloatArray, PixelSpacing, Side, Sourced

FIELD_MM = 260.0
"""Longer side of a view, where the spacing is not known: between a film of 240 and a detector of 290 mm."""
RIM_MM = 6.0
"""The thinning rim of the breast is left out."""
WINDOW_MM = 14.0
"""Fat is the darkest tissue in a square of this side."""
FAT, DENSE = 0.1, 0.3
"""Excess over fat, of full scale, up to which a pixel is not dense, and from which on it is wholly dense; in
between its share rises linearly."""
SMALLEST = 200
"""Pixels of the working grid that must be left to measure on."""


def density_index(
    values: FloatArray,
    breast: BreastMask,
    pectoral: PectoralMuscle | None,
    spacing: PixelSpacing | None,
) -> Sourced[float]:
    """Dense area as a share of breast less pectoral muscle less a rim of 6 mm.

    Parameters
    ----------
    values : ndarray of shape breast.transform.shape, float32
        Display values on the mask's grid, 0 to 1.
    breast : BreastMask
    pectoral : PectoralMuscle or None
        None if none was found: nothing is left out then.
    spacing : PixelSpacing or None
        For the rim and the window; None takes the longer side of the image as 260 mm.

    Returns
    -------
    Sourced[float]
        0 to 1. Comparable between pictures of one device and processing; see ``docs/anatomy.md``.
    """
    pixels_per_mm = _pixels_per_mm(breast, spacing)
    region = _interior(breast, RIM_MM * pixels_per_mm)
    if pectoral is not None:
        region &= ~pectoral.inside
    if np.count_nonzero(region) < SMALLEST:
        return Sourced.unknown("too little of the breast is left without its rim and the pectoral muscle")
    excess = _excess_over_fat(values, region, WINDOW_MM * pixels_per_mm)
    dense = np.clip((excess - FAT) / (DENSE - FAT), 0.0, 1.0)
    scale = "known spacing" if spacing is not None else f"longer side taken as {FIELD_MM:.0f} mm"
    left_out = "rim of 6 mm and pectoral muscle" if pectoral is not None else "rim of 6 mm"
    detail = (
        f"share of the breast without {left_out} ({scale}) that is brighter than the fat around it; "
        "an ordinal index, not a BI-RADS category"
    )
    return Sourced(float(dense[region].mean()), "pixels", detail)


def _pixels_per_mm(breast: BreastMask, spacing: PixelSpacing | None) -> float:
    """Working pixels per mm, the mean of both directions."""
    grid = breast.transform
    if spacing is None:
        return max(grid.shape) / FIELD_MM
    return (abs(grid.row.scale) / spacing.row_mm + abs(grid.column.scale) / spacing.column_mm) / 2.0


def _interior(breast: BreastMask, rim: float) -> BoolArray:
    """The breast without a rim under the skin; where the image cuts it off there is no skin."""
    from scipy import ndimage

    margin = int(np.ceil(rim)) + 1
    beyond = np.pad(_up_to_chest_wall(breast), margin, mode="edge")
    depth = ndimage.distance_transform_edt(beyond)[margin:-margin, margin:-margin]
    return (depth > rim) & breast.inside


def _up_to_chest_wall(breast: BreastMask) -> BoolArray:
    """The mask, extended to the image's edge at the chest wall: a film's border is no skin."""
    side = breast.chest_wall.value
    if side is None:
        return breast.inside
    reached = np.maximum.accumulate(breast.inside[:, :: -1 if side is Side.LEFT else 1], axis=1)
    return cast(BoolArray, reached[:, :: -1 if side is Side.LEFT else 1])


def _excess_over_fat(values: FloatArray, region: BoolArray, window: float) -> FloatArray:
    """Display value less that of the fat around it, 0 and above inside the region."""
    from scipy import ndimage

    smooth = _within(values, region, sigma=1.5)
    darkest = ndimage.minimum_filter(np.where(region, smooth, np.inf), size=max(3, round(window)))
    known = np.isfinite(darkest)
    fat = _within(np.where(known, darkest, 0.0).astype(np.float32), known, sigma=window / 4.0)
    excess: FloatArray = np.maximum(smooth - fat, np.float32(0.0))
    return excess


def _within(values: FloatArray, region: BoolArray, *, sigma: float) -> FloatArray:
    """Smooth a region without looking beyond it."""
    from scipy import ndimage

    weight = ndimage.gaussian_filter(region.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(region, values, np.float32(0.0)), sigma)
    return cast(FloatArray, total / np.maximum(weight, np.float32(1e-3)))
