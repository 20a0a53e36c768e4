"""A small copy of the image, on which anatomy is measured."""

import numpy as np
from PIL import Image

from mammo_core.geometry import PixelTransform
from mammo_core.records import FULL_SCALE, FloatArray, Pixels

WORKING_SIDE = 384
"""Long side of the working grid: 0.6 mm per pixel on a full-field view, finer than the skin line needs."""


def reduced(pixels: Pixels, *, side: int = WORKING_SIDE) -> tuple[FloatArray, PixelTransform]:
    """Average the image down to a small grid; a smaller image is left at its size.

    Returns
    -------
    ndarray of shape transform.shape, float32
        Display values, 0 to 1.
    PixelTransform
        Source pixels to the grid.
    """
    rows, columns = pixels.shape
    factor = min(1.0, side / max(rows, columns))
    shape = (max(1, round(rows * factor)), max(1, round(columns * factor)))
    # Blocks are averaged first: a float copy of a full-field view would cost 54 MB.
    block = max(1, int(0.5 / factor))
    means = _block_means(pixels, block)
    # The last blocks may be cut short: only their part that lies on the image is resized.
    image = Image.fromarray(means).resize(
        shape[::-1], Image.Resampling.BOX, box=(0.0, 0.0, columns / block, rows / block)
    )
    values = np.asarray(image, dtype=np.float32) / np.float32(FULL_SCALE)
    return values, PixelTransform.identity((rows, columns)).resized(shape)


def _block_means(pixels: Pixels, block: int) -> FloatArray:
    """Means of blocks of ``block`` × ``block`` pixels; those in the last row and column may be smaller."""
    rows, columns = (np.arange(0, size, block) for size in pixels.shape)
    sums = np.add.reduceat(pixels, rows, axis=0, dtype=np.float32)
    sums = np.add.reduceat(sums, columns, axis=1)
    heights, widths = (
        np.diff(starts, append=size) for starts, size in zip((rows, columns), pixels.shape, strict=True)
    )
    return np.asarray(sums / np.outer(heights, widths), dtype=np.float32)
