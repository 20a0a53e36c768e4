"""Textures with the spectrum of tissue, and breasts whose tissue is made of them.

A power law f^−β, β from 1.5 to 3.5 in mammograms (Burgess 1999, doi:10.1364/JOSAA.16.000633). Phantoms
measure the network and have 2.8 and 3.8: what is learnt from keeps away from both.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mammo_core.phantom.texture import power_law
from training.mammogram.inputs import GRID, SPEC, STRIDE
from training.mammogram.planting import Ground

Floats = NDArray[np.float32]

FINE, COARSE, SMOOTH = (1.5, 2.4), (3.1, 3.5), (4.4, 5.2)
"""Exponents of clouds, of glands, and of what fibres are the contours of."""
LONGEST = (60.0, 220.0)
"""Wavelength in pixels above which the spectrum is flat."""
BANK = 48
"""Textures of each kind; they repeat beyond their edges, and every one that is drawn begins elsewhere."""
AIR, DEEP = 0.02, 0.95
"""Display values up to here are air, unless a cell around is breast by this share."""
RIM_MM = (7.0, 18.0)
"""Depth at which a breast reaches its full thickness."""


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


def woven(ground: Ground, rng: np.random.Generator) -> Ground:
    """Replace a view's tissue by glands, clouds, fibres and grain of random textures; skin and muscle stay.

    Parameters
    ----------
    ground : Ground
    rng : Generator

    Returns
    -------
    Ground
        As wide in grey values as the views of different manufacturers are, and wider.
    """
    deep = ndimage.distance_transform_edt(np.pad(ground.tissue > 0.5, ((0, 0), (GRID[1], 0)), mode="edge"))
    depth = _fine(deep[:, GRID[1] :].astype(np.float32)) * np.float32(STRIDE * ground.mm)
    missing = np.clip(1.0 - depth / rng.uniform(*RIM_MM), 0.0, 1.0)
    thickness = np.sqrt(1.0 - missing**2)
    glands = 1.0 / (1.0 + np.exp(-rng.uniform(0.8, 2.0) * (texture(rng, COARSE) + rng.uniform(-2.0, 0.5))))
    fat, gland = rng.uniform(0.12, 0.5), rng.uniform(0.1, 0.35)
    values = fat + gland * glands + rng.uniform(0.004, 0.025) * texture(rng, FINE) * (0.5 + glands)
    # Fibres: they cross, and are no distortion.
    width = rng.uniform(0.06, 0.3)
    lines = sum(np.clip(1.0 - np.abs(texture(rng, SMOOTH)) / width, 0.0, 1.0) for _ in range(2))
    values += rng.uniform(0.0, 0.08) * lines
    values += rng.uniform(0.0, 0.012) * rng.standard_normal(values.shape, dtype=np.float32)
    here = _fine(ground.tissue)
    # A cell at the skin is part of air, and air stays air.
    here *= (ground.image > AIR) | (here > DEEP)
    image = here * np.clip(values * thickness, 0.0, 1.0) + (1.0 - here) * ground.image
    return Ground(image.astype(np.float32), ground.tissue, ground.mm, ground.source)


def _fine(cells: Floats) -> Floats:
    """Cells to pixels, linearly."""
    larger: Floats = ndimage.zoom(cells, STRIDE, order=1, grid_mode=True, mode="nearest")
    return larger
