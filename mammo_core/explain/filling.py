"""Parts of a breast, filled in from the breast around them.

To see what a part does for a score, the part has to go, and something has to be there instead. Black is no
absence on a mammogram: it is an air hole, which networks find remarkable, and so is a sharp edge. What is put
there is the breast around the part, heavily blurred, and it fades into the image beyond the part.

References
----------
.. [1] H. Knutsson, C.-F. Westin, Normalized and differential convolution, CVPR 1993: 515-523
"""

import numpy as np
from numpy.typing import NDArray

from mammo_core.records import BoolArray, FloatArray

COARSE = 64
"""Cells along the longer side of the grid on which blurs are worked out: they are smooth, pixels would cost
more and show nothing else."""
BLUR = 1.0 / 16.0
"""Standard deviation of the blur, as a share of the input's longer side: 10 mm on a breast of 160 mm, so a
lesion of 10 mm is gone and the shape of the breast is still there."""
EDGE = 1.0 / 40.0
"""Standard deviation of the fading edge, likewise. To a sharp edge the model of phantoms answers as to a
structure of the breast: ``docs/decisions/0011-map-quality.md`` has the figures."""
FADED = 0.02
"""A smaller share of filling cannot be seen, and is left out."""


def surroundings(image: FloatArray, known: NDArray[np.float64]) -> FloatArray:
    """Estimate each pixel from the known pixels around it.

    Parameters
    ----------
    image : ndarray of shape (rows, columns, channels), float32
    known : ndarray of shape (rows, columns), float64
        How well each pixel is known, 0 to 1; not 0 everywhere.

    Returns
    -------
    ndarray of shape (rows, columns, channels), float32
        (g ∗ (known · image)) / (g ∗ known): normalised convolution [1]_ with a Gaussian g. Between the
        smallest and the largest known value; far from all known pixels, the nearest decide.

    Notes
    -----
    Worked out on blocks, each of which counts by its known pixels, and enlarged bilinearly.
    """
    below = _smoothed(known, BLUR)
    channels = [
        _on_pixels(_smoothed(known * image[..., channel], BLUR) / below, known.shape)
        for channel in range(image.shape[2])
    ]
    return np.stack(channels, axis=-1)


def filled(image: FloatArray, hidden: BoolArray, tissue: BoolArray) -> FloatArray | None:
    """Fill a part of the breast in from the rest of it.

    Parameters
    ----------
    image : ndarray of shape (rows, columns, channels), float32
    hidden, tissue : ndarray of shape (rows, columns), bool
        Pixels to be filled in, at least one; and those that show breast.

    Returns
    -------
    ndarray of shape (rows, columns, channels), float32, or None
        The image with the hidden pixels wholly, and those beside them partly, replaced by their
        :func:`surroundings`, of which they are no part. Pixels that show no breast are the image's own.
        None if nothing of the breast is left to fill from.
    """
    opacity = _fading(hidden) * tissue
    known = tissue * (1.0 - opacity)
    return blended(image, surroundings(image, known), opacity) if known.any() else None


def blended(image: FloatArray, other: FloatArray, opacity: NDArray[np.floating] | BoolArray) -> FloatArray:
    """Lay one image over another.

    Parameters
    ----------
    image, other : ndarray of shape (rows, columns, channels), float32
    opacity : ndarray of shape (rows, columns)
        0: the image; 1: the other.
    """
    weight = opacity.astype(np.float32)[..., None]
    # Exact at both ends: nothing of what is hidden may be left, not even a rounding error.
    return (np.float32(1.0) - weight) * image + weight * other


def enlarged(values: FloatArray, shape: tuple[int, ...], step: tuple[float, float]) -> FloatArray:
    """Read a coarse grid at the pixel centres of an input, as :func:`mammo_core.geometry.resample` does.

    Parameters
    ----------
    values : ndarray of shape (h, w), float32
    shape : tuple of int
        Begins with the (rows, columns) of the input.
    step : tuple of float
        Rows and columns of the input that one cell of the grid covers.

    Returns
    -------
    ndarray of shape (rows, columns), float32

    Notes
    -----
    Without a matrix product. This is done hundreds of times, and on a busy machine each product waits for the
    threads of the algebra library: 50 ms at worst instead of 0.1.
    """
    low, high, share = _between(values.shape[0], shape[0], step[0])
    rows = values[low]
    rows += share[:, None] * (values[high] - rows)
    low, high, share = _between(values.shape[1], shape[1], step[1])
    pixels: FloatArray = np.take(rows, low, axis=1)
    pixels += share * (np.take(rows, high, axis=1) - pixels)
    return pixels


def _between(cells: int, pixels: int, step: float) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    """For each pixel's centre the two cells around it, and how far it is on the way to the second."""
    at = np.clip((np.arange(pixels) + 0.5) / step - 0.5, 0.0, cells - 1.0)
    low = at.astype(np.intp)
    return low, np.minimum(low + 1, cells - 1), (at - low).astype(np.float32)


def _fading(part: BoolArray) -> NDArray[np.float64]:
    """1 in the part, and beyond it less and less: a blur of the part, so strong that it is whole inside."""
    blurred = _on_pixels(_smoothed(part.astype(np.float64), EDGE), part.shape)
    opacity: NDArray[np.float64] = np.minimum(1.0, blurred / blurred[part].min())
    return np.where(opacity < FADED, 0.0, opacity)


def _smoothed(values: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Sums of blocks, blurred; not normalised. Every block reaches every other: its weight is never 0."""
    block = _block(values.shape)
    rows, columns = (-(-size // block) for size in values.shape)
    padded = np.zeros((rows * block, columns * block))
    padded[: values.shape[0], : values.shape[1]] = values
    sums = padded.reshape(rows, block, columns, block).sum(axis=(1, 3))
    sigma = width * max(values.shape) / block
    smooth: NDArray[np.float64] = _gaussian(rows, sigma) @ sums @ _gaussian(columns, sigma)
    return smooth


def _on_pixels(blocks: NDArray[np.float64], shape: tuple[int, ...]) -> FloatArray:
    block = float(_block(shape))
    return enlarged(blocks.astype(np.float32), shape, (block, block))


def _block(shape: tuple[int, ...]) -> int:
    """Pixels along each side of a block."""
    return -(-max(shape) // COARSE)


def _gaussian(size: int, sigma: float) -> NDArray[np.float64]:
    at = np.arange(size, dtype=np.float64)
    return np.asarray(np.exp(-0.5 * ((at[:, None] - at) / sigma) ** 2))
