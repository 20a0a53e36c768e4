"""DICOM files to allow-listed attributes, with pydicom.

Nothing but the attributes named in ``KEYWORDS`` is read, and what pydicom says about the others is dropped:
its messages quote values, and values identify patients.
"""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from math import nan
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from mammo_core.errors import PayloadTooLargeError, UnreadableImageError
from mammo_core.imaging.library import FAILURES, quiet
from mammo_core.imaging.limits import Limits

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

T = TypeVar("T")

META_KEYWORDS = ("MediaStorageSOPClassUID", "TransferSyntaxUID")
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
)
"""Attributes that are read; no other value of the data set leaves this module."""

PIXEL_DATA = 0x7FE00010
UNDEFINED_LENGTH = 0xFFFFFFFF
MAX_READS = 100_000
"""Elements and items cost one to three reads each; a header has hundreds. 500,000 empty items, 4 MB, cost
320 MB and 7 s."""
MAX_ELEMENT = 2**20
"""Bytes of one attribute; the largest, a table of 65,536 entries, has 128 KiB."""
HEADER_ALLOWANCE = 2**24
"""Bytes that a deflated file may have besides its pixels."""

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED_LITTLE = "1.2.840.10008.1.2.1.99"
UNCOMPRESSED = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED_LITTLE)


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where Pixel Data lies in the file: its value representation, first byte and declared length."""

    vr: str | None
    start: int
    length: int


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
        from pydicom.dataset import Dataset

        values = self._values(keyword)
        if not values or not isinstance(values[0], Dataset):
            return None
        return Attributes(values[0], little_endian=self._little_endian)

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


@dataclass(frozen=True, slots=True)
class Instance:
    """An opened DICOM file.

    Parameters
    ----------
    attributes, meta : Attributes
        Of the data set and of the file meta information.
    transfer_syntax : str
        UID; guessed from the first element if the file does not say it.
    pixels : PixelElement or None
    buffer : bytes
        In which ``pixels`` lies: the file, or the inflated data set.
    """

    attributes: Attributes
    meta: Attributes
    transfer_syntax: str
    pixels: PixelElement | None
    buffer: bytes = field(repr=False)

    @property
    def little_endian(self) -> bool:
        """Byte order of pixels and tables."""
        return self.transfer_syntax != EXPLICIT_BIG


class _Header(BytesIO):
    """A stream for parsing, which ends the work on a file of endless elements."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise OverflowError("too many elements")
        return super().read(size)


def open_instance(data: bytes, *, limits: Limits) -> Instance:
    """Read the header of a DICOM file; its pixels stay where they are.

    Raises
    ------
    PayloadTooLargeError
        If a deflated data set is larger than ``limits`` allow.
    UnreadableImageError
        If it is truncated or corrupt.
    """
    return read_with_pydicom(
        lambda: _open(data, limits),
        "The DICOM header cannot be read: it is truncated, corrupt or has too many elements.",
    )


def _open(data: bytes, limits: Limits) -> Instance:
    from pydicom.datadict import tag_for_keyword
    from pydicom.filereader import read_dataset, read_preamble
    from pydicom.tag import BaseTag

    stream = _Header(data)
    read_preamble(stream, force=True)
    meta_dataset = read_dataset(
        stream, is_implicit_VR=False, is_little_endian=True, stop_when=lambda tag, vr, length: tag >> 16 != 2
    )
    meta = Attributes(meta_dataset, little_endian=True)
    syntax = meta.text("TransferSyntaxUID") or _guess(data, stream.tell())
    if syntax == DEFLATED_LITTLE:
        data = _inflate(memoryview(data)[stream.tell() :], limits)
        stream = _Header(data)

    tags = {tag for tag in map(tag_for_keyword, KEYWORDS) if tag is not None}
    found: list[PixelElement] = []

    def stop(tag: BaseTag, vr: str | None, length: int) -> bool:
        if tag in tags and MAX_ELEMENT < length < UNDEFINED_LENGTH:
            raise OverflowError("attribute too long")
        if tag == PIXEL_DATA:
            found.append(PixelElement(vr, stream.tell(), length))
        return bool(tag == PIXEL_DATA)

    dataset = read_dataset(
        stream,
        is_implicit_VR=syntax == IMPLICIT_LITTLE,
        is_little_endian=syntax != EXPLICIT_BIG,
        stop_when=stop,
        specific_tags=[BaseTag(tag) for tag in tags],
    )
    attributes = Attributes(dataset, little_endian=syntax != EXPLICIT_BIG)
    return Instance(attributes, meta, syntax, found[-1] if found else None, data)


def _guess(data: bytes, start: int) -> str:
    """Transfer syntax of a data set that does not say it, from its first element (PS3.5 §7.1)."""
    head = data[start : start + 6]
    if not re.match(rb"....[A-Z]{2}", head, re.DOTALL):
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if head[0] == 0 else EXPLICIT_LITTLE


def _inflate(data: memoryview, limits: Limits) -> bytes:
    """Inflate a data set, up to what an image within the limits can have."""
    most = 2 * limits.max_pixels + HEADER_ALLOWANCE
    inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, most + 1)
    if len(inflated) > most:
        raise PayloadTooLargeError(
            f"The deflated data set is too large: at most {most:,} bytes are inflated."
        )
    return inflated


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
    raise UnreadableImageError(message) from cause


def samples(
    buffer: bytes, start: int, count: int, *, wide: bool, words: bool, little_endian: bool
) -> NDArray[np.unsignedinteger]:
    """View samples of 8 or 16 (``wide``) bits, (count,).

    Samples of 8 bits that are stored in words are swapped in pairs in big endian (PS3.5 §8.1.1).
    """
    if wide:
        return np.frombuffer(buffer, "<u2" if little_endian else ">u2", count, start)
    if words and not little_endian:
        pairs = np.frombuffer(buffer, np.uint8, count + count % 2, start).reshape(-1, 2)
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
