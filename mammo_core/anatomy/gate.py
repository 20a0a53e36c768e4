"""Is this a mammogram? Measured on the pixels; what does not look like one is refused.

A mammogram is one smooth bright shape in dark, even air, cut off in a straight line at one side (the chest
wall) and bounded by a curve at the other (the skin). Each limit below lies outside what 1,094 real views
show (``docs/anatomy.md``), so that a rare view is not refused; together they refuse most of what is not one.
Colour is refused earlier, when the file is decoded.
"""

from collections.abc import Iterator

import numpy as np

from mammo_core.anatomy.outline import row_ends, solidity, straightness
from mammo_core.anatomy.skin_line import skin_threshold
from mammo_core.errors import UnsuitableImageError
from mammo_core.records import BoolArray, BreastMask, FloatArray, Notice, Side

NO_BREAST = (
    "no breast was found: no bright connected part of at least 2 % of the image stands out from dark air"
)

MIN_WALL = 0.7
"""Straightness of the chest wall; real views: 0.76 and more."""
MIN_RATIO = 1.4
"""How much straighter the chest wall is than the skin; 1.59 and more."""
MAX_AIR = 0.15
"""Median display value outside the breast; 0.08 and less."""
MIN_STEP = 0.08
"""Median of the breast less that of the air; 0.14 and more."""
MAX_HOLES = 0.02
"""Share of the mask that is as dark as air; 0.001 and less."""
MAX_BRIGHT_OUTSIDE = 0.8
"""Bright pixels outside the mask, as a share of it; labels and film borders reach 0.47."""
MAX_RAGGED = 0.01
"""Mean deviation of the skin line from a smooth one, as a share of the mask's width; 0.007 and less."""
MAX_FRACTION = 0.95
"""Share of the image; 0.86 and less."""
MIN_HEIGHT = 0.45
"""Height of the mask as a share of the image's; 0.57 and more."""
ASPECT = (0.2, 1.5)
"""Width of the mask by its height; 0.24 to 1.14."""
FILL = (0.42, 0.95)
"""Share of its bounding box that the mask fills; 0.49 to 0.92."""
MIN_SOLIDITY = 0.58
"""Share of its convex hull that the mask fills; 0.62 and more, and about a half around an inverted breast."""
MIN_CONTRAST = 0.03
"""5th to 95th percentile of the breast, of full scale; 0.05 and more."""
MAX_ROUGHNESS = 0.08
"""Deviation of the pixels from their surroundings, as a share of the image's range; 0.06 and less."""


def suitable(values: FloatArray, breast: BreastMask | None, *, accept_unsuitable: bool) -> tuple[Notice, ...]:
    """Refuse an image that does not look like a mammogram, unless the caller insists.

    Parameters
    ----------
    values : ndarray of shape breast.transform.shape, float32
        The reduced image on which the breast was looked for, 0 to 1.
    breast : BreastMask or None
    accept_unsuitable : bool

    Returns
    -------
    tuple of Notice
        ``accepted_unsuitable`` with the reasons, if there are any and the caller insisted.

    Raises
    ------
    UnsuitableImageError
        With every reason and what was measured.
    """
    reasons = "; ".join(doubts(values, breast))
    if not reasons:
        return ()
    if not accept_unsuitable:
        raise UnsuitableImageError(f"The image does not look like a mammogram: {reasons}.")
    return (Notice("accepted_unsuitable", f"Analysed on request, although not like a mammogram: {reasons}."),)


def doubts(values: FloatArray, breast: BreastMask | None) -> tuple[str, ...]:
    """What speaks against a mammogram, each with the measurement and the limit; empty for one."""
    if breast is None:
        return (NO_BREAST,)
    return (
        *_background(values, breast.inside),
        *_outline(breast.inside),
        *_shape(breast.inside),
        *_texture(values),
    )


def _background(values: FloatArray, inside: BoolArray) -> Iterator[str]:
    """Dark, even air around one bright shape without holes."""
    from scipy import ndimage

    if inside.all():
        yield "no air surrounds the bright part"
        return
    light = ndimage.gaussian_filter(values, sigma=1.0)
    bright = light > skin_threshold(values, light)
    air, tissue = float(np.median(values[~inside])), float(np.median(values[inside]))
    if air > MAX_AIR:
        yield f"the background is not dark ({air:.0%} of white, at most {MAX_AIR:.0%} expected)"
    if tissue - air < MIN_STEP:
        yield f"the bright part hardly differs from its background ({tissue - air:.0%} of white)"
    low, high = np.percentile(values[inside], (5, 95))
    if high - low < MIN_CONTRAST:
        yield f"the bright part shows no tissue (its values span {high - low:.1%} of white)"
    holes = float((inside & ~bright).sum() / inside.sum())
    if holes > MAX_HOLES:
        yield f"the bright part has holes ({holes:.0%} of its area, at most {MAX_HOLES:.0%} expected)"
    outside = float((bright & ~inside).sum() / inside.sum())
    if outside > MAX_BRIGHT_OUTSIDE:
        yield f"too much is bright beside the largest bright part ({outside:.0%} of its area)"


def _outline(inside: BoolArray) -> Iterator[str]:
    """Straight at the chest wall, curved and smooth at the skin."""
    left, right = (straightness(inside, side) for side in (Side.LEFT, Side.RIGHT))
    skin, wall = sorted((left, right))
    if wall < MIN_WALL:
        yield f"no side looks like a chest wall ({wall:.0%} of the rows end in line, {MIN_WALL:.0%} expected)"
    if wall < MIN_RATIO * skin:
        yield f"no side looks like skin (the straighter is {wall / skin:.1f} times as straight as the other)"
    ragged = _raggedness(inside, Side.RIGHT if left >= right else Side.LEFT)
    if ragged > MAX_RAGGED:
        yield f"the outline is ragged ({ragged:.1%} of the width, at most {MAX_RAGGED:.1%} expected)"


def _raggedness(inside: BoolArray, side: Side) -> float:
    from scipy import ndimage

    ends = row_ends(inside, side).astype(np.float64)
    width = int(np.count_nonzero(inside.any(axis=0)))
    return float(np.abs(ends - ndimage.gaussian_filter1d(ends, sigma=3.0)).mean()) / width


def _shape(inside: BoolArray) -> Iterator[str]:
    rows, columns = (int(np.count_nonzero(inside.any(axis=axis))) for axis in (1, 0))
    fraction, height = float(inside.mean()), rows / inside.shape[0]
    aspect, fill = columns / rows, float(inside.sum()) / (rows * columns)
    if fraction > MAX_FRACTION:
        yield f"the bright part fills the image ({fraction:.0%})"
    if height < MIN_HEIGHT:
        yield f"the bright part is low ({height:.0%} of the image's height)"
    if not ASPECT[0] <= aspect <= ASPECT[1]:
        yield f"the bright part has no breast's proportions (width by height {aspect:.1f})"
    if not FILL[0] <= fill <= FILL[1]:
        yield f"the bright part has no breast's shape (it fills {fill:.0%} of its bounding box)"
    bulge = solidity(inside)
    if bulge < MIN_SOLIDITY:
        yield f"the bright part does not bulge ({bulge:.0%} of its hull, {MIN_SOLIDITY:.0%} expected)"


def _texture(values: FloatArray) -> Iterator[str]:
    from scipy import ndimage

    smooth = ndimage.gaussian_filter(values, sigma=1.5)
    roughness = float((values - smooth).std()) / max(float(np.ptp(smooth)), 1e-6)
    if roughness > MAX_ROUGHNESS:
        yield f"the image is rough, as text, noise and edges are ({roughness:.0%} of its range)"
