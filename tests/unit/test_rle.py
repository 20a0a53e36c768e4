"""RLE segments are unpacked into exactly the pixels that are expected, whatever they say."""

import struct

import numpy as np
import pytest

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.rle import decode_rle


def frame(*segments: bytes, number: int | None = None, offsets: list[int] | None = None) -> bytes:
    """An RLE frame; header fields may lie."""
    starts = [64 + sum(len(part) for part in segments[:index]) for index in range(len(segments))]
    fields = [len(segments) if number is None else number, *(starts if offsets is None else offsets)]
    return struct.pack("<16I", *(fields + [0] * (16 - len(fields)))) + b"".join(segments)


def test_runs_and_literals_are_unpacked() -> None:
    # Five times 7 (257 - 252), nothing (128), three literals (2 + 1).
    segment = bytes([252, 7, 128, 2, 1, 2, 3])

    np.testing.assert_array_equal(decode_rle(frame(segment), 8, sample_bytes=1), [7, 7, 7, 7, 7, 1, 2, 3])


def test_the_most_significant_byte_comes_first() -> None:
    decoded = decode_rle(frame(bytes([1, 0x12, 0x34, 0]), bytes([1, 0xAB, 0xCD, 0])), 2, sample_bytes=2)

    np.testing.assert_array_equal(decoded, [0x12AB, 0x34CD])


def test_a_segment_may_hold_more_than_is_expected_and_the_rest_is_dropped() -> None:
    bomb = bytes([129, 9]) * 1000

    np.testing.assert_array_equal(decode_rle(frame(bomb), 3, sample_bytes=1), [9, 9, 9])


@pytest.mark.parametrize(
    ("data", "sample_bytes", "message"),
    [
        (bytes(63), 1, "The RLE header is truncated: 64 bytes are expected"),
        (frame(b"\0\0"), 2, "declares 1 segments; 2 are expected, one for each byte of a pixel"),
        (frame(b"\0\0", number=4_000_000_000), 1, "declares 4,000,000,000 segments; 1 are expected"),
        (frame(b"\0\0", offsets=[63]), 1, "segments that lie outside of the compressed pixels"),
        (frame(b"\0\0", offsets=[66]), 1, "segments that lie outside of the compressed pixels"),
        (frame(b"\0\0", b"\0\0", offsets=[66, 64]), 2, "segments that lie outside of the compressed pixels"),
        (frame(b"\0\0", b"\0\0", offsets=[64, 90]), 2, "segments that lie outside of the compressed pixels"),
        (frame(bytes([254, 7])), 1, "An RLE segment is truncated or corrupt: it holds fewer than 4 pixels"),
        (frame(bytes([3, 7])), 1, "An RLE segment is truncated or corrupt: it holds fewer than 4 pixels"),
    ],
)
def test_a_broken_frame_is_unreadable(data: bytes, sample_bytes: int, message: str) -> None:
    with pytest.raises(UnreadableImageError, match=message):
        decode_rle(data, 4, sample_bytes=sample_bytes)
