"""Regions to learn from and to be measured on: annotated lesions, what merely looks like one, phantoms."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from mammo_core.anatomy.breast import find_breast
from mammo_core.anatomy.reduce import reduced
from mammo_core.findings.region_features import measure
from mammo_core.findings.region_patch import GRID_MM
from mammo_core.findings.regions import tissue_on_grid
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import BoolArray, BreastMask, FloatArray, Pixels, PixelSpacing, Side, ViewPosition

NO_LESION = "no_lesion"
KINDS = {
    "CIRC": "mass",
    "SPIC": "mass",
    "MISC": "mass",
    "CALC": "calcification",
    "ARCH": "architectural_distortion",
    "ASYM": "asymmetry",
}
"""What mini-MIAS calls a lesion, and what an answer would call it."""
FILM = PixelSpacing(0.2, 0.2)
"""mini-MIAS: 200 µm per pixel."""
COPIES = 6
"""Each region is measured from that many points around its centre."""
OFF_CENTRE_MM = 5.0
"""How far those points lie from it at most: the maximum of a map is not the centre of a lesion."""
CANDIDATES = 2
"""Strongest blobs of a normal film that are taken for false positives."""
BLOBS_MM = (2.5, 5.0)
SURROUNDINGS = 3.0
APART_MM = 15.0
PECTORAL = (0.65, 0.7)
"""Legs of the triangle left out at the upper chest-wall corner, of the breast's width and height."""
RIM_MM = 5.0
"""Next to the border of the breast no candidate is taken."""
PHANTOM_SHAPE = (1440, 1170)
"""0.2 mm per pixel."""
FIRST_PHANTOM = 4_000_000
"""Seeds used for nothing else."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place to measure.

    Parameters
    ----------
    kind : str
        A value of :data:`KINDS`, or :data:`NO_LESION`.
    point : tuple of float
        (row, column) in source pixels.
    """

    kind: str
    point: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One region.

    Parameters
    ----------
    kind : str
    patient : str
        Of the table; phantoms: their seed.
    real : bool
        False for phantoms.
    features : ndarray of shape (COPIES, features), float64
        Measured from each of the points around its centre; NaN where nothing could be measured.
    """

    kind: str
    patient: str
    real: bool
    features: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """All regions, the names of their features, and the digest of the table they come from."""

    samples: tuple[Sample, ...]
    names: tuple[str, ...]
    table_sha256: str


def collect(folder: Path, *, phantoms: int) -> Samples:
    """Measure every region of mini-MIAS, and phantoms.

    Parameters
    ----------
    folder : Path
        Holds ``labels.csv`` (image, patient, lesion_type, x, y, r) and the films it names.
    phantoms : int
        Breasts, each with a mass and without.
    """
    table = (folder / "labels.csv").read_bytes()
    films: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(table.decode().splitlines()):
        films.setdefault(row["image"], []).append(row)
    measured = []
    for number, (image, rows) in enumerate(sorted(films.items())):
        with Image.open(folder / image) as opened:
            pixels = np.asarray(opened.convert("L"), dtype=np.uint16) * np.uint16(257)
        breast = find_breast(pixels)
        for spot in _spots(rows, pixels, breast):
            measured.append((spot.kind, rows[0]["patient"], True, *_measured(pixels, spot, breast, number)))
    for seed in range(FIRST_PHANTOM, FIRST_PHANTOM + phantoms):
        for kind, features, names in _phantom(seed):
            measured.append((kind, f"phantom {seed}", False, features, names))
    names = next(names for *_, names in measured if names)
    # Where no point of a region could be measured, not even the number of features is known.
    blank = np.full((COPIES, len(names)), np.nan)
    samples = tuple(
        Sample(kind, patient, real, features if features.size else blank)
        for kind, patient, real, features, _ in measured
    )
    return Samples(samples, names, hashlib.sha256(table).hexdigest())


def candidates(pixels: Pixels, breast: BreastMask, spacing: PixelSpacing) -> list[tuple[float, float]]:
    """The strongest blobs of a view, as a model that looks for bright spots would name them.

    A blob is brighter than its surroundings: the mean over a Gaussian of 2.5 or 5 mm less that over one three
    times as wide, both over the breast only. A triangle where the pectoral muscle lies and the rim are left
    out.

    Returns
    -------
    list of tuple of float
        At most :data:`CANDIDATES` points (row, column) in source pixels, the strongest first.
    """
    values, grid = reduced(pixels)
    inside = tissue_on_grid(breast, grid)
    step_mm = spacing.row_mm / grid.row.scale
    response = np.max(
        [
            _mean(values, inside, width / step_mm) - _mean(values, inside, SURROUNDINGS * width / step_mm)
            for width in BLOBS_MM
        ],
        axis=0,
    )
    depth_mm = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1] * step_mm
    allowed = (depth_mm > RIM_MM) & ~_muscle(breast)
    found: list[tuple[float, float]] = []
    rows, columns = np.ogrid[0 : grid.shape[0], 0 : grid.shape[1]]
    while len(found) < CANDIDATES and allowed.any():
        row, column = np.unravel_index(int(np.argmax(np.where(allowed, response, -np.inf))), response.shape)
        found.append(grid.to_source(float(row) + 0.5, float(column) + 0.5))
        allowed = allowed & (np.hypot(rows - row, columns - column) * step_mm >= APART_MM)
    return found


def _spots(rows: list[dict[str, str]], pixels: Pixels, breast: BreastMask | None) -> Iterator[Spot]:
    for row in rows:
        if row["x"]:
            yield Spot(KINDS[row["lesion_type"]], (float(row["y"]) + 0.5, float(row["x"]) + 0.5))
    if breast is not None and all(row["lesion_type"] == "NORM" for row in rows):
        yield from (Spot(NO_LESION, point) for point in candidates(pixels, breast, FILM))


def _phantom(seed: int) -> Iterator[tuple[str, NDArray[np.float64], tuple[str, ...]]]:
    for kind in ("mass", NO_LESION):
        view = ViewPosition.MLO if seed % 2 else ViewPosition.CC
        made = make_phantom(seed=seed, shape=PHANTOM_SHAPE, view_position=view, lesion=kind == "mass")
        breast = find_breast(made.pixels)
        if breast is None:
            continue
        if made.lesion is not None:
            spots = [Spot(kind, (made.lesion.row, made.lesion.column))]
        else:
            spots = [Spot(kind, point) for point in candidates(made.pixels, breast, FILM)[:1]]
        for spot in spots:
            yield kind, *_measured(made.pixels, spot, breast, seed)


def _measured(
    pixels: Pixels, spot: Spot, breast: BreastMask | None, seed: int
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Measure around the spot, at points drawn evenly from a disk; lesions and others alike."""
    rng = np.random.default_rng([seed, round(spot.point[0]), round(spot.point[1])])
    found = []
    for _ in range(COPIES):
        angle, reach = rng.uniform(0.0, 2 * np.pi), OFF_CENTRE_MM * np.sqrt(rng.uniform())
        point = (
            spot.point[0] + reach * np.sin(angle) / GRID_MM,
            spot.point[1] + reach * np.cos(angle) / GRID_MM,
        )
        found.append(measure(pixels, point, FILM, breast))
    names = next((tuple(features) for features in found if features), ())
    blank = [np.nan] * len(names)
    return np.array([list(f.values()) if f else blank for f in found], dtype=np.float64), names


def _muscle(breast: BreastMask) -> BoolArray:
    """The upper corner at the chest wall, (rows, columns) of the mask."""
    shape = breast.inside.shape
    if breast.chest_wall.value is None:
        return np.zeros(shape, dtype=np.bool_)
    rows, columns = np.nonzero(breast.inside)
    top, height, width = rows.min(), np.ptp(rows) + 1, np.ptp(columns) + 1
    down = (np.arange(shape[0]) - top) / (PECTORAL[1] * height)
    left = breast.chest_wall.value is Side.LEFT
    across = np.arange(shape[1]) - columns.min() if left else columns.max() - np.arange(shape[1])
    corner: BoolArray = down[:, None] + across[None, :] / (PECTORAL[0] * width) < 1.0
    return corner


def _mean(values: FloatArray, inside: BoolArray, width: float) -> FloatArray:
    weight = ndimage.gaussian_filter(inside.astype(np.float32), width)
    summed = ndimage.gaussian_filter(np.where(inside, values, np.float32(0.0)), width)
    return np.divide(summed, np.maximum(weight, 1e-3), dtype=np.float32)
