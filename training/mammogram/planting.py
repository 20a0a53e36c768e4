"""Plant synthetic lesions into a view without any, and things that only look like one."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from training.mammogram.catalogue import RSNA
from training.mammogram.ground import Ground, breast_range
from training.mammogram.inputs import STRIDE
from training.mammogram.lesions import Lesions, Planted, synthetic
from training.mammogram.views import Spot

Floats = NDArray[np.float32]

SKIN_CELLS = 2
"""A lesion's centre lies at least so many cells inside the breast."""
APART = 1.3
"""Two lesions are at least so many times their radii apart."""
DECOYS = 0.35
"""Share of views with vessels and coarse calcifications that are no lesion."""
STRETCH = {RSNA: (0.95, 1.4)}
"""By how much wider than tall a round lesion is on the view; films have square pixels."""
SQUARE = (0.92, 1.08)


def plant(
    ground: Ground, rng: np.random.Generator, *, count: int, lesions: Lesions = synthetic
) -> tuple[Floats, tuple[Spot, ...]]:
    """Plant lesions.

    Parameters
    ----------
    ground : Ground
    rng : Generator
    count : int
        How many are tried; one that finds no place of its own is left out.
    lesions : callable
        Where they come from.

    Returns
    -------
    ndarray
        A new image.
    tuple of Spot
        What was planted.
    """
    image = ground.image.copy()
    centres = _centres(ground)
    if not len(centres):
        return image, ()
    span = breast_range(ground)
    if rng.uniform() < DECOYS:
        _decoys(image, centres, ground, span, rng)
    spots: list[Spot] = []
    for _ in range(count):
        low, high = STRETCH.get(ground.source, SQUARE)
        stretch = float(rng.uniform(low, high))
        lesion = lesions(rng, ground.mm, stretch)
        at = centres[int(rng.integers(len(centres)))] + rng.uniform(0.0, STRIDE, 2)
        radius = lesion.radius_mm / ground.mm
        spot = Spot(float(at[0]), float(at[1]), radius, radius * stretch)
        if all(_apart(spot, other) for other in spots):
            contrast = rng.uniform(*lesion.contrast) * span
            _add(image, lesion, spot, float(contrast))
            spots.append(spot)
    return image, tuple(spots)


def _centres(ground: Ground) -> NDArray[np.intp]:
    """Corners (row, column) of the cells in which a lesion's centre may lie, (n, 2)."""
    inside = ground.tissue > 0.9
    # Beyond the chest wall at the left the breast goes on.
    padded = np.pad(inside, ((0, 0), (SKIN_CELLS, 0)), mode="edge")
    deep = ndimage.binary_erosion(padded, iterations=SKIN_CELLS)[:, SKIN_CELLS:]
    return np.argwhere(deep) * STRIDE


def _apart(spot: Spot, other: Spot) -> bool:
    distance = np.hypot(spot.row - other.row, spot.column - other.column)
    return bool(distance > APART * (spot.across + other.across))


def _add(image: Floats, lesion: Planted, spot: Spot, contrast: float) -> None:
    """Add a lesion, in place; where the display is nearly white it adds little."""
    half = lesion.values.shape[0] // 2
    row, column = int(spot.row), int(spot.column)
    top, left = max(row - half, 0), max(column - half, 0)
    part = image[top : row + half + 1, left : column + half + 1]
    corner = (top - row + half, left - column + half)
    values = lesion.values[corner[0] : corner[0] + part.shape[0], corner[1] : corner[1] + part.shape[1]]
    if lesion.pull > 0.0:
        part[:] = _pulled(part, (row - top, column - left), spot.down, lesion.pull)
    # Air stays air, even where a lesion reaches over the skin line.
    room = np.clip((1.05 - part) / 0.4, 0.0, 1.0) * np.clip((part - 0.02) / 0.06, 0.0, 1.0)
    part += np.float32(contrast) * values * room
    np.clip(part, 0.0, 1.0, out=part)


def _pulled(part: Floats, centre: tuple[int, int], radius: float, pull: float) -> Floats:
    """Draw the tissue towards the centre: what was farther away is now nearer."""
    down = np.arange(part.shape[0], dtype=np.float32)[:, None] - centre[0]
    across = np.arange(part.shape[1], dtype=np.float32)[None, :] - centre[1]
    factor = 1.0 + pull * np.exp(-(down**2 + across**2) / (2.0 * radius**2))
    pulled: Floats = ndimage.map_coordinates(
        part, [centre[0] + down * factor, centre[1] + across * factor], order=1, mode="nearest"
    )
    return pulled


def _decoys(
    image: Floats, centres: NDArray[np.intp], ground: Ground, span: float, rng: np.random.Generator
) -> None:
    """Add vessels and single coarse calcifications, in place: bright, and no lesion."""
    for _ in range(int(rng.integers(1, 4))):
        at = centres[int(rng.integers(len(centres)))]
        if rng.uniform() < 0.5:
            _vessel(image, at, ground.mm, span, rng)
        else:
            size = rng.uniform(0.4, 1.6) / ground.mm
            _blob(image, at, size, float(rng.uniform(0.3, 1.0) * span))


def _vessel(image: Floats, at: NDArray[np.intp], mm: float, span: float, rng: np.random.Generator) -> None:
    length, width = int(rng.uniform(25.0, 90.0) / mm), rng.uniform(0.4, 1.2) / mm
    heading = rng.uniform(0.0, np.pi) + np.cumsum(rng.normal(0.0, 0.06, length))
    rows = np.clip(at[0] + np.cumsum(np.sin(heading)), 0, image.shape[0] - 1).astype(np.intp)
    columns = np.clip(at[1] + np.cumsum(np.cos(heading)), 0, image.shape[1] - 1).astype(np.intp)
    margin = int(4.0 * width) + 1
    top, left = max(int(rows.min()) - margin, 0), max(int(columns.min()) - margin, 0)
    part = image[top : int(rows.max()) + margin, left : int(columns.max()) + margin]
    line = np.zeros_like(part)
    line[rows - top, columns - left] = 1.0
    line = ndimage.gaussian_filter(line, width)
    inside = np.clip((part - 0.02) / 0.06, 0.0, 1.0)
    part += np.float32(rng.uniform(0.1, 0.3) * span / max(float(line.max()), 1e-6)) * line * inside
    np.clip(part, 0.0, 1.0, out=part)


def _blob(image: Floats, at: NDArray[np.intp], size: float, contrast: float) -> None:
    half = int(4.0 * size) + 1
    top, left = max(int(at[0]) - half, 0), max(int(at[1]) - half, 0)
    part = image[top : int(at[0]) + half + 1, left : int(at[1]) + half + 1]
    down = np.arange(top, top + part.shape[0])[:, None] - at[0]
    across = np.arange(left, left + part.shape[1])[None, :] - at[1]
    part += np.float32(contrast) * np.exp(-0.5 * (down**2 + across**2) / size**2).astype(np.float32)
    np.clip(part, 0.0, 1.0, out=part)
