"""One grey 16-bit image from whatever channels, depth and polarity a raster file has."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from mammo_core.errors import UnsuitableImageError
from mammo_core.imaging.lookup import full_scale, gather
from mammo_core.records import FULL_SCALE, ImageFormat, Notice, Pixels

SPREAD_LIMIT, SPREAD_SHARE, SPREAD_MEAN = 12, 0.999, 3.0
"""A pixel's spread is max − min of its channels, of 255. Grey: 99.9 % at most 12, and below 3 on average.

Measured on nine mammograms: stored as grey in colour JPEG (quality 10 to 95) or WebP, the spread is at most
1; with channels that differ by ±2, as from a scanner, 3 and 2.5 on average. A sepia tint has 77 and 8, so
it is colour. A thin coloured mark on a grey view is within the limit, a filled one is not.
"""
DEPTHS = (8, 10, 12, 14)
"""Bits that detectors have, of the 16 that files have."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A loaded Pillow image, with what its header said.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded and upright.
    image_format : ImageFormat
    bits : int
        Bits per sample where the header tells them (TIFF), else 16.
    white_is_zero : bool
        The TIFF tag PhotometricInterpretation is 0.
    reduced_to_bytes : bool
        16-bit channels were read as bytes.
    transparent_value : object
        The grey value that a PNG declares to be transparent, or None.
    """

    image: Image.Image
    image_format: ImageFormat
    bits: int
    white_is_zero: bool
    reduced_to_bytes: bool
    transparent_value: object


@dataclass(frozen=True, slots=True, eq=False)
class Grey:
    """Display values (rows, columns), uint16, and how they came about."""

    pixels: Pixels
    steps: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def to_grey(opened: Opened, *, accept_unsuitable: bool) -> Grey:
    """Turn a loaded image into display values.

    Raises
    ------
    UnsuitableImageError
        Colour (unless ``accept_unsuitable``), print colours, transparency, or values without a known range.
    """
    mode = opened.image.mode
    if mode in ("L", "LA", "RGB", "RGBA"):
        return _from_bytes(opened, accept_unsuitable=accept_unsuitable)
    if mode == "F":
        return _from_floats(opened)
    if mode.startswith("I"):
        return _from_integers(opened)
    kind = "print colours (CMYK)" if mode == "CMYK" else "channels of a kind that is not read"
    raise UnsuitableImageError(f"A grey image is expected; this {opened.image_format} file has {kind}.")


def _from_bytes(opened: Opened, *, accept_unsuitable: bool) -> Grey:
    """8 bits per channel; Pillow has inverted WhiteIsZero here."""
    image = opened.image
    steps: tuple[str, ...] = ("16-bit channels read as 8-bit",) if opened.reduced_to_bytes else ()
    notices: tuple[Notice, ...] = ()
    if image.mode in ("LA", "RGBA"):
        _check_opaque(image.getchannel("A").getextrema()[0] == 255, opened.image_format)
        image = image.convert("L" if image.mode == "LA" else "RGB")
    if image.mode == "RGB":
        notices = _check_colour(image, opened.image_format, accept_unsuitable=accept_unsuitable)
        # Luma of equal channels is their value, exactly.
        image = image.convert("L")
        steps = (*steps, "three channels to one: ITU-R 601 luma")
    pixels = gather(full_scale(8), np.asarray(image))
    return Grey(pixels, (*steps, "8-bit values × 257"), notices)


def _check_opaque(opaque: bool, image_format: ImageFormat) -> None:
    if not opaque:
        raise UnsuitableImageError(
            f"An opaque image is expected; this {image_format} file has transparent pixels."
        )


def _check_colour(
    image: Image.Image, image_format: ImageFormat, *, accept_unsuitable: bool
) -> tuple[Notice, ...]:
    red, green, blue = image.split()
    brightest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    darkest = ImageChops.darker(ImageChops.darker(red, green), blue)
    counts = np.array(ImageChops.subtract(brightest, darkest).histogram(), dtype=np.int64)
    within = counts[: SPREAD_LIMIT + 1].sum() / counts.sum()
    mean = (counts * np.arange(256)).sum() / counts.sum()
    if within >= SPREAD_SHARE and mean < SPREAD_MEAN:
        return ()
    if not accept_unsuitable:
        raise UnsuitableImageError(
            f"A grey image is expected; this {image_format} file is in colour: {1 - within:.1%} of its "
            f"pixels have channels that differ by more than {SPREAD_LIMIT} of 255."
        )
    return (Notice("colour_converted", "The image is in colour; its ITU-R 601 luma was analysed."),)


def _from_integers(opened: Opened) -> Grey:
    """16 or 32 bits in one channel; Pillow leaves WhiteIsZero as it is here."""
    values: NDArray[np.integer] = np.asarray(opened.image)
    if opened.transparent_value is not None:
        _check_opaque(not (values == opened.transparent_value).any(), opened.image_format)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > FULL_SCALE:
        raise UnsuitableImageError(
            f"Grey values from 0 to {FULL_SCALE} are expected; this {opened.image_format} file has values "
            f"from {low} to {high}."
        )
    grey = _spread(values.astype(np.uint16), high, opened.bits)
    return _inverted(grey) if opened.white_is_zero else grey


def _spread(values: Pixels, high: int, declared: int) -> Grey:
    """Bring values of fewer than 16 bits to full scale."""
    if declared < 16:
        step = f"{declared}-bit values to full scale: BitsPerSample"
        return Grey(gather(full_scale(declared), values), (step,))
    bits = next((depth for depth in DEPTHS if high < 2**depth), 16)
    if bits == 16 or high == 0:
        return Grey(values, ("16-bit values as they are",))
    notice = Notice(
        "bit_depth_inferred",
        f"The file has 16 bits per pixel but no value above {high}; its values were read as {bits}-bit.",
    )
    step = f"{bits}-bit values to full scale: the largest value is {high}"
    return Grey(gather(full_scale(bits), values), (step,), (notice,))


def _from_floats(opened: Opened) -> Grey:
    values = np.asarray(opened.image)
    # Written so that NaN, which compares false, is refused.
    if not (values.min() >= 0.0 and values.max() <= 1.0):
        raise UnsuitableImageError(
            f"Floating-point values from 0 to 1 are expected; this {opened.image_format} file has others."
        )
    pixels = np.rint(values * np.float32(FULL_SCALE)).astype(np.uint16)
    grey = Grey(pixels, ("floating-point values 0 to 1 to full scale",))
    return _inverted(grey) if opened.white_is_zero else grey


def _inverted(grey: Grey) -> Grey:
    pixels = np.subtract(FULL_SCALE, grey.pixels, dtype=np.uint16)
    return Grey(pixels, (*grey.steps, "inverted: WhiteIsZero"), grey.notices)
