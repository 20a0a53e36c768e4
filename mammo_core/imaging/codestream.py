"""What a codestream says of itself, before any codec sees it.

Codecs believe the codestream: one that declares a hundred times the pixels of its DICOM file makes them ask
for gigabytes. So its size, bits and components are read here, and compared with the attributes.

References
----------
ITU-T T.81 annex B (JPEG markers), T.87 annex C (JPEG-LS), T.800 annexes A and I (JPEG 2000, its file format).
"""

import struct
from dataclasses import dataclass

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.transfer_syntax import Coding

FRAMES = {0xC0: Coding.BASELINE, 0xC1: Coding.EXTENDED, 0xC3: Coding.LOSSLESS, 0xF7: Coding.JPEG_LS}
"""Start-of-frame markers that are read; the others are progressive, hierarchical or arithmetic JPEG."""
START_OF_FRAME = (*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0), 0xF7)
START_OF_SCAN = 0xDA
MAX_SEGMENTS = 1000
"""Marker segments before the frame; files have a handful."""
J2K_START = b"\xff\x4f\xff\x51"
"""SOC and SIZ."""
JP2_START = b"\0\0\0\x0cjP  "
"""Signature box of the file format, which DICOM forbids and some writers keep (PS3.5 A.4.4)."""


@dataclass(frozen=True, slots=True)
class Codestream:
    """The frame header of a codestream.

    Parameters
    ----------
    coding : Coding
    rows, columns : int
    components : int
        1 for grey.
    precision : int
        Bits per sample.
    signed : bool
        Only JPEG 2000 tells.
    start : int
        First byte of the codestream; not 0 if it comes in a file format of its own.
    """

    coding: Coding
    rows: int
    columns: int
    components: int
    precision: int
    signed: bool = False
    start: int = 0


def read_codestream(data: bytes) -> Codestream:
    """Read the frame header.

    Parameters
    ----------
    data : bytes
        All fragments of one frame.

    Raises
    ------
    UnreadableImageError
        If there is none, or it is of a process that is not read.
    """
    try:
        if data.startswith(b"\xff\xd8"):
            return _read_jpeg(data)
        start = _codestream_in_jp2(data) if data.startswith(JP2_START) else 0
        if data.startswith(J2K_START, start):
            return _read_j2k(data, start)
    except struct.error as exc:
        raise UnreadableImageError("The header of the compressed pixels is truncated.") from exc
    raise UnreadableImageError("The compressed pixels begin like no JPEG, JPEG-LS or JPEG 2000 codestream.")


def _read_jpeg(data: bytes) -> Codestream:
    at = 2
    for _ in range(MAX_SEGMENTS):
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        prefix, marker, length = struct.unpack_from(">BBH", data, at)
        if prefix != 0xFF or marker == START_OF_SCAN or length < 2:
            break
        if marker in START_OF_FRAME:
            return _read_frame(data, at)
        at += 2 + length
    raise UnreadableImageError("The compressed pixels have no JPEG frame header where one is expected.")


def _read_frame(data: bytes, at: int) -> Codestream:
    marker = data[at + 1]
    precision, rows, columns, components = struct.unpack_from(">BHHB", data, at + 4)
    if marker not in FRAMES:
        raise UnreadableImageError(
            f"The compressed pixels are of a JPEG process that DICOM does not use (marker FF{marker:02X})."
        )
    return Codestream(FRAMES[marker], rows, columns, components, precision)


def _read_j2k(data: bytes, start: int) -> Codestream:
    right, bottom, left, top = struct.unpack_from(">4I", data, start + 8)
    components, depth, *subsampling = struct.unpack_from(">HBBB", data, start + 40)
    if components == 1 and subsampling != [1, 1]:
        raise UnreadableImageError("The compressed pixels are subsampled; one sample per pixel is expected.")
    return Codestream(
        Coding.JPEG_2000,
        rows=bottom - top,
        columns=right - left,
        components=components,
        precision=(depth & 0x7F) + 1,
        signed=depth >= 0x80,
        start=start,
    )


def _codestream_in_jp2(data: bytes) -> int:
    """Where the codestream begins in a JP2 file: after the header of its ``jp2c`` box."""
    at = 0
    for _ in range(MAX_SEGMENTS):
        length, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        if kind == b"jp2c":
            return at + header
        if length < header:
            break
        at += length
    raise UnreadableImageError("The compressed pixels are a JP2 file without a codestream.")
