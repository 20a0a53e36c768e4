"""Inverted films: white air, dark tissue."""

from dataclasses import replace

import numpy as np

from mammo_core.anatomy.breast import breast_on
from mammo_core.anatomy.gate import doubts
from mammo_core.anatomy.reduce import reduced
from mammo_core.geometry import PixelTransform
from mammo_core.records import FULL_SCALE, FloatArray, ImageFormat, Mammogram, Notice

NEAR = 0.03
"""How near to the darkest or brightest value a pixel must be to count as air."""
MIN_AIR = 0.05
"""Share of the image that must be near one end of the range before it is taken for air."""


def upright(mammogram: Mammogram) -> Mammogram:
    """Turn an inverted raster image so that air is dark.

    Air is the flattest part of a mammogram and lies at one end of its range: an image with more pixels near
    its brightest value than near its darkest is inverted, unless it looks less like a mammogram then. Where
    neither end holds air, as on some films, the polarity in which it passes the gate counts. DICOM files say
    their polarity, and are left alone.

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
    values, transform = reduced(mammogram.pixels)
    low, high = float(values.min()), float(values.max())
    if high == low:
        return mammogram
    level = (values - low) / (high - low)
    white, black = float((level > 1.0 - NEAR).mean()), float((level < NEAR).mean())
    step = f"inverted: {white:.0%} of the image is near white, {black:.0%} near black"
    if max(white, black) >= MIN_AIR and white <= black:
        return mammogram
    as_it_is, inverted = (_doubts(v, transform) for v in (values, np.float32(1.0) - values))
    if max(white, black) < MIN_AIR:
        # The air of a film may lie anywhere near an end of the range: only the gate can tell.
        if not as_it_is or inverted:
            return mammogram
        step = "inverted: it looks like a mammogram only with dark and bright exchanged"
    elif as_it_is < inverted:
        return mammogram
    return replace(
        mammogram,
        pixels=np.subtract(FULL_SCALE, mammogram.pixels, dtype=np.uint16),
        steps=(*mammogram.steps, step),
        notices=(
            *mammogram.notices,
            Notice("inverted_corrected", "The image has white air and dark tissue; it was inverted."),
        ),
    )


def _doubts(values: FloatArray, transform: PixelTransform) -> int:
    """How many things the gate has against an image."""
    return len(doubts(values, breast_on(values, transform)))
