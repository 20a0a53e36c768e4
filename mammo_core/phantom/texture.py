"""Random textures, each from its own stream of a seed."""

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float64]


def stream(seed: int, *parts: int) -> np.random.Generator:
    """Open the random stream of one part of a phantom.

    Each part has its own, so that adding a lesion does not change the tissue around it.
    """
    return np.random.default_rng([seed, *parts])


def power_law(rng: np.random.Generator, shape: tuple[int, int], *, beta: float, longest: float) -> Field:
    """White noise filtered to a power spectrum f^−β, mean 0 and standard deviation 1.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
        (rows, columns); the texture repeats beyond its edges.
    beta : float
        Exponent; mammograms have 1.5 to 3.5 (Burgess 1999, doi:10.1364/JOSAA.16.000633 gives about 3).
    longest : float
        Wavelength in pixels above which the spectrum is flat.

    Returns
    -------
    ndarray of shape ``shape``, float64
    """
    from scipy import fft

    rows, columns = fft.fftfreq(shape[0])[:, None], fft.rfftfreq(shape[1])[None, :]
    squared = rows**2 + columns**2 + longest**-2.0
    spectrum = fft.rfft2(rng.standard_normal(shape)) * squared ** (-beta / 4.0)
    spectrum[0, 0] = 0.0
    texture: Field = fft.irfft2(spectrum, s=shape)
    texture /= texture.std()
    return texture


def strands(
    rng: np.random.Generator, rows: Field, columns: Field, *, centre: tuple[float, float], width: float
) -> Field:
    """Thin bright lines that run towards a point, as ducts and ligaments run towards the nipple.

    Parameters
    ----------
    rng : Generator
    rows, columns : ndarray
        Coordinates that broadcast to the result's shape.
    centre : tuple of float
        (row, column) of the point.
    width : float
        Share of the texture's standard deviation that a line takes up; smaller is thinner.

    Returns
    -------
    ndarray, float64
        0 to 1.
    """
    from scipy import ndimage

    table = power_law(rng, (192, 192), beta=2.4, longest=48.0)
    down, across = rows - centre[0], columns - centre[1]
    angle = np.arctan2(down, across) / (2.0 * np.pi) * 192.0 * 1.5
    distance = np.hypot(down, across) * 0.25
    # Along a line the texture changes four times more slowly than across it.
    wave = ndimage.map_coordinates(table, np.broadcast_arrays(angle, distance), order=1, mode="grid-wrap")
    lines: Field = np.clip(1.0 - np.abs(wave) / width, 0.0, 1.0)
    return lines
