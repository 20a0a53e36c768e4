"""Make a synthetic mammogram whose lesion is known.

The seed decides the breast, the view which kind of outline, and the shape only how finely both are sampled:
the same seed shows the same breast at every shape.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from mammo_core.errors import InvalidRequestError
from mammo_core.phantom.anatomy import FIELD_MM, GRID, Anatomy, make_anatomy
from mammo_core.phantom.lesions import Mass, mass_profile, place_mass
from mammo_core.phantom.texture import Field, stream
from mammo_core.records import (
    FULL_SCALE,
    BoolArray,
    FloatArray,
    Laterality,
    Pixels,
    ViewPosition,
    read_only,
)

GRAIN, NOISE = 32, 33
RIM_MM = 12.0
"""Depth at which the breast reaches its full thickness."""
SMALLEST_SIDE = 64
RADIUS_LIMITS_MM = (1.0, 25.0)


@dataclass(frozen=True, slots=True)
class Lesion:
    """A planted lesion.

    Parameters
    ----------
    row, column : float
        Centre in source pixels; pixel ``i`` covers ``[i, i + 1)``.
    radius_mm : float
        Mean radius of its outline.
    contrast : float
        What its middle adds to the display value, of full scale.
    kind : str
        ``mass``.
    """

    row: float
    column: float
    radius_mm: float
    contrast: float
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic view with its truth.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns), uint16
        Display values, 0 black to 65535 white; air is 0.
    spacing_mm : float
        Distance of pixel centres at the breast.
    laterality, view_position
        A left breast has its chest wall at the left edge, a right breast at the right edge.
    lesion : Lesion or None
    breast : ndarray of shape (rows, columns), bool
        Breast, pectoral muscle included.
    seed : int
    """

    pixels: Pixels
    spacing_mm: float
    laterality: Laterality
    view_position: ViewPosition
    lesion: Lesion | None
    breast: BoolArray
    seed: int

    def __post_init__(self) -> None:
        read_only(self.pixels)
        read_only(self.breast)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the detector's field lies in the image, as a left breast."""

    shape: tuple[int, int]
    field: tuple[int, int]
    top: int
    spacing_mm: float

    def spread(self, values: Field) -> FloatArray:
        """Sample the working grid at the field's pixels, (field rows, field columns)."""
        image = Image.fromarray(values.astype(np.float32))
        return np.array(image.resize(self.field[::-1], Image.Resampling.BICUBIC), dtype=np.float32)


def make_phantom(
    *,
    seed: int,
    view_position: ViewPosition = ViewPosition.CC,
    laterality: Laterality = Laterality.LEFT,
    shape: tuple[int, int] = (1024, 832),
    lesion: bool = True,
    radius_mm: float | None = None,
) -> Phantom:
    """Make a synthetic mammogram.

    Parameters
    ----------
    seed : int
        At least 0; the same arguments give the same pixels.
    view_position : ViewPosition
        CC or MLO.
    laterality : Laterality
        Left or right; a right breast is a left one, mirrored.
    shape : tuple of int
        (rows, columns), at least 64 each. The detector's field of 288 × 234 mm is fitted into it.
    lesion : bool
        Whether a mass is planted. The tissue around it is the same with and without.
    radius_mm : float or None
        Mean radius of the mass, 1 to 25 mm; None: drawn, 4 to 15 mm.

    Raises
    ------
    InvalidRequestError
        If an argument is outside of these ranges.
    """
    _check(seed, view_position, laterality, shape, radius_mm)
    frame = _frame(shape, view_position)
    anatomy = make_anatomy(seed, view_position)
    mass = place_mass(seed, anatomy, radius_mm) if lesion else None
    field, inside = _field(seed, frame, anatomy, mass)

    pixels, breast = np.zeros(shape, dtype=np.uint16), np.zeros(shape, dtype=np.bool_)
    place = (slice(frame.top, frame.top + frame.field[0]), slice(0, frame.field[1]))
    pixels[place], breast[place] = field, inside
    planted = _lesion(mass, frame)
    if laterality is Laterality.RIGHT:
        pixels, breast = pixels[:, ::-1].copy(), breast[:, ::-1].copy()
        planted = planted and _mirrored(planted, shape[1])
    return Phantom(pixels, frame.spacing_mm, laterality, view_position, planted, breast, seed)


def _check(
    seed: int,
    view_position: ViewPosition,
    laterality: Laterality,
    shape: tuple[int, int],
    radius_mm: float | None,
) -> None:
    if seed < 0:
        raise InvalidRequestError(f"A phantom's seed must be at least 0; {seed} was received.")
    if view_position not in (ViewPosition.CC, ViewPosition.MLO):
        raise InvalidRequestError(f"A phantom's view is CC or MLO; {view_position} was received.")
    if laterality is Laterality.BOTH:
        raise InvalidRequestError("A phantom's laterality is L or R; B was received.")
    if min(shape) < SMALLEST_SIDE:
        raise InvalidRequestError(
            f"A phantom has at least {SMALLEST_SIDE} rows and columns; {shape[0]} × {shape[1]} were received."
        )
    low, high = RADIUS_LIMITS_MM
    if radius_mm is not None and not low <= radius_mm <= high:
        raise InvalidRequestError(
            f"A mass has a radius of {low:g} to {high:g} mm; {radius_mm:g} mm was received."
        )


def _frame(shape: tuple[int, int], view_position: ViewPosition) -> _Frame:
    spacing = max(FIELD_MM[0] / shape[0], FIELD_MM[1] / shape[1])
    field = (min(shape[0], round(FIELD_MM[0] / spacing)), min(shape[1], round(FIELD_MM[1] / spacing)))
    # An MLO breast is cut off by the top edge; a CC breast lies in the middle.
    top = 0 if view_position is ViewPosition.MLO else (shape[0] - field[0]) // 2
    return _Frame(shape, field, top, spacing)


def _field(seed: int, frame: _Frame, anatomy: Anatomy, mass: Mass | None) -> tuple[Pixels, BoolArray]:
    """Display values and breast mask of the detector's field.

    What processors round differently (exp, cos, FFT) is left to the working grid and the mass, in float64.
    On the pixels only sums, products and roots are taken, so that a seed gives the same pixels everywhere.
    """
    depth = frame.spread(anatomy.depth_mm)
    inside: BoolArray = depth > 0.0
    values = frame.spread(anatomy.tissue)
    values += _grain(seed, frame.field)
    if mass is not None:
        _plant(values, seed, frame, mass)
    values *= _thickness(depth)
    values += np.float32(0.008) * stream(seed, NOISE).standard_normal(frame.field, dtype=np.float32) * inside
    np.clip(values, 0.0, 1.0, out=values)
    values *= np.float32(FULL_SCALE)
    pixels: Pixels = np.rint(values, out=values).astype(np.uint16)
    return np.where(inside, pixels, np.uint16(0)), inside


def _thickness(depth: FloatArray) -> FloatArray:
    """Share of the full thickness, √(1 − (1 − d/12 mm)²) near the rim (float32)."""
    missing = np.clip(np.float32(1.0) - depth / np.float32(RIM_MM), 0.0, 1.0)
    share: FloatArray = np.sqrt(np.float32(1.0) - missing * missing)
    return share


def _grain(seed: int, shape: tuple[int, int]) -> FloatArray:
    """Texture finer than the working grid: octaves of noise, as the power law f^−2.8 continues."""
    total = np.zeros(shape, dtype=np.float32)
    amplitude, octave = 0.012, 1
    while GRID[0] * 2 ** (octave - 1) < shape[0]:
        size = (GRID[0] * 2**octave, GRID[1] * 2**octave)
        noise = stream(seed, GRAIN, octave).standard_normal(size, dtype=np.float32)
        image = Image.fromarray(noise).resize(shape[::-1], Image.Resampling.BILINEAR)
        total += np.float32(amplitude) * np.asarray(image, dtype=np.float32)
        # Variance per octave goes as f^(2−β): 0.76 = 2^(−0.4) from one octave to the next.
        amplitude, octave = amplitude * 0.76, octave + 1
    return total


def _plant(values: FloatArray, seed: int, frame: _Frame, mass: Mass) -> None:
    """Add the mass to the tissue, in place."""
    reach = 2.0 * mass.radius_mm
    spacing = frame.spacing_mm
    top, left = (max(0, int((at - reach) / spacing)) for at in (mass.row_mm, mass.column_mm))
    bottom, right = (int((at + reach) / spacing) + 1 for at in (mass.row_mm, mass.column_mm))
    part = values[top:bottom, left:right]
    rows = (np.arange(top, top + part.shape[0]) + 0.5) * spacing - mass.row_mm
    columns = (np.arange(left, left + part.shape[1]) + 0.5) * spacing - mass.column_mm
    profile = mass_profile(seed, mass.radius_mm, rows[:, None], columns[None, :])
    part += np.float32(mass.contrast) * profile.astype(np.float32)


def _lesion(mass: Mass | None, frame: _Frame) -> Lesion | None:
    if mass is None:
        return None
    row, column = mass.row_mm / frame.spacing_mm + frame.top, mass.column_mm / frame.spacing_mm
    return Lesion(row, column, mass.radius_mm, mass.contrast, "mass")


def _mirrored(lesion: Lesion, columns: int) -> Lesion:
    return Lesion(lesion.row, columns - lesion.column, lesion.radius_mm, lesion.contrast, lesion.kind)
