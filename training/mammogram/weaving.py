"""Views whose tissue is made of random textures: other breasts in the form of known ones."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from training.mammogram.ground import Ground
from training.mammogram.inputs import GRID, STRIDE
from training.mammogram.textures import COARSE, FINE, SMOOTH, texture

Floats = NDArray[np.float32]

AIR, DEEP = 0.02, 0.95
"""Display values up to here are air, unless a cell around is breast by this share."""
RIM_MM = (7.0, 18.0)
"""Depth at which a breast reaches its full thickness."""


def woven(ground: Ground, rng: np.random.Generator) -> Ground:
    """Replace a view's tissue by glands, clouds, fibres and grain of random textures.

    Muscle and air stay; at the outline both are blended over a cell. Lengths are those along the rows: on
    views that are wider than the breast was, the rim is as well.

    Parameters
    ----------
    ground : Ground
    rng : Generator

    Returns
    -------
    Ground
        As wide in grey values as the views of different manufacturers are, and wider.
    """
    # Muscle has no rim, and beyond the chest wall at the left the breast goes on.
    bright = ground.image.reshape(GRID[0], STRIDE, GRID[1], STRIDE).mean(axis=(1, 3)) > AIR
    breast = (ground.tissue > 0.5) | bright
    deep = ndimage.distance_transform_edt(np.pad(breast, ((0, 0), (GRID[1], 0)), mode="edge"))
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
