"""Synthetic lesions, drawn on a patch of their own, to be planted into real views.

All lengths are in mm; a patch has square pixels of the view's size. Nothing here is taken from
:mod:`mammo_core.phantom`, whose masses measure the network.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]


class Kind(StrEnum):
    """What may be planted."""

    MASS = "mass"
    CLUSTER = "cluster"
    DISTORTION = "distortion"
    ASYMMETRY = "asymmetry"


Lesions = Callable[[np.random.Generator, float, float], "Planted"]
"""Draws a lesion for a size of pixels in mm and a stretch."""
SHARES = {Kind.MASS: 0.60, Kind.CLUSTER: 0.16, Kind.DISTORTION: 0.12, Kind.ASYMMETRY: 0.12}
LARGEST_PATCH = 161
"""Pixels; a patch is odd, its centre is the lesion's."""


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """One lesion on its patch.

    Parameters
    ----------
    values : ndarray of shape (n, n), float32
        What it adds, its middle about 1; to be multiplied with the contrast.
    radius_mm : float
        Of the circle that somebody would draw around it.
    pull : float
        How strongly the tissue around is drawn to the centre, 0 to 1.
    contrast : tuple of float
        From where to where its contrast is drawn, as a share of the breast's own range of display values, 5th
        to 95th percentile: specks are brighter than a mass, lines fainter.
    """

    values: Floats
    radius_mm: float
    pull: float = 0.0
    contrast: tuple[float, float] = (0.25, 0.7)


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """Coordinates of a patch in mm, possibly stretched and turned: (n, n) each."""

    down: Floats
    across: Floats
    mm: float

    @classmethod
    def around(cls, reach_mm: float, mm: float, stretch: float) -> "Sheet":
        """Cover ``reach_mm`` on all sides; ``stretch`` widens what is drawn across the columns."""
        half = int(min(np.ceil(reach_mm * max(stretch, 1.0) / mm), LARGEST_PATCH // 2))
        at = np.arange(-half, half + 1, dtype=np.float32) * np.float32(mm)
        return cls(at[:, None] + 0.0 * at[None, :], at[None, :] / stretch + 0.0 * at[:, None], mm)

    @property
    def distance(self) -> Floats:
        """From the centre."""
        distance: Floats = np.hypot(self.down, self.across)
        return distance

    @property
    def angle(self) -> Floats:
        """Around the centre, −π to π."""
        angle: Floats = np.arctan2(self.down, self.across)
        return angle


def draw(kind: Kind, rng: np.random.Generator, *, mm: float, stretch: float) -> Planted:
    """Draw a lesion of a kind.

    Parameters
    ----------
    kind : Kind
    rng : Generator
    mm : float
        Size of the view's pixels.
    stretch : float
        By which the view is wider than the breast was: RSNA's files are squashed to a square.
    """
    return _KINDS[kind](rng, mm, stretch)


def synthetic(rng: np.random.Generator, mm: float, stretch: float) -> Planted:
    """Draw a lesion of a kind drawn by :data:`SHARES`; see :func:`draw`."""
    kind = list(SHARES)[int(rng.choice(len(SHARES), p=list(SHARES.values())))]
    return draw(kind, rng, mm=mm, stretch=stretch)


def _mass(rng: np.random.Generator, mm: float, stretch: float) -> Planted:
    """A projected ellipsoid √(1 − (r/R(θ))²) with an uneven outline, sometimes with spicules."""
    radius = float(np.clip(7.5 * np.exp(0.55 * rng.standard_normal()), 2.5, 26.0))
    roughness, spiculated = ((0.03, False), (0.12, False), (0.15, True))[int(rng.integers(3))]
    sheet = Sheet.around(2.6 * radius, mm, stretch)
    dome = _dome(sheet, radius, roughness, rng)
    values = _soft(dome ** rng.uniform(0.5, 1.3), rng.uniform(0.3, 2.2), mm)
    values *= 1.0 + rng.uniform(0.0, 0.35) * _mottle(values.shape, rng, mm)
    if spiculated:
        values += _spicules(sheet, radius, int(rng.integers(8, 26)), rng) * rng.uniform(0.3, 0.7)
    return Planted(values, radius, pull=rng.uniform(0.0, 0.35) if spiculated else 0.0)


def _asymmetry(rng: np.random.Generator, mm: float, stretch: float) -> Planted:
    """A large, ill-defined density with the mottle of gland."""
    radius = rng.uniform(8.0, 20.0)
    sheet = Sheet.around(1.9 * radius, mm, stretch)
    dome = _soft(_dome(sheet, radius, 0.25, rng), rng.uniform(2.0, 4.5), mm)
    values = dome * (1.0 + rng.uniform(0.2, 0.6) * _mottle(dome.shape, rng, mm))
    return Planted(values, radius, contrast=(0.19, 0.53))


def _cluster(rng: np.random.Generator, mm: float, stretch: float) -> Planted:
    """Bright specks around a point, sometimes in a faint density."""
    spread, count = rng.uniform(1.5, 6.0), max(5, int(rng.poisson(13)))
    sheet = Sheet.around(3.0 * spread, mm, stretch)
    values = np.zeros_like(sheet.down)
    elongation = rng.uniform(0.4, 1.0)
    turn = rng.uniform(0.0, np.pi)
    for _ in range(count):
        along, beside = spread * rng.standard_normal(), elongation * spread * rng.standard_normal()
        row = along * np.sin(turn) + beside * np.cos(turn)
        column = along * np.cos(turn) - beside * np.sin(turn)
        # A speck smaller than a pixel is as wide as the pixel, and fainter.
        size = float(np.clip(0.35 * np.exp(0.4 * rng.standard_normal()), 0.15, 1.2))
        width = np.hypot(0.5 * size, 0.45 * mm)
        squared = (sheet.down - row) ** 2 + (sheet.across - column) ** 2
        values += rng.uniform(0.5, 1.0) * min(1.0, size / mm) * np.exp(-squared / (2.0 * width**2))
    if rng.uniform() < 0.3:
        values += 0.15 * _soft(_dome(sheet, 2.0 * spread, 0.15, rng), 1.5, mm)
    return Planted(values.astype(np.float32), 1.7 * spread, contrast=(0.45, 1.26))


def _distortion(rng: np.random.Generator, mm: float, stretch: float) -> Planted:
    """Lines that run to a point without a mass, and tissue drawn towards it."""
    radius = rng.uniform(5.0, 14.0)
    sheet = Sheet.around(1.9 * radius, mm, stretch)
    lines = _spicules(sheet, 0.6 * radius, int(rng.integers(10, 30)), rng)
    lines -= _soft(lines, 2.0, mm)
    values = lines + rng.uniform(0.0, 0.35) * _soft(_dome(sheet, 0.4 * radius, 0.15, rng), 1.0, mm)
    return Planted(values.astype(np.float32), radius, pull=rng.uniform(0.25, 0.6), contrast=(0.2, 0.56))


_KINDS: dict[Kind, Lesions] = {
    Kind.MASS: _mass,
    Kind.CLUSTER: _cluster,
    Kind.DISTORTION: _distortion,
    Kind.ASYMMETRY: _asymmetry,
}


def _dome(sheet: Sheet, radius: float, roughness: float, rng: np.random.Generator) -> Floats:
    """Thickness along the beam; R(θ) = R (1 + Σ a ξ_k cos(kθ + φ_k)/√k), k = 2 … 7, turned and elongated."""
    angle = sheet.angle
    outline = np.ones_like(angle)
    for k in range(2, 8):
        size = roughness * float(np.clip(rng.standard_normal(), -1.5, 1.5)) / np.sqrt(k)
        outline += np.float32(size) * np.cos(k * angle + np.float32(rng.uniform(0.0, 2 * np.pi)))
    turn, elongation = rng.uniform(0.0, np.pi), rng.uniform(0.65, 1.0)
    long = sheet.down * np.sin(turn) + sheet.across * np.cos(turn)
    short = sheet.down * np.cos(turn) - sheet.across * np.sin(turn)
    reach = radius * np.clip(outline, 0.5, 1.6)
    squared = (long**2 + (short / elongation) ** 2) / reach**2
    dome: Floats = np.sqrt(np.clip(1.0 - squared, 0.0, 1.0)).astype(np.float32)
    return dome


def _spicules(sheet: Sheet, radius: float, count: int, rng: np.random.Generator) -> Floats:
    """Thin lines from within the radius outwards, each of its own length, width and bend."""
    distance, angle = sheet.distance, sheet.angle
    total = np.zeros_like(distance)
    for _ in range(count):
        direction, bend = rng.uniform(-np.pi, np.pi), rng.normal(0.0, 0.25)
        length, width = radius * rng.uniform(1.2, 2.5), rng.uniform(0.3, 0.8)
        off = angle - np.float32(direction) - np.float32(bend) * (distance / radius - 1.0)
        off = np.abs((off + np.pi) % (2 * np.pi) - np.pi)
        beside = distance * np.minimum(off, 1.0)
        fade = np.clip((length - distance) / (0.5 * length), 0.0, 1.0)
        fade *= np.clip(distance / (0.5 * radius), 0.0, 1.0)
        total += np.float32(rng.uniform(0.4, 1.0)) * fade * np.exp(-0.5 * (beside / width) ** 2)
    spicules: Floats = np.minimum(total, 1.5).astype(np.float32)
    return spicules


def _mottle(shape: tuple[int, ...], rng: np.random.Generator, mm: float) -> Floats:
    """Uneven texture of mean 0, about ±1, with lumps of 1 to 4 mm."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    lumps: Floats = ndimage.gaussian_filter(noise, rng.uniform(1.0, 4.0) / mm)
    return lumps / max(float(lumps.std()), 1e-6)


def _soft(values: Floats, sigma_mm: float, mm: float) -> Floats:
    soft: Floats = ndimage.gaussian_filter(values, sigma_mm / mm)
    return soft
