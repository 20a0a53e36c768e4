"""Stored DICOM values to display values: modality, value of interest, polarity and padding in one table.

References
----------
DICOM PS3.3 C.11.1 (Modality LUT), C.11.2 (VOI LUT), C.7.6.3.1.2 (Photometric Interpretation), C.11.6
(Softcopy Presentation LUT), C.7.5.1.1.2 (Pixel Padding Value).
"""

from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.dicom_attributes import Attributes, label
from mammo_core.imaging.lookup import to_display
from mammo_core.imaging.window import WINDOWS, is_width
from mammo_core.records import Notice, Pixels

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How one pixel is stored.

    Parameters
    ----------
    allocated, stored : int
        Bits Allocated (8 or 16) and Bits Stored.
    shift : int
        Bits below the stored ones; 0 unless High Bit is unusual.
    signed : bool
        Two's complement.
    """

    allocated: int
    stored: int
    shift: int
    signed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """Values that the possible stored values have become, and their nominal range.

    Parameters
    ----------
    values : ndarray of shape (2**stored,), float64
        In the order of the bit patterns.
    low, high : float
        Nominal range of ``values``.
    """

    values: Values
    low: float
    high: float
    steps: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DisplayTable:
    """Display value of every bit pattern of a pixel, (2**allocated,), uint16, and how it was made."""

    values: Pixels
    steps: tuple[str, ...]
    notices: tuple[Notice, ...]


def read_pixel_format(attributes: Attributes) -> PixelFormat:
    """Read how pixels are stored.

    Raises
    ------
    UnreadableImageError
        If an attribute is missing or they contradict each other. A High Bit that cannot be is left out;
        ``bits.bits_in_use`` tells it.
    """
    allocated = attributes.integer("BitsAllocated")
    if allocated not in (8, 16):
        raise UnreadableImageError(f"{label('BitsAllocated')}: 8 or 16 is expected, received {allocated}.")
    stored = attributes.integer("BitsStored")
    if not 1 <= stored <= allocated:
        raise UnreadableImageError(f"{label('BitsStored')}: 1 to {allocated} is expected, received {stored}.")
    high = (attributes.integers("HighBit") or (stored - 1,))[0]
    if not stored - 1 <= high < allocated:
        high = stored - 1
    representation = attributes.integer("PixelRepresentation")
    if representation not in (0, 1):
        raise UnreadableImageError(
            f"{label('PixelRepresentation')}: 0 or 1 is expected, received {representation}."
        )
    return PixelFormat(allocated, stored, shift=high + 1 - stored, signed=representation == 1)


def display_table(attributes: Attributes, pixel_format: PixelFormat) -> DisplayTable:
    """Compose every grey-scale step of the standard into one look-up table.

    Parameters
    ----------
    attributes : Attributes
    pixel_format : PixelFormat

    Returns
    -------
    DisplayTable
        Indexed by the bits of a pixel as they are in the file, so bits that are not stored are ignored.

    Raises
    ------
    UnreadableImageError
        If a rescale or a look-up table is invalid. An invalid window is left out, with a notice.
    """
    stage = _value_of_interest(_modality(_stored(pixel_format), attributes), attributes)
    stage = _polarity(stage, attributes)
    unused = pixel_format.allocated - pixel_format.stored - pixel_format.shift
    table = np.tile(np.repeat(to_display(stage.values), 2**pixel_format.shift), 2**unused)
    padding = is_padding(attributes, pixel_format)
    if padding is not None:
        table[padding] = 0
        stage = replace(stage, steps=(*stage.steps, "padding set to black: PixelPaddingValue"))
    return DisplayTable(table, stage.steps, stage.notices)


def _stored(pixel_format: PixelFormat) -> Stage:
    values = _numbers(pixel_format.stored, signed=pixel_format.signed)
    kind = "signed" if pixel_format.signed else "unsigned"
    step = f"stored values: {pixel_format.stored} of {pixel_format.allocated} bits, {kind}"
    return Stage(values.astype(np.float64), float(values.min()), float(values.max()), (step,))


def _numbers(bits: int, *, signed: bool) -> NDArray[np.int64]:
    """The number that each pattern of ``bits`` bits stands for, (2**bits,)."""
    patterns: NDArray[np.int64] = np.arange(2**bits, dtype=np.int64)
    if signed:
        patterns[2 ** (bits - 1) :] -= 2**bits
    return patterns


def _modality(stage: Stage, attributes: Attributes) -> Stage:
    item = attributes.first_item("ModalityLUTSequence")
    if item is not None:
        values, bits = _look_up(item, stage)
        step = f"look-up table of {bits} bits from ModalityLUTSequence"
        return Stage(values, 0.0, 2.0**bits - 1.0, (*stage.steps, step), stage.notices)
    slopes, intercepts = attributes.numbers("RescaleSlope"), attributes.numbers("RescaleIntercept")
    if not slopes or not intercepts:
        return stage
    slope, intercept = slopes[0], intercepts[0]
    with np.errstate(over="ignore", invalid="ignore"):
        values = stage.values * slope + intercept
        low, high = float(values.min()), float(values.max())
    if not isfinite(high - low) or low == high:
        raise UnreadableImageError(
            f"{label('RescaleSlope')} and {label('RescaleIntercept')}: finite numbers and a slope other "
            "than 0 are expected, others were received."
        )
    if (slope, intercept) == (1.0, 0.0):
        return stage
    step = f"rescaled: × {slope:.10g} + {intercept:.10g} from RescaleSlope/RescaleIntercept"
    return Stage(values, low, high, (*stage.steps, step), stage.notices)


def _value_of_interest(stage: Stage, attributes: Attributes) -> Stage:
    """To 0.0 … 1.0: a table goes before a window, the first of several before the others."""
    item = attributes.first_item("VOILUTSequence")
    if item is not None:
        values, bits = _look_up(item, stage)
        step = f"look-up table of {bits} bits from VOILUTSequence"
        return replace(stage, values=values / (2.0**bits - 1.0), steps=(*stage.steps, step))
    centres, widths = attributes.numbers("WindowCenter"), attributes.numbers("WindowWidth")
    function = attributes.text("VOILUTFunction") or "LINEAR"
    if not centres and not widths:
        return _nominal(stage)
    if not centres or not widths or not isfinite(centres[0]) or not is_width(widths[0], function):
        notice = Notice(
            "window_unusable",
            "WindowCenter, WindowWidth or VOILUTFunction is invalid; the full range is shown instead.",
        )
        return replace(_nominal(stage), notices=(*stage.notices, notice))
    values = WINDOWS[function](stage.values, centres[0], widths[0])
    step = f"window {centres[0]:.10g}/{widths[0]:.10g} ({function}) from WindowCenter/WindowWidth"
    if len(centres) > 1:
        step += f", the first of {len(centres)}"
    return replace(stage, values=values, steps=(*stage.steps, step))


def _nominal(stage: Stage) -> Stage:
    values = (stage.values - stage.low) / (stage.high - stage.low)
    step = f"full range {stage.low:.10g} to {stage.high:.10g}: no window and no look-up table"
    return replace(stage, values=values, steps=(*stage.steps, step))


def _look_up(item: Attributes, stage: Stage) -> tuple[Values, int]:
    """Apply a LUT item; its output and how many bits that has.

    pydicom's ``apply_voi`` is not used: it overflows where a table of 8 bits has more than 256 entries.
    """
    descriptor = item.integers("LUTDescriptor")
    if len(descriptor) != 3 or not 8 <= descriptor[2] <= 16:
        raise UnreadableImageError(
            f"{label('LUTDescriptor')}: three numbers, the third from 8 to 16, are expected, "
            "others were received."
        )
    # Zero stands for 65,536; a descriptor written with signed numbers has negative counts from 32,768.
    entries = descriptor[0] % 2**16 or 2**16
    first = descriptor[1]
    if stage.low < 0 and first >= 2**15:
        first -= 2**16
    elif first < 0 and first + entries <= stage.low:
        first += 2**16
    table = item.table(entries)
    index = np.clip(np.rint(stage.values - first), 0, entries - 1).astype(np.intp)
    # Some files declare fewer bits than their entries have.
    bits = max(descriptor[2], int(table.max()).bit_length())
    return table[index].astype(np.float64), bits


def _polarity(stage: Stage, attributes: Attributes) -> Stage:
    """Invert once, whether one attribute asks for it or both: MONOCHROME1 goes with INVERSE."""
    reasons = []
    if attributes.text("PhotometricInterpretation") == "MONOCHROME1":
        reasons.append("MONOCHROME1")
    if attributes.text("PresentationLUTShape") == "INVERSE":
        reasons.append("PresentationLUTShape INVERSE")
    if not reasons:
        return stage
    return replace(
        stage, values=1.0 - stage.values, steps=(*stage.steps, f"inverted: {' and '.join(reasons)}")
    )


def is_padding(attributes: Attributes, pixel_format: PixelFormat) -> NDArray[np.bool_] | None:
    """Which bit patterns of a pixel are padding, (2**allocated,); None if nothing is said about it."""
    value = attributes.integers("PixelPaddingValue")
    if not value:
        return None
    bits, signed = pixel_format.allocated, pixel_format.signed
    # The limits may be written unsigned where pixels are signed: compare what their bits stand for.
    ends = [value[0], *attributes.integers("PixelPaddingRangeLimit")[:1]]
    allocated = _numbers(bits, signed=signed)
    low, high = (pick(allocated[end % 2**bits] for end in ends) for pick in (min, max))
    stored = _numbers(pixel_format.stored, signed=signed)
    patterns = np.arange(2**bits) >> pixel_format.shift
    number = stored[patterns & (2**pixel_format.stored - 1)]
    # A value outside the range of the stored bits is found in the bits from the lowest stored one on.
    whole = allocated >> pixel_format.shift
    padding: NDArray[np.bool_] = ((number >= low) & (number <= high)) | ((whole >= low) & (whole <= high))
    return padding
