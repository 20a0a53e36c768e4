"""Inverted films: white air, dark tissue."""

from dataclasses import replace

import numpy as np

from mammo_core.anatomy.reduce import reduced
from mammo_core.records import FULL_SCALE, ImageFormat, Mammogram, Notice

NEAR = 0.03
"""How near to the darkest or brightest value a pixel must be to count as air."""
MIN_AIR = 0.05
"""Share of the image that must be near-white before it is taken for air."""


def upright(mammogram: Mammogram) -> Mammogram:
    """Turn an inverted raster image so that air is dark.

    Air is the flattest part of a mammogram and lies at one end of its range: an image with more pixels near
    its brightest value than near its darkest is inverted. DICOM files say their polarity, and are left alone.

    Parameters
    ----------
    mammogram : Mammogram

    Returns
    -------
    Mammogram
        The same record, or an inverted one with the step and a notice ``inverted_corrected``.
    """
    if mammogram.image_format is ImageFormat.DICOM:
        return mammogram
    values, _ = reduced(mammogram.pixels)
    low, high = float(values.min()), float(values.max())
    if high == low:
        return mammogram
    level = (values - low) / (high - low)
    white, black = float((level > 1.0 - NEAR).mean()), float((level < NEAR).mean())
    if white < MIN_AIR or white <= black:
        return mammogram
    return replace(
        mammogram,
        pixels=np.subtract(FULL_SCALE, mammogram.pixels, dtype=np.uint16),
        steps=(*mammogram.steps, f"inverted: {white:.0%} of the image is near white, {black:.0%} near black"),
        notices=(
            *mammogram.notices,
            Notice("inverted_corrected", "The image has white air and dark tissue; it was inverted."),
        ),
    )
