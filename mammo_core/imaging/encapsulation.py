"""The fragments of one compressed frame (PS3.5 annex A.4), joined.

pydicom's own generator hands out what is left of a fragment that is cut off, as if it were whole.
"""

import struct

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.dicom_attributes import label

ITEM, DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
MAX_FRAGMENTS = 100_000
"""Fragments of one frame; files have one, or one for some kilobytes."""


def read_frame(buffer: bytes, start: int) -> bytes:
    """Join the fragments of the only frame.

    Parameters
    ----------
    buffer : bytes
    start : int
        Of the first item, which is the Basic Offset Table.

    Returns
    -------
    bytes
        The codestream, perhaps with the byte that pads it to an even length.

    Raises
    ------
    UnreadableImageError
        If the items are broken, cut off or too many, or there is no fragment.
    """
    fragments: list[memoryview] = []
    view, at = memoryview(buffer), start
    for _ in range(MAX_FRAGMENTS):
        # The delimiter is missing in some files that are otherwise complete.
        if at == len(buffer) or buffer.startswith(DELIMITER, at):
            break
        fragments.append(_fragment(view, at))
        at += 8 + len(fragments[-1])
    else:
        raise UnreadableImageError(f"{label('PixelData')} has more than {MAX_FRAGMENTS:,} fragments.")
    frame = b"".join(fragments[1:])
    if not frame:
        raise UnreadableImageError(f"{label('PixelData')} has no fragment of compressed pixels.")
    return frame


def _fragment(view: memoryview, at: int) -> memoryview:
    head = view[at : at + 8]
    if len(head) < 8 or head[:4] != ITEM:
        raise UnreadableImageError(
            f"{label('PixelData')}: fragments are expected, something else was received."
        )
    (length,) = struct.unpack_from("<I", head, 4)
    available = len(view) - at - 8
    if length > available:
        raise UnreadableImageError(
            f"{label('PixelData')} is truncated: a fragment of {length:,} bytes is expected, "
            f"received {available:,}."
        )
    return view[at + 8 : at + 8 + length]
