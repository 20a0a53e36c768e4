"""Annotated lesions, lifted out of their films to be planted elsewhere."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from training.mammogram.ground import Ground, breast_range
from training.mammogram.lesions import LARGEST_PATCH, Lesions, Planted, synthetic
from training.mammogram.views import Collection, Spot, View

Floats = NDArray[np.float32]

RIM = 1.25
"""Radii up to which a lesion is lifted out with what is around it."""
CONTRAST = (0.7, 1.2)
"""Of its own contrast."""
SMALLEST = 5.0
"""Half side of a patch in pixels; a smaller lesion has no form that could be lifted out."""


def transplants(collection: Collection, views: Sequence[View], *, share: float) -> Lesions:
    """Lift out the lesions of some views, and mix them with synthetic ones.

    Parameters
    ----------
    collection : Collection
    views : sequence of View
        None of them is measured on.
    share : float
        Of what is planted; 0 if nothing can be lifted out.

    Returns
    -------
    callable
        For :func:`training.mammogram.planting.plant`.
    """
    lifted_out = []
    for view in views if share else ():
        ground = Ground(collection.image(view), collection.tissue_of(view), view.mm, view.source)
        lifted_out += [
            (lesion, view.mm) for spot in view.spots if (lesion := lifted(ground, spot)) is not None
        ]

    def draw(rng: np.random.Generator, mm: float, stretch: float) -> Planted:
        if not lifted_out or rng.uniform() >= share:
            return synthetic(rng, mm, stretch)
        lesion, own_mm = lifted_out[int(rng.integers(len(lifted_out)))]
        return redrawn(lesion, rng, own_mm / mm, stretch)

    return draw


def lifted(ground: Ground, spot: Spot) -> Planted | None:
    """What a lesion adds to the tissue that seems to lie behind it, as a share of its breast's range.

    The tissue behind is the average around the lesion, weighted by nearness. None if the lesion is too small,
    or too near to the edge of the picture.
    """
    radius = spot.down
    half = int(min(RIM * radius, LARGEST_PATCH // 2))
    row, column = int(spot.row), int(spot.column)
    margin = half + int(radius)
    rows, columns = ground.image.shape
    if half < SMALLEST or not (half <= row < rows - half and half <= column < columns - half):
        return None
    top, left = max(row - margin, 0), max(column - margin, 0)
    wide = ground.image[top : row + margin + 1, left : column + margin + 1]
    distance = np.hypot(
        np.arange(top, top + wide.shape[0])[:, None] - row,
        np.arange(left, left + wide.shape[1])[None, :] - column,
    )
    outside = ((distance > radius) & (wide > 0.02)).astype(np.float32)
    weight = ndimage.gaussian_filter(outside, 0.6 * radius)
    behind = ndimage.gaussian_filter(wide * outside, 0.6 * radius) / np.maximum(weight, 1e-3)
    fade = np.clip((RIM * radius - distance) / (0.5 * radius), 0.0, 1.0)
    # Around a lesion it may be brighter than on its dark side; a lesion never takes light away.
    change = np.maximum((wide - behind) * fade / breast_range(ground), 0.0).astype(np.float32)
    at = (row - top, column - left)
    part = change[at[0] - half : at[0] + half + 1, at[1] - half : at[1] + half + 1]
    return Planted(part, radius * ground.mm)


def redrawn(lesion: Planted, rng: np.random.Generator, zoom: float, stretch: float) -> Planted:
    """Turn, mirror and resize a lesion.

    Parameters
    ----------
    lesion : Planted
    rng : Generator
    zoom : float
        From its own pixels to those of the view that it goes to.
    stretch : float
        By which that view is wider than the breast was.
    """
    values = np.rot90(lesion.values, int(rng.integers(4)))
    if rng.uniform() < 0.5:
        values = values[:, ::-1]
    size = rng.uniform(0.7, 1.25)
    factor = min(size * zoom, (LARGEST_PATCH - 2) / (values.shape[0] * max(stretch, 1.0)))
    half = int(0.5 * values.shape[0] * factor * max(stretch, 1.0))
    # Rows and columns of the lesion at those of the patch, both seen from their middles.
    scale = np.array([1.0 / factor, 1.0 / (factor * stretch)])
    middle = values.shape[0] // 2
    side = 2 * half + 1
    resized = ndimage.affine_transform(values, scale, middle - scale * half, (side, side), order=1)
    return Planted(resized.astype(np.float32), lesion.radius_mm * factor / zoom, contrast=CONTRAST)
