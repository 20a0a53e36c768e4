"""RLE Lossless (PS3.5 annex G): one PackBits segment for each byte of a pixel.

Decoded by Pillow's PackBits decoder, in this process: it writes into a buffer of the expected size and stops
where that is full, so the expansion of a hostile segment costs nothing. It reads TIFF files here as well.
"""

import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.library import FAILURES, quiet

HEADER = 64
MAX_SEGMENTS = 15


def decode_rle(data: bytes, count: int, *, sample_bytes: int) -> NDArray[np.unsignedinteger]:
    """Decode one frame.

    Parameters
    ----------
    data : bytes
    count : int
        Pixels that are expected.
    sample_bytes : int
        1 or 2; the segment of the most significant byte comes first.

    Returns
    -------
    ndarray of shape (count,), uint8 or little-endian uint16

    Raises
    ------
    UnreadableImageError
        If the header declares other segments than expected, or a segment holds too few pixels.
    """
    segments = _segments(data, sample_bytes)
    planes = np.empty((count, sample_bytes), dtype=np.uint8)
    for index, segment in enumerate(segments):
        planes[:, sample_bytes - 1 - index] = _unpack(segment, count)
    return planes.reshape(-1).view("<u2" if sample_bytes == 2 else np.uint8)


def _segments(data: bytes, expected: int) -> list[memoryview]:
    if len(data) < HEADER:
        raise UnreadableImageError(f"The RLE header is truncated: {HEADER} bytes are expected.")
    number, *offsets = struct.unpack_from(f"<{1 + MAX_SEGMENTS}I", data)
    if number != expected:
        raise UnreadableImageError(
            f"The RLE header declares {number:,} segments; {expected} are expected, one for each byte of a "
            "pixel."
        )
    ends = [*offsets[1:number], len(data)]
    bounds = list(zip(offsets[:number], ends, strict=True))
    if any(start < HEADER or start >= end for start, end in bounds) or ends != sorted(ends):
        raise UnreadableImageError(
            "The RLE header declares segments that lie outside of the compressed pixels."
        )
    view = memoryview(data)
    return [view[start:end] for start, end in bounds]


def _unpack(segment: memoryview, count: int) -> NDArray[np.uint8]:
    try:
        with quiet():
            # One long row: encoders let runs cross the rows of the image, against the standard.
            image = Image.frombytes("L", (count, 1), segment, "packbits", "L")
    except FAILURES as exc:
        raise UnreadableImageError(
            f"An RLE segment is truncated or corrupt: it holds fewer than {count:,} pixels."
        ) from exc
    plane: NDArray[np.uint8] = np.asarray(image).reshape(-1)
    return plane
