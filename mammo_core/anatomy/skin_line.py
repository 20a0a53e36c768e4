"""Which display value separates air from skin."""

import numpy as np
from numpy.typing import NDArray

from mammo_core.records import FloatArray

CLEAN_AIR = 0.8
"""Share of the dark pixels at the air's own value from which on the air counts as clean: 0.81 and more on
1,000 digital views, below 0.75 on nine films in ten."""
AIR_WIDTH = 0.006
"""How far a pixel may lie from the air's value and still be air, of full scale."""
FRAME = 0.01
"""Rows and columns with a smaller range are a frame around the film."""


def skin_threshold(values: FloatArray, smooth: FloatArray) -> float:
    """The value above which a pixel shows tissue.

    Behind a digital detector the air is clean, and the skin begins just above it. A film has a halo of
    scattered light around the breast: there the skin line lies at about a third of the way up to the cut
    between dark and bright (Otsu), but not above a tenth of full scale, where dark fat begins.

    Parameters
    ----------
    values, smooth : ndarray of shape (rows, columns), float32
        Display values, 0 to 1, as they are and smoothed.

    Returns
    -------
    float
        0 to 1.
    """
    split = otsu(smooth)
    air = float(np.median(_air(smooth[smooth <= split])))
    film = max(min(0.3 * split, 0.1), air + 0.05 * (split - air))
    dark = _inside_frame(values)
    dark = dark[dark < film]
    clean = dark.size > 0 and float((np.abs(dark - air) < AIR_WIDTH).mean()) > CLEAN_AIR
    return air + 0.08 * (split - air) if clean else film


def otsu(values: FloatArray) -> float:
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


def _air(dark: FloatArray) -> FloatArray:
    """The darkest, most frequent values: the film or detector outside the breast."""
    counts, edges = np.histogram(dark, bins=64)
    mode = int(np.argmax(counts))
    frequent: FloatArray = dark[(dark >= edges[mode]) & (dark <= edges[mode + 1])]
    return frequent


def _inside_frame(values: FloatArray) -> FloatArray:
    """The image without rows and columns of one value, with which scans are padded."""
    rows, columns = np.ptp(values, axis=1) > FRAME, np.ptp(values, axis=0) > FRAME
    return values[np.ix_(rows, columns)]
