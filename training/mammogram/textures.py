"""Textures with the spectrum of tissue.

A power law f^−β, β from 1.5 to 3.5 in mammograms (Burgess 1999, doi:10.1364/JOSAA.16.000633). Phantoms
measure the network; they are made by the same function, with 2.8 and 3.8, which are left out here.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mammo_core.phantom.texture import power_law
from training.mammogram.inputs import SPEC

Floats = NDArray[np.float32]

FINE, COARSE, SMOOTH = (1.5, 2.4), (3.1, 3.5), (4.4, 5.2)
"""Exponents of clouds, of glands, and of what fibres are the contours of."""
LONGEST = (60.0, 220.0)
"""Wavelength in pixels above which the spectrum is flat."""
BANK = 48
"""Textures of each kind; they repeat beyond their edges, and every one that is drawn begins elsewhere."""


def texture(rng: np.random.Generator, exponents: tuple[float, float]) -> Floats:
    """Draw a texture of the size of an input, mean 0 and standard deviation 1."""
    made = _made(int(rng.integers(BANK)), exponents)
    start = (int(rng.integers(SPEC.rows)), int(rng.integers(SPEC.columns)))
    rolled: Floats = np.roll(made, start, axis=(0, 1))
    return rolled


@lru_cache(maxsize=3 * BANK)
def _made(number: int, exponents: tuple[float, float]) -> Floats:
    rng = np.random.default_rng([number, round(10 * exponents[0])])
    beta, longest = float(rng.uniform(*exponents)), float(rng.uniform(*LONGEST))
    return power_law(rng, (SPEC.rows, SPEC.columns), beta=beta, longest=longest).astype(np.float32)
