"""The attributes of a DICOM data set that are looked at, as plain text and numbers.

pydicom's messages quote values, and values identify patients: they are dropped here.
"""

from collections.abc import Callable, Sequence
from math import nan
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.library import FAILURES, quiet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

T = TypeVar("T")

META_KEYWORDS = ("MediaStorageSOPClassUID", "TransferSyntaxUID")
"""What is read of the file meta information."""
KEYWORDS = (
    "SOPClassUID",
    "Modality",
    "PresentationIntentType",
    "NumberOfFrames",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "VOILUTSequence",
    "VOILUTFunction",
    "WindowCenter",
    "WindowWidth",
    "PresentationLUTShape",
    "ImagerPixelSpacing",
    "EstimatedRadiographicMagnificationFactor",
    "PixelSpacing",
    "PixelSpacingCalibrationType",
    "ImageLaterality",
    "Laterality",
    "ViewCodeSequence",
    "ViewPosition",
    "AnatomicRegionSequence",
    "BreastImplantPresent",
    "PartialView",
    "BurnedInAnnotation",
    "LossyImageCompression",
)
"""Attributes that are read; no other value of the data set leaves this room."""
OVERLAY_BIT_POSITIONS = tuple(range(0x60000102, 0x60200102, 0x20000))
"""Overlay Bit Position (60xx,0102) of the sixteen overlays, which have no keyword of their own."""


class Attributes:
    """Read-only view of allow-listed attributes; its repr shows none of them."""

    __slots__ = ("_dataset", "_little_endian")

    def __init__(self, dataset: "Dataset", *, little_endian: bool) -> None:
        self._dataset = dataset
        self._little_endian = little_endian

    def text(self, keyword: str) -> str:
        """First value of a text attribute; empty if there is none."""
        values = self._values(keyword)
        return values[0].strip(" \0") if values and isinstance(values[0], str) else ""

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Values of a numeric attribute; NaN for what is no number, so that each reader decides."""
        try:
            return tuple(_number(value) for value in self._values(keyword))
        except UnreadableImageError:
            return (nan,)

    def integers(self, keyword: str) -> tuple[int, ...]:
        """Values of an integer attribute.

        Raises
        ------
        UnreadableImageError
            If one is no integer.
        """
        values = self.numbers(keyword)
        if not all(value.is_integer() for value in values):
            raise UnreadableImageError(
                f"{label(keyword)}: an integer is expected, another value was received."
            )
        return tuple(int(value) for value in values)

    def integer(self, keyword: str) -> int:
        """Value of an integer attribute that must be there.

        Raises
        ------
        UnreadableImageError
            If it is missing or no integer.
        """
        values = self.integers(keyword)
        if not values:
            raise UnreadableImageError(f"{label(keyword)}: an integer is expected, no value was received.")
        return values[0]

    def first_item(self, keyword: str) -> "Attributes | None":
        """First item of a sequence; None if there is none."""
        items = self.items(keyword)
        return items[0] if items else None

    def items(self, keyword: str) -> tuple["Attributes", ...]:
        """Items of a sequence."""
        from pydicom.dataset import Dataset

        return tuple(
            Attributes(item, little_endian=self._little_endian)
            for item in self._values(keyword)
            if isinstance(item, Dataset)
        )

    def overlay_in_pixels(self) -> bool:
        """Whether an overlay lies in bits of the pixels that are not stored (retired in PS3.5)."""
        positions = read_with_pydicom(
            lambda: [self._dataset[tag].value for tag in OVERLAY_BIT_POSITIONS if tag in self._dataset],
            "An overlay cannot be read.",
        )
        return any(_number(position) > 0 for position in positions)

    def code(self) -> tuple[str, str]:
        """Of an item of a code sequence: coding scheme designator and code value."""
        return self.text("CodingSchemeDesignator"), self.text("CodeValue")

    def table(self, entries: int) -> NDArray[np.unsignedinteger]:
        """LUT Data (0028,3006), (entries,), 8 or 16 bits.

        Raises
        ------
        UnreadableImageError
            If it has another number of entries.
        """
        values = self._values("LUTData")
        if len(values) == 1 and isinstance(values[0], bytes):
            data = values[0]
            # Entries of 8 bits may be packed, two in a word (PS3.3 C.11.1.1.2).
            wide = len(data) >= 2 * entries
            if len(data) >= (2 if wide else 1) * entries:
                return samples(data, 0, entries, wide=wide, words=True, little_endian=self._little_endian)
        elif len(values) == entries:
            return np.array([value & 0xFFFF for value in self.integers("LUTData")], dtype=np.uint16)
        raise UnreadableImageError(
            f"{label('LUTData')}: {entries} entries are expected, others were received."
        )

    def _values(self, keyword: str) -> Sequence[object]:
        value = read_with_pydicom(lambda: self._dataset.get(keyword), f"{label(keyword)} cannot be read.")
        if value is None or value == "":
            return ()
        return value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else (value,)


def read_with_pydicom(action: Callable[[], T], message: str) -> T:
    """Call pydicom; whatever it raises becomes an ``UnreadableImageError`` with ``message``.

    The cause names the type of the original and has its traceback, but not its text.
    """
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        with quiet():
            return action()
    except (BytesLengthException, InvalidDicomError, *FAILURES) as exc:
        cause = RuntimeError(f"pydicom raised {type(exc).__name__}").with_traceback(exc.__traceback__)
    # Outside of the handler, or the original would hang on to the new error as its context.
    try:
        raise UnreadableImageError(message) from cause
    finally:
        # Its traceback refers to this frame: together they would keep the file in memory for a while.
        del cause


def samples(
    buffer: bytes, start: int, count: int, *, wide: bool, words: bool, little_endian: bool
) -> NDArray[np.unsignedinteger]:
    """View samples of 8 or 16 (``wide``) bits, (count,).

    Samples of 8 bits that are stored in words are swapped in pairs in big endian (PS3.5 §8.1.1).

    Raises
    ------
    UnreadableImageError
        If such a pair is cut off: its first byte is the second sample.
    """
    if wide:
        return np.frombuffer(buffer, "<u2" if little_endian else ">u2", count, start)
    if words and not little_endian:
        whole = count + count % 2
        if len(buffer) - start < whole:
            raise UnreadableImageError(
                f"Samples of 8 bits in words: {whole:,} bytes are expected, received {len(buffer) - start:,}."
            )
        pairs = np.frombuffer(buffer, np.uint8, whole, start).reshape(-1, 2)
        return pairs[:, ::-1].reshape(-1)[:count]
    return np.frombuffer(buffer, np.uint8, count, start)


def label(keyword: str) -> str:
    """Name an attribute in a message: ``Rows (0028,0010)``."""
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword) or 0
    return f"{keyword} ({tag >> 16:04X},{tag & 0xFFFF:04X})"


def registered_name(uid: str) -> str | None:
    """Name of a UID in the standard's registry (PS3.6 Annex A); None if it is not in it."""
    from pydicom.uid import UID

    with quiet():
        name = UID(uid).name
    return None if name == uid else name


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]  # whatever it is, it is tried
    except (TypeError, ValueError, OverflowError):
        return nan
