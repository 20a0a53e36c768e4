"""Maps that know nothing of lesions: what the model's map has to be better than."""

from enum import StrEnum

import numpy as np

from mammo_core.anatomy.reduce import reduced
from mammo_core.evaluation.localisation import Field, Localised, Target
from mammo_core.findings.regions import tissue_on_grid
from mammo_core.geometry import resample
from mammo_core.records import BoolArray, BreastMask, FloatArray, Mammogram, PixelSpacing

BLOB_MM = 5.0
"""Width (σ) of the blob. The best of 2, 3, 4, 5 and 7 mm on mini-MIAS: a baseline is to be hard to beat."""
BLOB_SHARE = 0.025
"""Its width as a share of the image's longer side, where no spacing is known: about 5 mm of a whole view."""
SURROUNDINGS = 3.0
"""Width of the surroundings whose brightness is subtracted, in blobs. Without it the pectoral muscle wins on
most MLO views, and the baseline is easy to beat."""


class Finder(StrEnum):
    """Who points at the lesion."""

    MODEL = "model"
    BRIGHTEST_BLOB = "brightest_blob"
    BREAST_CENTRE = "breast_centre"
    UNIFORM = "uniform"


def baselines(
    target: Target,
    field: Field,
    mammogram: Mammogram,
    breast: BreastMask | None,
    spacing: PixelSpacing | None,
) -> dict[Finder, Localised]:
    """Measure the baselines on the image and the grid on which the model's map is measured."""
    return {
        Finder.BRIGHTEST_BLOB: target.measure(brightest_blob(field, mammogram, breast, spacing)),
        Finder.BREAST_CENTRE: target.measure(breast_centre(field)),
        Finder.UNIFORM: target.by_chance(),
    }


def breast_centre(field: Field) -> FloatArray:
    """A cone over the breast's centre of area: 1 there, falling evenly to 0 at the farthest tissue.

    Returns
    -------
    ndarray of shape field.grid.shape, float32
    """
    rows, columns = field.points()
    distance = np.hypot(rows - rows.mean(), columns - columns.mean())
    heat = np.zeros(field.grid.shape, dtype=np.float32)
    heat[field.tissue] = 1.0 - distance / max(float(distance.max()), 1e-12)
    return heat


def brightest_blob(
    field: Field, mammogram: Mammogram, breast: BreastMask | None, spacing: PixelSpacing | None
) -> FloatArray:
    """How much brighter the smoothed image is than its surroundings, where it is brighter.

    Parameters
    ----------
    field : Field
    mammogram : Mammogram
    breast : BreastMask or None
        Only its pixels are averaged, so that the dark air does not dim the skin line; None: all pixels.
    spacing : PixelSpacing or None

    Returns
    -------
    ndarray of shape field.grid.shape, float32
        Of full scale, ≥ 0.
    """
    values, small = reduced(mammogram.pixels)
    inside = tissue_on_grid(breast, small)
    pixel = 1.0 / small.row.scale
    width = BLOB_SHARE * max(small.shape) if spacing is None else BLOB_MM / (spacing.row_mm * pixel)
    contrast = _mean(values, inside, width) - _mean(values, inside, SURROUNDINGS * width)
    return resample(np.maximum(contrast, 0.0), small, field.grid)


def _mean(values: FloatArray, inside: BoolArray, width: float) -> FloatArray:
    """Average with a Gaussian of ``width`` pixels, over the pixels that are inside."""
    from scipy import ndimage

    weight: FloatArray = ndimage.gaussian_filter(inside.astype(np.float32), width)
    summed: FloatArray = ndimage.gaussian_filter(np.where(inside, values, np.float32(0.0)), width)
    return np.divide(summed, np.maximum(weight, 1e-3), dtype=np.float32)
