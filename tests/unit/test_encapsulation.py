"""Fragments are joined if all of them are there, and refused if one is broken or cut off."""

import struct

import numpy as np
import pytest

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging import encapsulation
from mammo_core.imaging.decode import decode
from mammo_core.imaging.encapsulation import read_frame
from tests.builders_dicom import SYNTAXES, make_dicom_in, pattern
from tests.builders_images import make_dicom

RLE = SYNTAXES[4]
DELIMITER = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def item(data: bytes, *, length: int | None = None) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(data) if length is None else length) + data


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (item(b"") + item(b"ab") + DELIMITER, b"ab"),
        (item(b"\0\0\0\0") + item(b"ab") + item(b"cd") + DELIMITER + b"more", b"abcd"),
        (item(b"") + item(b"ab") + item(b""), b"ab"),
    ],
)
def test_all_items_but_the_first_are_joined(data: bytes, expected: bytes) -> None:
    assert read_frame(b"before" + data, 6) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "has no fragment of compressed pixels"),
        (DELIMITER, "has no fragment of compressed pixels"),
        (item(b"offsets") + DELIMITER, "has no fragment of compressed pixels"),
        (item(b"") + item(b"ab")[:-1], "is truncated: a fragment of 2 bytes is expected, received 1"),
        (
            item(b"") + item(b"ab", length=0xFFFFFFFF),
            "is truncated: a fragment of 4,294,967,295 bytes is expected, received 2",
        ),
        (item(b"") + item(b"ab") + b"\xfe\xff", "fragments are expected, something else was received"),
        (item(b"") + bytes(20), "fragments are expected, something else was received"),
        (item(b"") * 100_001, "has more than 100,000 fragments"),
    ],
)
def test_broken_items_are_unreadable(data: bytes, message: str) -> None:
    assert encapsulation.MAX_FRAGMENTS == 100_000
    with pytest.raises(UnreadableImageError, match=message):
        read_frame(data, 0)


@pytest.mark.parametrize("fragments", [1, 2, 7])
def test_a_frame_may_come_in_several_fragments(fragments: int) -> None:
    data = make_dicom_in(RLE, pattern(16), fragments=fragments)
    assert data.count(struct.pack("<HH", 0xFFFE, 0xE000)) == 1 + fragments

    np.testing.assert_array_equal(decode(data).pixels, pattern(16).values)


def test_a_file_cut_off_within_its_fragments_is_unreadable() -> None:
    with pytest.raises(UnreadableImageError, match="is truncated: a fragment of"):
        decode(make_dicom_in(RLE, pattern(16))[:-20])


def test_compressed_pixels_without_fragments_are_unreadable() -> None:
    with pytest.raises(UnreadableImageError, match="has no fragment of compressed pixels"):
        decode(make_dicom(transfer_syntax=RLE.uid))


def test_plain_pixels_in_a_compressed_transfer_syntax_are_unreadable() -> None:
    data = make_dicom()
    changed = data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0", 1)
    assert changed != data

    with pytest.raises(UnreadableImageError) as caught:
        decode(changed)

    assert str(caught.value) == (
        "PixelData (7FE0,0010): fragments of compressed pixels are expected, received 10,240 bytes "
        "without any."
    )
