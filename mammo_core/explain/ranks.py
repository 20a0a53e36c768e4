"""Agreement of two maps in the order of their values."""

import numpy as np
from numpy.typing import NDArray


def spearman(first: NDArray[np.floating], second: NDArray[np.floating]) -> float | None:
    """Spearman's rank correlation.

    Parameters
    ----------
    first, second : ndarray of shape (n,)

    Returns
    -------
    float or None
        −1 to 1; ties share the mean of their ranks. None if one of the two is constant.

    References
    ----------
    C. Spearman, Am J Psychol 1904;15:72-101.
    """
    if first.size == 0 or np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return None
    correlation = float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])
    return min(1.0, max(-1.0, correlation))


def _ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2.0
    return np.asarray(mean_ranks[inverse], dtype=np.float64)
