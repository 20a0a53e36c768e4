"""The breast mask, and the side of the image at which the breast is cut off."""

import numpy as np

from mammo_core.anatomy.outline import straightness
from mammo_core.anatomy.reduce import reduced
from mammo_core.anatomy.skin_line import skin_threshold
from mammo_core.geometry import Box, PixelTransform
from mammo_core.records import BoolArray, BreastMask, FloatArray, Pixels, Side, Sourced

METHOD = "threshold between air and skin, largest connected part, opened and filled"
MIN_FRACTION = 0.02
"""A smaller bright part is a label or dust, not a breast."""
MIN_CONTRAST = 0.02
"""Air and tissue must differ by this share of full scale."""
MAX_ROUGHNESS = 0.2
"""How much of that difference the pixels may stray from their surroundings: 0.06 at most on 460 real views,
0.4 and more in noise."""
SIDE_RATIO = 1.25
"""How much straighter the chest-wall end must be; below it the side is not told."""


def find_breast(pixels: Pixels) -> BreastMask | None:
    """Find the breast, pectoral muscle included.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns), uint16
        Display values with dark air.

    Returns
    -------
    BreastMask or None
        None if nothing stands out from the background: a blank, uniform or noise image.
    """
    return breast_on(*reduced(pixels))


def breast_on(values: FloatArray, transform: PixelTransform) -> BreastMask | None:
    """Find the breast on an image that was reduced already; see :func:`find_breast`."""
    inside = _largest_part(_tissue(values))
    if inside is None or inside.mean() < MIN_FRACTION:
        return None
    return BreastMask(
        inside=inside,
        transform=transform,
        fraction=float(inside.mean()),
        box=_source_box(inside, transform),
        chest_wall=_chest_wall(inside),
        method=METHOD,
    )


def _tissue(values: FloatArray) -> BoolArray:
    """Pixels brighter than air; all False where air and tissue cannot be told apart."""
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(values, sigma=1.5)
    contrast = float(np.ptp(smooth))
    if contrast < MIN_CONTRAST or (values - smooth).std() > MAX_ROUGHNESS * contrast:
        return np.zeros_like(values, dtype=np.bool_)
    # A wider filter would carry the skin line outwards.
    light: FloatArray = ndimage.gaussian_filter(values, sigma=1.0)
    return light > skin_threshold(values, light)


def _largest_part(tissue: BoolArray) -> BoolArray | None:
    """The largest connected part, without thin bridges to labels and without holes."""
    from scipy import ndimage

    # Beyond the frame the image counts as tissue: the breast is cut off there, it does not end.
    thinned = ndimage.binary_erosion(tissue, iterations=3, border_value=1)
    opened = ndimage.binary_dilation(thinned, iterations=3)
    labels, count = ndimage.label(opened)
    if count == 0:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    part: BoolArray = ndimage.binary_fill_holes(labels == int(np.argmax(sizes)))
    return part


def _source_box(inside: BoolArray, transform: PixelTransform) -> Box:
    rows = np.flatnonzero(inside.any(axis=1))
    columns = np.flatnonzero(inside.any(axis=0))
    grid = Box(float(rows[0]), float(columns[0]), float(rows[-1] + 1), float(columns[-1] + 1))
    # Outwards: a crop to this box must not cut the skin line.
    return transform.box_to_source(grid).whole(transform.source_shape)


def _chest_wall(inside: BoolArray) -> Sourced[Side]:
    """Compare how straight the mask ends on either side.

    The mask's own ends are looked at, not the image's: scanned films have a border beside the breast.
    """
    left, right = (straightness(inside, side) for side in (Side.LEFT, Side.RIGHT))
    low, high = sorted((left, right))
    if high < SIDE_RATIO * low:
        return Sourced.unknown("both ends of the breast mask are equally straight")
    side = Side.LEFT if left > right else Side.RIGHT
    detail = f"{high:.0%} of the mask's rows end in line at this side and {low:.0%} at the other"
    return Sourced(value=side, source="pixels", detail=detail)
