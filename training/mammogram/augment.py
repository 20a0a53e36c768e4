"""Random changes of a view that leave its lesions lesions: place, size, grey values, sharpness, noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from training.mammogram.inputs import GRID, SPEC, STRIDE
from training.mammogram.textures import FINE, texture
from training.mammogram.views import Spot

Floats = NDArray[np.float32]

COARSE = 8
"""Pixels per pixel of the image on which broad contrast is changed."""

USUAL_CELLS = 12.0
"""Cells that a lesion of usual size, 13 mm across, covers: it weighs 1."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How far views are changed.

    Parameters
    ----------
    geometry, grey : float
        1 as made for the default model, 0 not at all.
    """

    geometry: float = 1.0
    grey: float = 1.0


@dataclass(frozen=True, slots=True)
class Warp:
    """An affine map of input pixels, with the chest wall kept at the left edge.

    A point (row, column) goes to (``down`` · row + ``shear`` · column + ``shift``, ``across`` · column).
    """

    down: float
    across: float
    shear: float
    shift: float

    @classmethod
    def drawn(cls, rng: np.random.Generator, strength: Strength) -> "Warp":
        """Draw size, aspect, slant and place; about half of the views are turned upside down."""
        far, rows = strength.geometry, SPEC.rows
        size = np.exp(far * rng.uniform(-0.16, 0.12))
        # RSNA's files are up to a third too wide: other files, and other users', are not.
        aspect = np.exp(far * rng.uniform(-0.28, 0.12))
        sign = -1.0 if far and rng.uniform() < 0.5 else 1.0
        down, across = sign * size, size * aspect
        shear = far * rng.uniform(-0.12, 0.12)
        shift = rows / 2.0 * (1.0 - down) + far * rng.uniform(-0.06, 0.06) * rows
        return cls(float(down), float(across), float(shear), float(shift))

    def image(self, image: Floats) -> Floats:
        """Move the pixels; what comes from outside is air."""
        # Pillow asks for the way back, columns first.
        back = (
            1.0 / self.across,
            0.0,
            0.0,
            -self.shear / (self.across * self.down),
            1.0 / self.down,
            -self.shift / self.down,
        )
        moved = Image.fromarray(image).transform(
            image.shape[::-1], Image.Transform.AFFINE, back, Image.Resampling.BILINEAR
        )
        return np.array(moved, dtype=np.float32)

    def spot(self, spot: Spot) -> Spot:
        """Move a lesion."""
        return Spot(
            self.down * spot.row + self.shear * spot.column + self.shift,
            self.across * spot.column,
            abs(self.down) * spot.down,
            self.across * spot.across,
        )


def regrade(image: Floats, rng: np.random.Generator, strength: float) -> Floats:
    """Change grey values, sharpness and noise, as between films, detectors and their processing."""
    if strength <= 0.0:
        return image
    if rng.uniform() < 0.5:
        image = _broad_contrast(image, float(np.exp(strength * rng.uniform(-0.5, 0.4))))
    if rng.uniform() < 0.4:
        image = ndimage.gaussian_filter(image, strength * rng.uniform(0.3, 1.3))
    elif rng.uniform() < 0.4:
        image = image + np.float32(strength * rng.uniform(0.2, 1.2)) * (
            image - ndimage.gaussian_filter(image, 1.2)
        )
    image = _curve(np.clip(image, 0.0, 1.0), rng, strength)
    if rng.uniform() < 0.4:
        image = image + np.float32(strength * rng.uniform(0.0, 0.08)) * texture(rng, FINE) * (image > 0.02)
    if rng.uniform() < 0.5:
        noise = rng.standard_normal(image.shape, dtype=np.float32)
        if rng.uniform() < 0.5:
            noise = 2.0 * ndimage.uniform_filter(noise, 2)
        image = image + np.float32(strength * rng.uniform(0.0, 0.025)) * noise * (image > 0.02)
    return np.clip(image, 0.0, 1.0)


def coverage(spots: tuple[Spot, ...]) -> tuple[Floats, Floats]:
    """Which cells show lesions.

    Parameters
    ----------
    spots : tuple of Spot

    Returns
    -------
    shares : ndarray of shape GRID, float32
        Share of the cell that lesions cover, 0 to 1; a lesion counts as at least 1.5 cells wide.
    weights : ndarray of shape GRID, float32
        The same, so that a lesion weighs the square root of (the cells that it covers over
        :data:`USUAL_CELLS`). If all lesions weighed the same, each cell of a large one would be worth so
        little that maps peak on small ones; if all cells did, large ones would be all that counts.
    """
    shares, weights = np.zeros(GRID, dtype=np.float32), np.zeros(GRID, dtype=np.float32)
    steps = (np.arange(4) + 0.5) / 4.0
    rows = ((np.arange(GRID[0])[:, None] + steps) * STRIDE).ravel()
    columns = ((np.arange(GRID[1])[:, None] + steps) * STRIDE).ravel()
    for spot in spots:
        down = (rows - spot.row) / max(spot.down, 0.75 * STRIDE)
        across = (columns - spot.column) / max(spot.across, 0.75 * STRIDE)
        covered = (down[:, None] ** 2 + across[None, :] ** 2 <= 1.0).astype(np.float32)
        share = covered.reshape(GRID[0], 4, GRID[1], 4).mean(axis=(1, 3))
        shares = np.maximum(shares, share)
        # A lesion that was moved out of the picture covers nothing.
        weights = np.maximum(weights, share / np.sqrt(np.maximum(share.sum(), 1.0) * np.float32(USUAL_CELLS)))
    return shares, weights


def _broad_contrast(image: Floats, factor: float) -> Floats:
    """Weaken or strengthen fine detail against the broad distribution of tissue, as processing does."""
    small = Image.fromarray(image).reduce(COARSE)
    smooth = ndimage.gaussian_filter(np.asarray(small), 1.5)
    broad = np.asarray(Image.fromarray(smooth).resize(image.shape[::-1], Image.Resampling.BILINEAR))
    changed: Floats = broad + np.float32(factor) * (image - broad)
    return np.where(image > 0.02, changed, image)


def _curve(image: Floats, rng: np.random.Generator, strength: float) -> Floats:
    """Gamma, gain, and the S of film, through a table."""
    at = np.linspace(0.0, 1.0, 1024)
    curve = at ** np.exp(strength * rng.uniform(-0.45, 0.4))
    steep = strength * rng.uniform(0.0, 1.0)
    curve = (1.0 - steep) * curve + steep * (3.0 * curve**2 - 2.0 * curve**3)
    curve = curve * (1.0 + strength * rng.uniform(-0.22, 0.1))
    if rng.uniform() < 0.25:
        # Film and its scanner leave air grey.
        curve = curve + strength * rng.uniform(0.0, 0.08)
    table = np.clip(curve, 0.0, 1.0).astype(np.float32)
    graded: Floats = table[np.minimum(image * 1023.0 + 0.5, 1023.0).astype(np.intp)]
    return graded
