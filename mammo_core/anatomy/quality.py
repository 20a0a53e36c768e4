"""What can be measured of the picture itself. Numbers, no verdicts: nobody is told that an image is good."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mammo_core.anatomy.records import CutEdge, ImageQuality, PectoralMuscle
from mammo_core.records import (
    FULL_SCALE,
    BoolArray,
    BreastMask,
    FloatArray,
    Pixels,
    Side,
    Sourced,
    ViewPosition,
)

WHITE, BLACK = 0.995, 0.005
"""Display values from which on, and up to which, a pixel is clipped; of full scale."""
PATCH = 512
"""Side of the square in the middle of the breast on which sharpness is measured, source pixels."""
FAR = 4
"""Sharpness compares the difference of neighbours with that of pixels this far apart."""
CUT_SHARE = 0.05
"""An edge cuts the breast off if it does so over this share of the mask's extent along it."""
OBLIQUE = frozenset({ViewPosition.MLO, ViewPosition.LMO, ViewPosition.ML, ViewPosition.LM, ViewPosition.SIO})
"""Views on which the breast goes on above the image."""


def measure_quality(
    pixels: Pixels,
    values: FloatArray,
    breast: BreastMask,
    pectoral: Sourced[PectoralMuscle],
    view: ViewPosition | None,
) -> ImageQuality:
    """Measure the picture.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns), uint16
    values : ndarray of shape breast.transform.shape, float32
        The same on the mask's grid, 0 to 1.
    breast : BreastMask
    pectoral : Sourced[PectoralMuscle]
    view : ViewPosition or None

    Returns
    -------
    ImageQuality
    """
    tissue = _at_grid(pixels, breast)[breast.inside] / FULL_SCALE
    low, high = np.percentile(values[breast.inside], (5, 95))
    return ImageQuality(
        clipped_white=Sourced(
            float((tissue >= WHITE).mean()),
            "pixels",
            f"share of the breast at {WHITE:.1%} of full scale and above",
        ),
        clipped_black=Sourced(
            float((tissue <= BLACK).mean()),
            "pixels",
            f"share of the breast at {BLACK:.1%} of full scale and below",
        ),
        contrast=Sourced(
            float(high - low), "pixels", "5th to 95th percentile of the breast, share of full scale"
        ),
        sharpness=_sharpness(pixels, breast),
        cut_off=_cut_off(breast, view),
        pectoral_visible=_pectoral_visible(pectoral, view),
    )


def _at_grid(pixels: Pixels, breast: BreastMask) -> NDArray[np.uint16]:
    """The source pixels at the centres of the mask's grid: means would hide clipped pixels."""
    grid = breast.transform
    rows, columns = (
        axis.backward(np.arange(size, dtype=np.float64) + 0.5).astype(np.intp)
        for axis, size in zip((grid.row, grid.column), grid.shape, strict=True)
    )
    return pixels[np.ix_(rows, columns)]


def _sharpness(pixels: Pixels, breast: BreastMask) -> Sourced[float]:
    """RMS difference of neighbours over that of pixels four apart, in the middle of the breast."""
    patch = _patch(pixels, breast)
    if patch is None:
        return Sourced.unknown("the breast is too small to measure on")
    near, far = (float(np.sqrt(np.mean((patch[:, step:] - patch[:, :-step]) ** 2))) for step in (1, FAR))
    if far == 0.0:
        return Sourced.unknown("the middle of the breast has one value")
    detail = (
        f"RMS difference of neighbours over that of pixels {FAR} apart, in the middle of the breast "
        f"({patch.shape[0]} × {patch.shape[1]} pixels); noise raises it"
    )
    return Sourced(near / far, "pixels", detail)


def _patch(pixels: Pixels, breast: BreastMask) -> FloatArray | None:
    """A square of source pixels around the point of the breast that is farthest from its outline."""
    from scipy import ndimage

    depth = ndimage.distance_transform_cdt(np.pad(breast.inside, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(np.argmax(depth)), depth.shape)
    # The mask ends a pixel or two outside the skin.
    reach = float(depth.max()) - 3.0
    grid = breast.transform
    half = int(min(PATCH / 2.0, reach / abs(grid.row.scale), reach / abs(grid.column.scale)))
    if half <= FAR:
        return None
    middle_row, middle_column = (int(x) for x in grid.to_source(float(row) + 0.5, float(column) + 0.5))
    patch = pixels[
        max(0, middle_row - half) : middle_row + half, max(0, middle_column - half) : middle_column + half
    ]
    return patch.astype(np.float32)


def _cut_off(breast: BreastMask, view: ViewPosition | None) -> Sourced[tuple[CutEdge, ...]]:
    side = breast.chest_wall.value
    if side is None:
        return Sourced.unknown("the chest-wall side is not known")
    inside = breast.inside if side is Side.LEFT else breast.inside[:, ::-1]
    cut = tuple(_cut_edges(inside, oblique=view in OBLIQUE or view is None))
    judged = "top, bottom and anterior edge" if view is not None and view not in OBLIQUE else "anterior edge"
    return Sourced(cut, "pixels", f"{judged}, cut over more than {CUT_SHARE:.0%} of the breast's extent")


def _cut_edges(inside: BoolArray, *, oblique: bool) -> Iterator[CutEdge]:
    """On oblique views armpit and abdomen go on beyond the image, above and below."""
    rows, columns = (np.count_nonzero(inside.any(axis=axis)) for axis in (1, 0))
    if not oblique and np.count_nonzero(inside[0]) > CUT_SHARE * columns:
        yield CutEdge.TOP
    if not oblique and np.count_nonzero(inside[-1]) > CUT_SHARE * columns:
        yield CutEdge.BOTTOM
    if np.count_nonzero(inside[:, -1]) > CUT_SHARE * rows:
        yield CutEdge.ANTERIOR


def _pectoral_visible(pectoral: Sourced[PectoralMuscle], view: ViewPosition | None) -> Sourced[bool]:
    if view is not ViewPosition.MLO:
        return Sourced.unknown(
            "the view is not known"
            if view is None
            else f"a pectoral muscle is expected on MLO, this is {view}"
        )
    return Sourced(pectoral.value is not None, "pixels", pectoral.detail or pectoral.reason)
