"""A view that something is planted into."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.mammogram.inputs import STRIDE

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """A view in which lesions can be planted.

    Parameters
    ----------
    image : ndarray of shape (rows, columns), float32
        0 to 1.
    tissue : ndarray of shape GRID, float32
        Share of breast without pectoral muscle.
    mm : float
        Size of a pixel.
    source : str
    """

    image: Floats
    tissue: Floats
    mm: float
    source: str


def breast_range(ground: Ground) -> float:
    """5th to 95th percentile of the breast's display values, at least 0.1."""
    cells = ground.image[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE][ground.tissue > 0.5]
    low, high = np.quantile(cells, [0.05, 0.95])
    return max(float(high - low), 0.1)
