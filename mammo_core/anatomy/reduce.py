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
    # Whole blocks are averaged first in integers: a float copy of a full-field view would cost 54 MB.
    block = max(1, int(0.5 / factor))
    whole = pixels[: rows // block * block, : columns // block * block]
    means = whole.reshape(rows // block, block, columns // block, block).mean(axis=(1, 3), dtype=np.float32)
    image = Image.fromarray(means / np.float32(FULL_SCALE)).resize(shape[::-1], Image.Resampling.BOX)
    kept = PixelTransform.identity((rows, columns))
    return np.asarray(image, dtype=np.float32), kept.resized(shape)
