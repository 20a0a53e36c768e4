"""Whether the pixels keep to Bits Stored and High Bit.

Some files declare fewer bits than they use: reading only the declared ones would wrap bright tissue to black.
Others put the stored bits higher than they are: reading them there would leave a dark image of few greys.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mammo_core.imaging.dicom_attributes import Attributes, label
from mammo_core.imaging.dicom_pixels import Codes, StoredPixels
from mammo_core.imaging.lookup import by_chunks
from mammo_core.imaging.voi import PixelFormat, is_padding
from mammo_core.records import Notice


def bits_in_use(stored: StoredPixels, attributes: Attributes) -> tuple[PixelFormat, tuple[Notice, ...]]:
    """Widen the pixel format to the bits that the pixels use.

    Parameters
    ----------
    stored : StoredPixels
    attributes : Attributes
        Padding may lie outside of the stored bits, and so may an overlay.

    Returns
    -------
    PixelFormat
        That of ``stored``, unless pixels do not fit into it.
    tuple of Notice
        ``bits_stored_exceeded`` if they do not; ``high_bit_wrong`` if High Bit was not followed.
    """
    declared, notices = _without_wrong_high_bit(stored, attributes)
    if _all_fit(stored.codes, declared) or attributes.overlay_in_pixels():
        return declared, notices
    present = _present(stored.codes, declared.allocated)
    padding = is_padding(attributes, declared)
    if padding is not None:
        present &= ~padding
    beyond = np.flatnonzero(present & ~_fitting(declared))
    if not beyond.size:
        return declared, notices
    bits = declared.allocated if declared.signed else int(beyond[-1]).bit_length()
    notice = Notice(
        "bits_stored_exceeded",
        f"{label('BitsStored')} is {declared.stored}, but the pixels use {bits - declared.shift} bits; all "
        "were read.",
    )
    return replace(declared, stored=bits - declared.shift), (*notices, notice)


def _without_wrong_high_bit(
    stored: StoredPixels, attributes: Attributes
) -> tuple[PixelFormat, tuple[Notice, ...]]:
    """The format without a shift that High Bit claims, if no pixel has a bit up there."""
    declared = stored.pixel_format
    high = (attributes.integers("HighBit") or (declared.stored - 1,))[0]
    impossible = not declared.stored - 1 <= high < declared.allocated
    if not impossible and (not declared.shift or declared.signed or stored.codes.max() >= 2**declared.stored):
        return declared, ()
    notice = Notice(
        "high_bit_wrong",
        f"{label('HighBit')} is {high}, which does not go with {label('BitsStored')} {declared.stored} or "
        "with the pixels; it was not followed.",
    )
    return replace(declared, shift=0), (notice,)


def _all_fit(codes: Codes, declared: PixelFormat) -> bool:
    """The quick answer for nearly all files, by the extremes."""
    bits = declared.stored + declared.shift
    if bits == declared.allocated:
        return True
    flat = codes.reshape(-1)
    if not declared.signed:
        return all(by_chunks(lambda part: flat[part].max() < 2**bits, flat.size))
    numbers = flat.view(flat.dtype.str.replace("u", "i"))
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return all(by_chunks(lambda part: numbers[part].min() >= low and numbers[part].max() <= high, flat.size))


def _fitting(declared: PixelFormat) -> NDArray[np.bool_]:
    """Which patterns of a pixel have nothing above the stored bits but their sign, (2**allocated,)."""
    bits = declared.stored + declared.shift
    above = np.arange(2**declared.allocated) >> bits
    fitting: NDArray[np.bool_] = above == 0
    if declared.signed:
        negative = (np.arange(2**declared.allocated) >> (bits - 1)) & 1 == 1
        fitting |= negative & (above == 2 ** (declared.allocated - bits) - 1)
    return fitting


def _present(codes: Codes, allocated: int) -> NDArray[np.bool_]:
    """Which patterns occur, (2**allocated,)."""
    present = np.zeros(2**allocated, dtype=np.bool_)
    flat = codes.reshape(-1)

    def mark(part: slice) -> None:
        present[flat[part]] = True

    by_chunks(mark, flat.size)
    return present
