"""Builders of small image files, made in memory; every call starts from nothing."""

import struct
import zlib
from collections.abc import Mapping
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, ExplicitVRLittleEndian

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SHAPE = (64, 80)
"""Rows and columns: the smallest that is decoded, and not square, so that a transposition is seen."""
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"


def ramp(shape: tuple[int, int] = SHAPE, *, levels: int = 256) -> NDArray[np.uint16]:
    """Pixels that count 0, 1, 2 … levels - 1, 0, 1 … along the rows, (rows, columns)."""
    counted: NDArray[np.int64] = np.arange(shape[0] * shape[1]) % levels
    return counted.reshape(shape).astype(np.uint16)


def make_image(image: Image.Image, image_format: str, **options: object) -> bytes:
    """Encode a Pillow image."""
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def make_png(pixels: NDArray[np.generic] | None = None, **options: object) -> bytes:
    """A PNG of any array that Pillow takes: (rows, columns) or (rows, columns, channels)."""
    values = ramp().astype(np.uint8) if pixels is None else pixels
    return make_image(Image.fromarray(values), "PNG", **options)


def make_jpeg(pixels: NDArray[np.generic] | None = None, **options: object) -> bytes:
    """A JPEG of 8-bit values."""
    values = ramp().astype(np.uint8) if pixels is None else pixels
    return make_image(Image.fromarray(values), "JPEG", **options)


def make_tiff(pixels: NDArray[np.generic] | None = None, **options: object) -> bytes:
    """A TIFF of 8-bit, 16-bit, 32-bit or floating-point values."""
    values = ramp().astype(np.uint8) if pixels is None else pixels
    return make_image(Image.fromarray(values), "TIFF", **options)


def make_raw_png(
    rows: list[bytes], *, bits: int = 8, colour_type: int = 0, shape: tuple[int, int] = SHAPE
) -> bytes:
    """A PNG of rows as they are stored: Pillow writes no 16-bit colour, and no header without its pixels.

    Parameters
    ----------
    rows : list of bytes
        May be fewer than the header promises.
    bits, colour_type : int
        Of the header; colour type 0 is grey, 2 RGB, 4 grey and alpha.
    shape : tuple of int
        (rows, columns) of the header.
    """

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", shape[1], shape[0], bits, colour_type, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return PNG_SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def make_raw_tiff(
    data: bytes, *, bits: int, sample_format: int = 1, photometric: int = 1, pages: int = 1
) -> bytes:
    """A little-endian TIFF of one channel as it is stored, (64, 80); its pages share their pixels.

    Parameters
    ----------
    data : bytes
    bits : int
        BitsPerSample.
    sample_format : int
        1 unsigned, 2 signed, 3 floating point.
    photometric : int
        0 WhiteIsZero, 1 BlackIsZero.
    pages : int
    """
    start = 8
    tags = {
        256: SHAPE[1],
        257: SHAPE[0],
        258: bits,
        259: 1,
        262: photometric,
        273: start,
        277: 1,
        278: SHAPE[0],
        279: len(data),
        339: sample_format,
    }
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    size = 2 + len(entries) + 4
    first = start + len(data)
    directories = [
        struct.pack("<H", len(tags))
        + entries
        + struct.pack("<I", first + (page + 1) * size if page + 1 < pages else 0)
        for page in range(pages)
    ]
    return struct.pack("<2sHI", b"II", 42, first) + data + b"".join(directories)


def make_lut(table: list[int], *, first: int = 0, bits: int = 16) -> Dataset:
    """An item of a Modality or VOI LUT sequence."""
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(table) % 65536, first, bits])
    item.add_new("LUTData", "US", table)
    return item


def make_code(value: str, scheme: str) -> Dataset:
    """An item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, "meaning"
    return item


def make_dicom(
    stored: NDArray[np.integer] | None = None,
    *,
    bits_stored: int = 12,
    bits_allocated: int = 16,
    signed: bool = False,
    transfer_syntax: UID = ExplicitVRLittleEndian,
    preamble: bool = True,
    pixel_vr: str = "OW",
    pixel_data: bytes | None = None,
    codestream: bytes | None = None,
    fragments: int = 1,
    overlay_bit: int | None = None,
    tags: Mapping[str, object] | None = None,
) -> bytes:
    """A mammogram for presentation.

    Parameters
    ----------
    stored : ndarray of shape (rows, columns)
        Stored values; a ramp of 256 levels by default.
    bits_stored, bits_allocated, signed
        Pixel format.
    transfer_syntax : UID
        Uncompressed ones are encoded; for a compressed one, ``codestream`` is needed.
    preamble : bool
        Without it, the bytes are a bare data set.
    pixel_vr : str
        OW or OB, in explicit transfer syntaxes.
    pixel_data : bytes
        Instead of ``stored``.
    codestream : bytes
        ``stored`` as it is compressed, for compressed transfer syntaxes; without it, there are no pixels.
    fragments : int
        In how many the codestream comes.
    overlay_bit : int
        Where an overlay lies in the pixels: Overlay Bit Position.
    tags : mapping of str to object
        Attributes by keyword, set last; None deletes one.
    """
    stored = ramp() if stored is None else stored
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = FOR_PRESENTATION, "1.2.3"
    dataset.Modality, dataset.PresentationIntentType = "MG", "FOR PRESENTATION"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits_allocated, bits_stored, bits_stored - 1
    dataset.PixelRepresentation = int(signed)
    little = transfer_syntax.is_little_endian or transfer_syntax.is_compressed
    data = _encoded(stored, bits_allocated, little=little, words=pixel_vr == "OW")
    dataset.add_new("PixelData", pixel_vr, data if pixel_data is None else pixel_data)
    if transfer_syntax.is_compressed:
        dataset["PixelData"].is_undefined_length = True
        dataset["PixelData"].VR = "OB"
        offsets_only = b"\xfe\xff\x00\xe0\x00\x00\x00\x00"
        encapsulated = (
            encapsulate([codestream], fragments_per_frame=fragments) if codestream else offsets_only
        )
        dataset["PixelData"].value = encapsulated
    if overlay_bit is not None:
        dataset.add_new(0x60000102, "US", overlay_bit)
    for keyword, value in (tags or {}).items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return _file(dataset, transfer_syntax, preamble=preamble)


def _encoded(stored: NDArray[np.integer], bits_allocated: int, *, little: bool, words: bool) -> bytes:
    codes = stored.astype(np.int64) & (2**bits_allocated - 1)
    if bits_allocated == 16:
        wide: bytes = codes.astype("<u2" if little else ">u2").tobytes()
        return wide
    data: bytes = codes.astype(np.uint8).tobytes()
    data += b"\0" * (len(data) % 2)
    # Big-endian words hold the second sample in their first byte.
    if little or not words:
        return data
    return b"".join(data[start : start + 2][::-1] for start in range(0, len(data), 2))


def _file(dataset: Dataset, transfer_syntax: UID, *, preamble: bool) -> bytes:
    buffer = BytesIO()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = UID(dataset.get("SOPClassUID", FOR_PRESENTATION))
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    dataset.file_meta.TransferSyntaxUID = transfer_syntax
    if preamble:
        dataset.save_as(buffer, enforce_file_format=True)
    else:
        del dataset.file_meta
        implicit, little = transfer_syntax.is_implicit_VR, transfer_syntax.is_little_endian
        dataset.save_as(buffer, implicit_vr=implicit, little_endian=little, enforce_file_format=False)
    return buffer.getvalue()
