"""A codestream's own header is read and compared with the attributes before any codec sees it."""

import struct

import numpy as np
import pytest

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging import dicom_pixels
from mammo_core.imaging.codestream import Codestream, read_codestream
from mammo_core.imaging.decode import decode
from mammo_core.imaging.transfer_syntax import CODINGS, Coding
from mammo_core.records import Notice
from tests.builders_dicom import SYNTAXES, Stored, Syntax, make_dicom_in, pattern
from tests.builders_images import make_dicom, make_jpeg
from tests.builders_jpeg import END, START, frame, make_lossless_jpeg, segment

COMPRESSED = [syntax for syntax in SYNTAXES if syntax.uid in CODINGS]
COMMENT = segment(0xFE, b"a comment")


def j2k_header(
    *, rows: int = 64, columns: int = 80, components: int = 1, depth: int = 11, step: int = 1, at: int = 0
) -> bytes:
    """SOC and SIZ; the image begins ``at`` so many rows and columns of its grid."""
    size = struct.pack(">H8IH", 0, columns + at, rows + at, at, at, columns + at, rows + at, 0, 0, components)
    size += bytes([depth, step, step]) * components
    return b"\xff\x4f" + segment(0x51, size)


def jp2(codestream: bytes, *, long: bool = False) -> bytes:
    """A codestream in the boxes of a JP2 file."""
    signature = struct.pack(">I4s4s", 12, b"jP  ", b"\r\n\x87\n")
    kind = struct.pack(">I4s4sI", 16, b"ftyp", b"jp2 ", 0)
    if long:
        return signature + kind + struct.pack(">I4sQ", 1, b"jp2c", 16 + len(codestream)) + codestream
    return signature + kind + struct.pack(">I4s", 8 + len(codestream), b"jp2c") + codestream


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (START + frame(0xC0, 8, 64, 80), Codestream(Coding.BASELINE, 64, 80, 1, 8)),
        (START + frame(0xC1, 12, 64, 80), Codestream(Coding.EXTENDED, 64, 80, 1, 12)),
        (START + frame(0xC3, 16, 4096, 3328), Codestream(Coding.LOSSLESS, 4096, 3328, 1, 16)),
        (START + frame(0xF7, 14, 64, 80), Codestream(Coding.JPEG_LS, 64, 80, 1, 14)),
        (START + frame(0xC0, 8, 64, 80, components=3), Codestream(Coding.BASELINE, 64, 80, 3, 8)),
        (START + COMMENT + b"\xff\xff" + frame(0xC0, 8, 64, 80), Codestream(Coding.BASELINE, 64, 80, 1, 8)),
        (j2k_header(), Codestream(Coding.JPEG_2000, 64, 80, 1, 12)),
        (j2k_header(depth=0x80 + 15), Codestream(Coding.JPEG_2000, 64, 80, 1, 16, signed=True)),
        (j2k_header(at=7), Codestream(Coding.JPEG_2000, 64, 80, 1, 12)),
        (j2k_header(components=3, step=2), Codestream(Coding.JPEG_2000, 64, 80, 3, 12)),
        (jp2(j2k_header()), Codestream(Coding.JPEG_2000, 64, 80, 1, 12, start=36)),
        (jp2(j2k_header(), long=True), Codestream(Coding.JPEG_2000, 64, 80, 1, 12, start=44)),
    ],
)
def test_a_header_tells_coding_size_components_and_bits(data: bytes, expected: Codestream) -> None:
    assert read_codestream(data) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "begin like no JPEG, JPEG-LS or JPEG 2000 codestream"),
        (bytes(100), "begin like no JPEG, JPEG-LS or JPEG 2000 codestream"),
        (START, "header of the compressed pixels is truncated"),
        (START + frame(0xC0, 8, 64, 80)[:-6], "header of the compressed pixels is truncated"),
        (START + b"\xff" * 10, "header of the compressed pixels is truncated"),
        (START + bytes(100), "no JPEG frame header where one is expected"),
        (START + END + bytes(100), "no JPEG frame header where one is expected"),
        (START + segment(0xDA, bytes(8)) + bytes(10), "no JPEG frame header where one is expected"),
        (START + COMMENT * 1001 + frame(0xC0, 8, 64, 80), "no JPEG frame header where one is expected"),
        (START + frame(0xC2, 8, 64, 80), "JPEG process that DICOM does not use .marker FFC2."),
        (START + frame(0xC9, 8, 64, 80), "JPEG process that DICOM does not use .marker FFC9."),
        (j2k_header()[:20], "header of the compressed pixels is truncated"),
        (j2k_header(step=2), "compressed pixels are subsampled"),
        (jp2(b"")[:28], "header of the compressed pixels is truncated"),
        (jp2(b"")[:12] + struct.pack(">I4s", 0, b"free"), "a JP2 file without a codestream"),
        (jp2(b"nothing"), "begin like no JPEG, JPEG-LS or JPEG 2000 codestream"),
    ],
)
def test_a_broken_header_is_unreadable(data: bytes, message: str) -> None:
    with pytest.raises(UnreadableImageError, match=message):
        read_codestream(data)


def test_a_codestream_that_came_in_a_file_format_is_decoded_without_it() -> None:
    syntax = next(syntax for syntax in COMPRESSED if "Lossless Only" in syntax.name)
    assert syntax.encode is not None
    wrapped = Syntax(syntax.uid, lambda stored: jp2(syntax.encode(stored)))  # type: ignore[misc]

    np.testing.assert_array_equal(decode(make_dicom_in(wrapped, pattern(16))).pixels, pattern(16).values)


@pytest.fixture
def no_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever decodes fails the test."""

    def decode_apart(*_: object, **__: object) -> None:
        raise AssertionError("a codec was asked")

    monkeypatch.setattr(dicom_pixels, "decode_apart", decode_apart)


@pytest.mark.usefixtures("no_codec")
@pytest.mark.parametrize("syntax", COMPRESSED, ids=lambda syntax: syntax.name)
def test_another_size_than_the_attributes_say_is_refused_before_a_codec_is_asked(syntax: Syntax) -> None:
    stored = pattern(max(set(syntax.bits) & {8, 12}))

    with pytest.raises(UnreadableImageError) as caught:
        decode(make_dicom_in(syntax, stored, tags={"Rows": 65}))

    assert str(caught.value) == (
        "Rows (0028,0010) and Columns (0028,0011) are 65 × 80, but the compressed pixels declare 64 × 80."
    )


@pytest.mark.usefixtures("no_codec")
@pytest.mark.parametrize(
    ("uid", "codestream", "tags", "message"),
    [
        (
            "1.2.840.10008.1.2.4.70",
            START + frame(0xC0, 8, 64, 80),
            {},
            "TransferSyntaxUID (0002,0010): the compressed pixels should be lossless JPEG, but they are "
            "baseline JPEG.",
        ),
        (
            "1.2.840.10008.1.2.4.51",
            j2k_header(),
            {},
            "TransferSyntaxUID (0002,0010): the compressed pixels should be extended JPEG or baseline JPEG, "
            "but they are JPEG 2000.",
        ),
        (
            "1.2.840.10008.1.2.4.90",
            j2k_header(columns=4_000_000_000),
            {},
            "Rows (0028,0010) and Columns (0028,0011) are 64 × 80, but the compressed pixels declare "
            "64 × 4,000,000,000.",
        ),
        (
            "1.2.840.10008.1.2.4.50",
            make_jpeg(np.zeros((64, 80, 3), dtype=np.uint8)),
            {},
            "SamplesPerPixel (0028,0002) is 1, but the compressed pixels declare 3 components.",
        ),
        (
            "1.2.840.10008.1.2.4.90",
            j2k_header(depth=16),
            {},
            "BitsAllocated (0028,0100) and PixelRepresentation (0028,0103) are 16 bits, unsigned, but the "
            "compressed pixels declare 17 bits, unsigned.",
        ),
        (
            "1.2.840.10008.1.2.4.80",
            START + frame(0xF7, 12, 64, 80),
            {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7},
            "BitsAllocated (0028,0100) and PixelRepresentation (0028,0103) are 8 bits, unsigned, but the "
            "compressed pixels declare 12 bits, unsigned.",
        ),
        (
            "1.2.840.10008.1.2.4.90",
            j2k_header(depth=0x80 + 11),
            {},
            "BitsAllocated (0028,0100) and PixelRepresentation (0028,0103) are 16 bits, unsigned, but the "
            "compressed pixels declare 12 bits, signed.",
        ),
        (
            "1.2.840.10008.1.2.4.70",
            make_lossless_jpeg(pattern(12).values, precision=12)[:-2],
            {},
            "The compressed pixels are truncated: their end marker is missing.",
        ),
    ],
)
def test_what_contradicts_the_attributes_is_refused_before_a_codec_is_asked(
    uid: str, codestream: bytes, tags: dict[str, object], message: str
) -> None:
    syntax = next(syntax for syntax in SYNTAXES if syntax.uid == uid)
    data = make_dicom(transfer_syntax=syntax.uid, codestream=codestream, tags=tags)

    with pytest.raises(UnreadableImageError) as caught:
        decode(data)

    assert str(caught.value) == message


def in_lossless(samples: Stored, *, precision: int, tags: dict[str, object]) -> bytes:
    """A file whose codestream has the precision and whose attributes are those of the samples."""
    sv1 = next(syntax for syntax in SYNTAXES if syntax.uid == "1.2.840.10008.1.2.4.70")
    encode = Syntax(sv1.uid, lambda stored: make_lossless_jpeg(stored.values, precision=precision))
    return make_dicom_in(encode, samples, tags=tags)


def test_fewer_bits_than_the_attributes_say_are_told_and_the_attributes_followed() -> None:
    data = in_lossless(pattern(12), precision=12, tags={"BitsStored": 16, "HighBit": 15})

    mammogram = decode(data)

    np.testing.assert_array_equal(mammogram.pixels, pattern(12).values)
    assert mammogram.notices == (
        Notice(
            "codestream_differs",
            "BitsStored (0028,0101) and PixelRepresentation (0028,0103) say 16 bits, unsigned, the "
            "compressed pixels 12 bits, unsigned; the attributes were followed.",
        ),
    )


def test_more_bits_than_are_stored_are_usual_and_not_told() -> None:
    mammogram = decode(in_lossless(pattern(12), precision=16, tags={}))

    np.testing.assert_array_equal(mammogram.pixels, np.rint(pattern(12).values * (65535 / 4095)))
    assert mammogram.notices == ()


def test_an_unsigned_codestream_of_signed_values_is_told_and_read_as_signed() -> None:
    j2k = next(syntax for syntax in SYNTAXES if syntax.uid == "1.2.840.10008.1.2.4.90")
    assert j2k.encode is not None
    signed = pattern(16, signed=True)
    as_unsigned = Stored(signed.words.astype(np.int64), 16)

    mammogram = decode(
        make_dicom(
            transfer_syntax=j2k.uid,
            bits_stored=16,
            codestream=j2k.encode(as_unsigned),
            tags={"PixelRepresentation": 1},
        )
    )

    np.testing.assert_array_equal(mammogram.pixels, signed.values + 2**15)
    assert [notice.code for notice in mammogram.notices] == ["codestream_differs"]


def test_high_bit_is_left_out_where_the_codec_returns_plain_numbers() -> None:
    data = in_lossless(pattern(12), precision=12, tags={"HighBit": 15})

    np.testing.assert_array_equal(decode(data).pixels, np.rint(pattern(12).values * (65535 / 4095)))
