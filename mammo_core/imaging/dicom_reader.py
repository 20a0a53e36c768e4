"""DICOM files to attributes and the place of their pixels, with pydicom.

Nothing but the attributes named in ``dicom_attributes.KEYWORDS`` is read.
"""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

from mammo_core.errors import PayloadTooLargeError
from mammo_core.imaging.dicom_attributes import (
    KEYWORDS,
    META_KEYWORDS,
    OVERLAY_BIT_POSITIONS,
    Attributes,
    read_with_pydicom,
)
from mammo_core.imaging.limits import Limits
from mammo_core.imaging.transfer_syntax import (
    DEFLATED_LITTLE,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    IMPLICIT_LITTLE,
)

if TYPE_CHECKING:
    from pydicom.tag import BaseTag

PIXEL_DATA = 0x7FE00010
UNDEFINED_LENGTH = 0xFFFFFFFF
MAX_READS = 100_000
"""Elements and items cost one to three reads each; a header has hundreds. 500,000 empty items, 4 MB, cost
320 MB and 7 s."""
MAX_ELEMENT = 2**20
"""Bytes of one attribute; the largest, a table of 65,536 entries, has 128 KiB."""
HEADER_ALLOWANCE = 2**24
"""Bytes that a deflated file may have besides its pixels."""


@dataclass(frozen=True, slots=True)
class PixelElement:
    """Where Pixel Data lies in the file: its value representation, first byte and declared length."""

    vr: str | None
    start: int
    length: int


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
    from pydicom.filereader import read_dataset, read_preamble

    stream = _Header(data)
    read_preamble(stream, force=True)
    meta_dataset = read_dataset(
        stream,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, vr, length: tag >> 16 != 2,
        specific_tags=list(_tags(META_KEYWORDS)),
    )
    meta = Attributes(meta_dataset, little_endian=True)
    syntax = meta.text("TransferSyntaxUID") or _guess(data, stream.tell())
    if syntax == DEFLATED_LITTLE:
        data = _inflate(memoryview(data)[stream.tell() :], limits)
        stream = _Header(data)
    attributes, pixels = _read_header(stream, syntax)
    return Instance(attributes, meta, syntax, pixels, data)


def _read_header(stream: _Header, syntax: str) -> tuple[Attributes, PixelElement | None]:
    """Read up to Pixel Data, and note where that is."""
    from pydicom.filereader import read_dataset

    tags = _tags((*KEYWORDS, *OVERLAY_BIT_POSITIONS))
    found: list[PixelElement] = []

    def stop(tag: "BaseTag", vr: str | None, length: int) -> bool:
        if tag in tags and MAX_ELEMENT < length < UNDEFINED_LENGTH:
            raise OverflowError("attribute too long")
        if tag == PIXEL_DATA:
            found.append(PixelElement(vr, stream.tell(), length))
        return bool(tag == PIXEL_DATA)

    little_endian = syntax != EXPLICIT_BIG
    dataset = read_dataset(
        stream,
        is_implicit_VR=syntax == IMPLICIT_LITTLE,
        is_little_endian=little_endian,
        stop_when=stop,
        specific_tags=list(tags),
    )
    return Attributes(dataset, little_endian=little_endian), found[-1] if found else None


def _tags(names: Iterable[str | int]) -> "set[BaseTag | int]":
    from pydicom.tag import Tag

    return {Tag(name) for name in names}


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
