"""The lesion of a phantom: a projected, soft-edged mass."""

from dataclasses import dataclass

import numpy as np

from mammo_core.phantom.anatomy import GRID_MM, Anatomy
from mammo_core.phantom.texture import Field, stream

PLACE, FORM = 16, 17
"""Random streams; the first ones belong to the anatomy."""
SKIN_MM = 6.0
"""Tissue that is left between a mass and the skin."""
RADIUS_MM = (4.0, 15.0)
FAINTEST, BRIGHTEST = (0.12, 0.17), 0.25
"""Contrast of full scale; the faintest for the smallest and the largest mass, which is thicker.
In tissue with a power-law spectrum a larger mass needs more contrast to be seen (Burgess 2001)."""
SOFT_MM = 1.5
"""Length over which the edge of a mass fades."""


@dataclass(frozen=True, slots=True)
class Mass:
    """A mass on a left breast, in mm from the top left corner of the detector's field.

    Parameters
    ----------
    row_mm, column_mm : float
    radius_mm : float
        Mean radius of the outline.
    contrast : float
        What its middle adds to the display value, of full scale.
    """

    row_mm: float
    column_mm: float
    radius_mm: float
    contrast: float


def place_mass(seed: int, anatomy: Anatomy, radius_mm: float | None) -> Mass:
    """Choose size, contrast and a place inside the breast, off skin, chest wall and pectoral muscle.

    Parameters
    ----------
    seed : int
    anatomy : Anatomy
    radius_mm : float or None
        None: log-normal around 7.5 mm, within 4 to 15 mm.
    """
    from scipy import ndimage

    rng = stream(seed, PLACE)
    drawn = float(np.clip(7.5 * np.exp(0.4 * rng.standard_normal()), *RADIUS_MM))
    share, position = rng.uniform(), rng.uniform()
    radius = drawn if radius_mm is None else radius_mm
    faintest = float(np.interp(radius, RADIUS_MM, FAINTEST))
    contrast = faintest + share * (BRIGHTEST - faintest)

    free = (anatomy.depth_mm > 0.0) & (anatomy.pectoral < 0.5)
    # The frame counts as a border: a mass is not cut off.
    room = ndimage.distance_transform_edt(np.pad(free[::2, ::2], 1))[1:-1, 1:-1] * (2.0 * GRID_MM)
    room = np.minimum(room, anatomy.depth_mm[::2, ::2] - SKIN_MM)
    allowed = np.flatnonzero(room >= min(radius, float(room.max())))
    row, column = (2 * at for at in divmod(int(allowed[int(position * allowed.size)]), room.shape[1]))
    return Mass((row + 0.5) * GRID_MM, (column + 0.5) * GRID_MM, radius, contrast)


def mass_profile(seed: int, radius_mm: float, down_mm: Field, across_mm: Field) -> Field:
    """Thickness of a mass along the beam, as a share of its thickest part.

    A projected ellipsoid √(1 − (r/R(θ))²) whose radius R(θ) = R (1 + Σ a ξ_k cos(kθ + φ_k)/√k) varies over
    k = 2 … 7; a is 0.03 (circumscribed), 0.12 (lobulated) or 0.15 with 14 spicules.

    Parameters
    ----------
    seed : int
        Decides the form.
    radius_mm : float
    down_mm, across_mm : ndarray
        Distances from the centre; they broadcast to the result's shape.

    Returns
    -------
    ndarray, float64
        0 to 1.
    """
    rng = stream(seed, FORM)
    amplitude, spicules = ((0.03, 0.0), (0.12, 0.0), (0.15, 0.3))[int(rng.integers(3))]
    angle = np.arctan2(down_mm, across_mm)
    outline = np.ones_like(angle)
    for k in range(2, 8):
        outline += (
            amplitude
            / np.sqrt(k)
            * np.clip(rng.standard_normal(), -1.5, 1.5)
            * np.cos(k * angle + rng.uniform(0.0, 2 * np.pi))
        )
    outline += spicules * np.maximum(np.cos(14.0 * angle + rng.uniform(0.0, 2 * np.pi)), 0.0) ** 6
    reach = radius_mm * np.clip(outline, 0.5, 1.8)
    distance = np.hypot(down_mm, across_mm)
    dome = np.sqrt(np.clip(1.0 - (distance / reach) ** 2, 0.0, 1.0))
    # The dome is steep at its edge; a mass fades into the tissue around it.
    fade = np.clip((reach - distance) / SOFT_MM, 0.0, 1.0)
    profile: Field = dome * fade * (2.0 - fade)
    return profile
