"""The breast mask, and the side of the image at which the breast is cut off."""

import numpy as np
from numpy.typing import NDArray

from mammo_core.anatomy.reduce import reduced
from mammo_core.geometry import Box, PixelTransform
from mammo_core.records import BoolArray, BreastMask, FloatArray, Pixels, Side, Sourced

METHOD = "threshold between air and tissue, largest connected part, opened and filled"
MIN_FRACTION = 0.02
"""A smaller bright part is a label or dust, not a breast."""
MIN_CONTRAST = 0.02
"""Air and tissue must differ by this share of full scale."""
MAX_ROUGHNESS = 0.2
"""How much of that difference the pixels may stray from their surroundings: 0.06 at most on 460 real views,
0.4 and more in noise."""
EDGE_SHARE = 0.02
"""Outer columns of the mask that are compared to find the chest wall."""
SIDE_RATIO = 1.25
"""How much more breast the chest-wall edge must hold; below it the side is not told."""


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
    values, transform = reduced(pixels)
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

    smooth: FloatArray = ndimage.gaussian_filter(values, sigma=1.5)
    split = _otsu(smooth)
    contrast = float(np.ptp(smooth))
    if contrast < MIN_CONTRAST or (values - smooth).std() > MAX_ROUGHNESS * contrast:
        return np.zeros_like(smooth, dtype=np.bool_)
    # Otsu's cut falls between fat and dense tissue on a dense breast; the skin line lies just above the air.
    air = float(np.median(_air(smooth[smooth <= split])))
    return smooth > air + 0.16 * (split - air)


def _air(dark: FloatArray) -> FloatArray:
    """The darkest, most frequent values: the film or detector outside the breast."""
    counts, edges = np.histogram(dark, bins=64)
    mode = int(np.argmax(counts))
    frequent: FloatArray = dark[(dark >= edges[mode]) & (dark <= edges[mode + 1])]
    return frequent


def _otsu(values: FloatArray) -> float:
    """Otsu's threshold: the cut that separates two classes best (IEEE Trans SMC 1979;9:62-66)."""
    counts, edges = np.histogram(values, bins=256)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = below[-1] - below
    total = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap = total / below - (total[-1] - total) / above
    spread: NDArray[np.float64] = np.nan_to_num(below * above * gap**2)
    return float(centres[int(np.argmax(spread))])


def _largest_part(tissue: BoolArray) -> BoolArray | None:
    """The largest connected part, without thin bridges to labels and without holes."""
    from scipy import ndimage

    # Beyond the frame the image counts as tissue: the breast is cut off there, it does not end.
    padded = np.pad(tissue, 4, mode="edge")
    opened = ndimage.binary_opening(padded, iterations=3)[4:-4, 4:-4]
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
    """Compare how much breast the outermost columns of the mask hold.

    The mask's own ends are compared, not the image's: scanned films have a border beside the breast.
    """
    columns = np.flatnonzero(inside.any(axis=0))
    width = max(1, round(EDGE_SHARE * (columns[-1] + 1 - columns[0])))
    left = float(inside[:, columns[0] : columns[0] + width].mean())
    right = float(inside[:, columns[-1] + 1 - width : columns[-1] + 1].mean())
    low, high = sorted((left, right))
    if high < SIDE_RATIO * low:
        return Sourced.unknown("both ends of the breast mask are equally tall")
    side = Side.LEFT if left > right else Side.RIGHT
    detail = f"the mask fills {high:.0%} of the rows at this end and {low:.0%} at the other"
    return Sourced(value=side, source="pixels", detail=detail)
