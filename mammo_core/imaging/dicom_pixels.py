"""The stored values of a DICOM file, as bit patterns, from whatever transfer syntax they come in."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.codec_process import decode_apart
from mammo_core.imaging.codestream import Codestream, read_codestream
from mammo_core.imaging.dicom_attributes import label, registered_name, samples
from mammo_core.imaging.dicom_reader import UNDEFINED_LENGTH, Instance, PixelElement
from mammo_core.imaging.encapsulation import read_frame
from mammo_core.imaging.rle import decode_rle
from mammo_core.imaging.transfer_syntax import CODINGS, RLE_LOSSLESS, UNCOMPRESSED, Coding
from mammo_core.imaging.voi import PixelFormat
from mammo_core.records import Notice

Codes = NDArray[np.unsignedinteger]
END_OF_IMAGE = b"\xff\xd9"
"""EOI of JPEG and JPEG-LS, EOC of JPEG 2000."""
PADDED_END = 32
"""Bytes in which the end marker must be; zeros may follow it."""


@dataclass(frozen=True, slots=True, eq=False)
class StoredPixels:
    """Pixels as bit patterns.

    Parameters
    ----------
    codes : ndarray of shape (rows, columns), unsigned integers of at most ``pixel_format.allocated`` bits
        Any byte order; perhaps a view of the file.
    pixel_format : PixelFormat
        What the patterns mean.
    """

    codes: Codes
    pixel_format: PixelFormat
    steps: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()


def read_pixels(instance: Instance, pixel_format: PixelFormat, shape: tuple[int, int]) -> StoredPixels:
    """Read, and if need be decompress, the pixels.

    Parameters
    ----------
    instance : Instance
        Of a transfer syntax that is read.
    pixel_format : PixelFormat
        As the attributes say.
    shape : tuple of int
        Rows and Columns.

    Raises
    ------
    UnreadableImageError
        If they are missing, truncated or corrupt, or not what the attributes say.
    """
    element = instance.pixels
    if element is None:
        raise UnreadableImageError(f"{label('PixelData')} is missing.")
    syntax = instance.transfer_syntax
    if syntax in UNCOMPRESSED:
        return _native(instance, element, pixel_format, shape)
    if element.length != UNDEFINED_LENGTH:
        raise UnreadableImageError(
            f"{label('PixelData')}: fragments of compressed pixels are expected, "
            f"received {element.length:,} bytes without any."
        )
    frame = read_frame(instance.buffer, element.start)
    step = f"decompressed: {registered_name(syntax)}"
    if syntax == RLE_LOSSLESS:
        rle = decode_rle(frame, shape[0] * shape[1], sample_bytes=pixel_format.allocated // 8)
        return StoredPixels(rle.reshape(shape), pixel_format, (step,))
    return _from_codestream(frame, pixel_format, shape, CODINGS[syntax], step)


def _native(
    instance: Instance, element: PixelElement, pixel_format: PixelFormat, shape: tuple[int, int]
) -> StoredPixels:
    """View the pixels as they are in the file, after a check of their length."""
    row = shape[1] * pixel_format.allocated // 8
    needed = shape[0] * row
    words = element.vr == "OW"
    if words and not instance.little_endian:
        needed += needed % 2  # the last sample is in the second byte of its word
    # Some writers fill the element up. More than a row would put the matrix size in doubt.
    if not needed <= element.length < needed + row:
        received = (
            "an undefined length" if element.length == UNDEFINED_LENGTH else f"{element.length:,} bytes"
        )
        raise UnreadableImageError(
            f"{label('PixelData')}: {needed:,} bytes are expected, received {received}."
        )
    available = len(instance.buffer) - element.start
    if available < element.length:
        raise UnreadableImageError(
            f"{label('PixelData')} is truncated: {needed:,} bytes are expected, received {available:,}."
        )
    codes = samples(
        instance.buffer,
        element.start,
        shape[0] * shape[1],
        wide=pixel_format.allocated == 16,
        words=words,
        little_endian=instance.little_endian,
    )
    return StoredPixels(codes.reshape(shape), pixel_format, notices=_surplus(element.length, needed))


def _surplus(received: int, needed: int) -> tuple[Notice, ...]:
    """Elements have even lengths; the byte that pads an odd one may be there or not."""
    if received <= needed + needed % 2:
        return ()
    message = (
        f"{label('PixelData')}: {needed:,} bytes are expected, received {received:,}; the rest was ignored."
    )
    return (Notice("pixel_data_longer", message),)


def _from_codestream(
    frame: bytes,
    pixel_format: PixelFormat,
    shape: tuple[int, int],
    expected: tuple[Coding, ...],
    step: str,
) -> StoredPixels:
    codestream = read_codestream(frame)
    notices = check_codestream(codestream, pixel_format, shape, expected)
    # JPEG decoders fill what is missing with grey and say nothing.
    if not frame[-PADDED_END:].rstrip(b"\0").endswith(END_OF_IMAGE):
        raise UnreadableImageError("The compressed pixels are truncated: their end marker is missing.")
    values = decode_apart(frame, codestream)
    kind = np.dtype(f"{'i' if codestream.signed else 'u'}{pixel_format.allocated // 8}")
    codes = values.astype(kind, copy=False).view(f"u{kind.itemsize}")
    if codestream.precision <= pixel_format.stored:
        # High Bit speaks of words in the file, which are gone; the codec returns plain numbers.
        pixel_format = replace(pixel_format, shift=0)
    return StoredPixels(codes, pixel_format, (step,), notices)


def check_codestream(
    codestream: Codestream,
    pixel_format: PixelFormat,
    shape: tuple[int, int],
    expected: tuple[Coding, ...],
) -> tuple[Notice, ...]:
    """Compare a codestream's own header with the attributes, before it is decoded.

    Returns
    -------
    tuple of Notice
        ``codestream_differs`` if it has fewer bits, or another sign, than the attributes say.

    Raises
    ------
    UnreadableImageError
        If it is of another kind or size, has several components, or more bits than a pixel.
    """
    if codestream.coding not in expected:
        raise UnreadableImageError(
            f"{label('TransferSyntaxUID')}: the compressed pixels should be {' or '.join(expected)}, "
            f"but they are {codestream.coding}."
        )
    if (codestream.rows, codestream.columns) != shape:
        raise UnreadableImageError(
            f"{label('Rows')} and {label('Columns')} are {shape[0]:,} × {shape[1]:,}, but the compressed "
            f"pixels declare {codestream.rows:,} × {codestream.columns:,}."
        )
    if codestream.components != 1:
        raise UnreadableImageError(
            f"{label('SamplesPerPixel')} is 1, but the compressed pixels declare {codestream.components:,} "
            "components."
        )
    if codestream.precision > pixel_format.allocated or (codestream.signed and not pixel_format.signed):
        raise UnreadableImageError(
            f"{label('BitsAllocated')} and {label('PixelRepresentation')} are "
            f"{_kind(pixel_format.allocated, signed=pixel_format.signed)}, but the compressed pixels declare "
            f"{_kind(codestream.precision, signed=codestream.signed)}."
        )
    return _difference(codestream, pixel_format)


def _difference(codestream: Codestream, pixel_format: PixelFormat) -> tuple[Notice, ...]:
    """More bits than are stored are usual: then the values tell whether Bits Stored is right."""
    signs_differ = codestream.coding is Coding.JPEG_2000 and codestream.signed != pixel_format.signed
    if codestream.precision >= pixel_format.stored and not signs_differ:
        return ()
    message = (
        f"{label('BitsStored')} and {label('PixelRepresentation')} say "
        f"{_kind(pixel_format.stored, signed=pixel_format.signed)}, the compressed pixels "
        f"{_kind(codestream.precision, signed=codestream.signed)}; the attributes were followed."
    )
    return (Notice("codestream_differs", message),)


def _kind(bits: int, *, signed: bool) -> str:
    return f"{bits} bits, {'signed' if signed else 'unsigned'}"
