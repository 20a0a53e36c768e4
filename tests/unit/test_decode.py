"""Any file becomes a mammogram or a typed error, by its bytes alone and without being changed."""

import hashlib
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
)

from mammo_core.errors import (
    MammoError,
    PayloadTooLargeError,
    UnreadableImageError,
    UnsuitableImageError,
    UnsupportedMediaError,
)
from mammo_core.imaging.decode import Limits, decode, sniff
from mammo_core.records import ImageFormat
from tests.builders_images import (
    make_dicom,
    make_image,
    make_jpeg,
    make_lut,
    make_png,
    make_raw_png,
    make_tiff,
    ramp,
)

GREY = Image.fromarray(ramp().astype(np.uint8))
FILES = {
    "PNG": (make_png(), ImageFormat.PNG),
    "16-bit PNG": (make_png(ramp(levels=4096)), ImageFormat.PNG),
    "palette PNG": (make_image(GREY.convert("P"), "PNG"), ImageFormat.PNG),
    "JPEG": (make_jpeg(), ImageFormat.JPEG),
    "little-endian TIFF": (make_tiff(), ImageFormat.TIFF),
    "compressed TIFF": (make_tiff(compression="tiff_lzw"), ImageFormat.TIFF),
    "BigTIFF": (make_tiff(big_tiff=True), ImageFormat.TIFF),
    "BMP": (make_image(GREY, "BMP"), ImageFormat.BMP),
    "WebP": (make_image(GREY, "WEBP"), ImageFormat.WEBP),
    "DICOM": (make_dicom(), ImageFormat.DICOM),
    "implicit DICOM": (make_dicom(transfer_syntax=ImplicitVRLittleEndian), ImageFormat.DICOM),
    "deflated DICOM": (make_dicom(transfer_syntax=DeflatedExplicitVRLittleEndian), ImageFormat.DICOM),
    "DICOM with a table": (
        make_dicom(tags={"VOILUTSequence": [make_lut(list(range(4096)), bits=12)]}),
        ImageFormat.DICOM,
    ),
    "explicit data set": (make_dicom(preamble=False), ImageFormat.DICOM),
    "implicit data set": (
        make_dicom(preamble=False, transfer_syntax=ImplicitVRLittleEndian),
        ImageFormat.DICOM,
    ),
    "big-endian data set": (
        make_dicom(preamble=False, transfer_syntax=ExplicitVRBigEndian),
        ImageFormat.DICOM,
    ),
}

REFUSALS = {
    "PayloadTooLargeError",
    "UnreadableImageError",
    "UnsuitableImageError",
    "UnsupportedMediaError",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_known_by_its_bytes_and_decoded_without_changing_them(name: str) -> None:
    data, image_format = FILES[name]
    before = bytearray(data)

    mammogram = decode(data)

    assert mammogram.image_format is image_format
    assert mammogram.sha256 == hashlib.sha256(data).hexdigest()
    assert mammogram.shape == (64, 80)
    assert mammogram.pixels.dtype == np.uint16
    assert not mammogram.pixels.flags.writeable
    assert int(np.ptp(mammogram.pixels)) > 0
    assert mammogram.steps
    assert data == before


@pytest.mark.parametrize(
    ("start", "image_format"),
    [
        (b"MM\0*", ImageFormat.TIFF),
        (b"MM\0+", ImageFormat.TIFF),
        (b"II+\0", ImageFormat.TIFF),
        (b"II*\0".ljust(128, b"\0") + b"DICM", ImageFormat.DICOM),
        (b"\x02\0\0\0UL\x04\0", ImageFormat.DICOM),
        (b"\x08\0\x05\0\x0a\0\0\0ISO_IR 100", ImageFormat.DICOM),
    ],
)
def test_the_rarer_signatures_are_known_too(start: bytes, image_format: ImageFormat) -> None:
    assert sniff(start) is image_format


def test_no_bytes_are_an_unreadable_image() -> None:
    with pytest.raises(UnreadableImageError, match=r"^The image is empty: 0 bytes were received\.$"):
        decode(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"<html></html>",
        b"%PDF-1.7",
        b"GIF89a" + bytes(100),
        b"RIFF\0\0\0\0WAVEfmt ",
        b"BMW is no bitmap, whatever its first two letters say",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\x08\0\x05\0\xff\xff\xff\xff",
        bytes(500),
        b"\x89PNG",
    ],
)
def test_unknown_bytes_are_an_unsupported_medium_and_the_answer_lists_what_is_read(data: bytes) -> None:
    with pytest.raises(
        UnsupportedMediaError,
        match=r"^The file format is not known\. Formats that are read: PNG, JPEG, TIFF, BMP, WebP, DICOM\.$",
    ):
        decode(data)


def test_more_bytes_than_the_limit_are_refused_before_they_are_looked_at() -> None:
    with pytest.raises(
        PayloadTooLargeError, match=r"^The file is too large: at most 99 bytes are read, 100 were received\.$"
    ):
        decode(bytes(100), limits=Limits(max_bytes=99))


@pytest.mark.parametrize("name", ["PNG", "JPEG", "little-endian TIFF", "BMP", "WebP", "DICOM"])
def test_more_pixels_than_the_limit_are_refused_by_the_header(name: str) -> None:
    data, _ = FILES[name]
    assert decode(data, limits=Limits(max_pixels=64 * 80)).shape == (64, 80)

    with pytest.raises(
        PayloadTooLargeError,
        match=r"at most 5,119 pixels are decoded, its header declares 64 rows × 80 columns\.$",
    ):
        decode(data, limits=Limits(max_pixels=64 * 80 - 1))


@pytest.mark.parametrize("name", ["PNG", "JPEG", "little-endian TIFF", "BMP", "WebP", "DICOM"])
def test_a_side_shorter_than_the_limit_is_unsuitable(name: str) -> None:
    data, _ = FILES[name]

    with pytest.raises(
        UnsuitableImageError, match="each side needs at least 65 pixels, received 64 rows × 80 columns"
    ):
        decode(data, limits=Limits(min_side=65), accept_unsuitable=True)


@pytest.mark.parametrize("side", [8_000, 12_000, 30_000], ids=["ours", "Pillow warns", "Pillow raises"])
def test_a_header_that_promises_too_many_pixels_is_refused_without_a_warning(side: int) -> None:
    with pytest.raises(PayloadTooLargeError, match="at most 50,000,000 pixels"):
        decode(make_raw_png([], shape=(side, side)))


def test_a_limit_above_the_one_at_which_pillow_warns_is_respected() -> None:
    with pytest.raises(UnreadableImageError):
        decode(make_raw_png([], shape=(10_000, 10_000)), limits=Limits(max_pixels=10**8))


def test_a_deflated_data_set_is_inflated_only_as_far_as_an_image_can_reach() -> None:
    inflated = bytes(2**24 + 2 * 64 * 80 + 1)
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    whole = make_dicom(transfer_syntax=DeflatedExplicitVRLittleEndian)
    meta_length = struct.unpack_from("<I", whole, 140)[0]
    bomb = whole[: 144 + meta_length] + deflater.compress(inflated) + deflater.flush()
    assert len(bomb) < 20_000

    with pytest.raises(PayloadTooLargeError, match="at most 16,787,456 bytes are inflated"):
        decode(bomb, limits=Limits(max_pixels=64 * 80))


@pytest.mark.parametrize("name", FILES)
def test_half_a_file_is_unreadable_and_says_so_in_our_words(name: str) -> None:
    data, image_format = FILES[name]

    with pytest.raises(UnreadableImageError) as caught:
        decode(data[: len(data) // 2])

    if image_format is not ImageFormat.DICOM:
        assert str(caught.value) == (
            f"The {image_format} file cannot be decoded: it is truncated, corrupt or of a rare variant."
        )
        assert isinstance(caught.value.__cause__, OSError | SyntaxError | EOFError)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change, remove, insert or cut off some bytes, mostly near the beginning."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 4, 10])):
        at = chance.randrange(min(len(changed), chance.choice([64, 300, 1500, len(changed)])))
        action = chance.random()
        if action < 0.6:
            changed[at] = chance.choice([chance.randrange(256), 0, 0x7F, 0x80, 0xFF])
        elif action < 0.75 and len(changed) > 40:
            del changed[at : at + chance.randrange(1, 20)]
        elif action < 0.9:
            changed[at:at] = chance.randbytes(chance.randrange(1, 9))
        else:
            del changed[max(at, 1) :]
    return bytes(changed)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_a_mammogram_or_a_typed_error_and_nothing_else(name: str) -> None:
    data, _ = FILES[name]
    chance = random.Random(name)
    outcomes = set()

    for _ in range(25):
        try:
            outcomes.add(type(decode(mutated(data, chance), accept_unsuitable=True)).__name__)
        except MammoError as error:
            outcomes.add(type(error).__name__)

    assert outcomes <= {"Mammogram"} | REFUSALS
    assert outcomes & REFUSALS


def test_decoding_leaves_the_settings_of_pillow_as_they_were() -> None:
    before = (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS)

    decode(make_png())

    assert before == (ImageFile.LOAD_TRUNCATED_IMAGES, Image.MAX_IMAGE_PIXELS)
