"""How files are broken: what networks, disks, bad writers and attackers do to them."""

import struct
import zlib
from collections.abc import Callable
from random import Random

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
HOT = (
    b"\xe0\x7f\x10\x00",
    b"\x7f\xe0\x00\x10",
    b"\x28\x00\x10\x00",
    b"\x00\x28\x00\x10",
    b"\xff\xd8\xff",
    b"\xff\x4f\xff\x51",
    b"IHDR",
    b"VP8",
    b"II*\0",
)
"""Where headers of pixels begin: half of the mutations go there."""
HOT_LENGTH = 120
LENGTHS = (0, 1, 2, 64, 80, 0x7F, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF)

Mutation = Callable[[bytearray, Random], None]


def mutate(data: bytes, other: bytes, random: Random) -> bytes:
    """Break a file in one to four places.

    Parameters
    ----------
    data, other : bytes
        The file, and one to splice it with.
    random : Random
    """
    changed = bytearray(data)
    if random.random() < 0.08:
        changed[_place(changed, random) :] = other[random.randrange(len(other)) :]
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if changed:
            random.choice(MUTATIONS)(changed, random)
    mended = bytes(changed)
    # A wrong checksum would hide most of what is broken in a PNG.
    return _with_checksums(mended) if mended.startswith(PNG_SIGNATURE) and random.random() < 0.8 else mended


def _place(data: bytearray, random: Random) -> int:
    starts = [at for mark in HOT if (at := data.find(mark)) >= 0]
    if starts and random.random() < 0.5:
        return min(random.choice(starts) + random.randrange(HOT_LENGTH), len(data) - 1)
    return random.randrange(len(data))


def _flip_bit(data: bytearray, random: Random) -> None:
    data[_place(data, random)] ^= 1 << random.randrange(8)


def _set_byte(data: bytearray, random: Random) -> None:
    data[_place(data, random)] = random.choice((0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF, random.randrange(256)))


def _set_number(data: bytearray, random: Random) -> None:
    """A length, a size or an offset becomes an extreme one."""
    at = _place(data, random)
    size, order = random.choice(((2, "H"), (4, "I"))), random.choice("<>")
    number = random.choice(LENGTHS) & (2 ** (8 * size[0]) - 1)
    data[at : at + size[0]] = struct.pack(f"{order}{size[1]}", number)


def _overwrite(data: bytearray, random: Random) -> None:
    at, length = _place(data, random), random.randrange(1, 64)
    data[at : at + length] = random.choice((bytes(length), b"\xff" * length, random.randbytes(length)))


def _truncate(data: bytearray, random: Random) -> None:
    del data[_place(data, random) :]


def _remove(data: bytearray, random: Random) -> None:
    at = _place(data, random)
    del data[at : at + random.randrange(1, 200)]


def _repeat(data: bytearray, random: Random) -> None:
    at = _place(data, random)
    data[at:at] = data[at : at + random.randrange(1, 200)] * random.choice((1, 1, 50))


MUTATIONS: tuple[Mutation, ...] = (
    _flip_bit,
    _flip_bit,
    _set_byte,
    _set_byte,
    _set_number,
    _set_number,
    _overwrite,
    _truncate,
    _remove,
    _repeat,
)


def _with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks have the checksums of their contents."""
    changed, at = bytearray(data), len(PNG_SIGNATURE)
    while at + 12 <= len(changed):
        (length,) = struct.unpack_from(">I", changed, at)
        end = at + 8 + length
        if end + 4 > len(changed):
            break
        changed[end : end + 4] = struct.pack(">I", zlib.crc32(changed[at + 4 : end]))
        at = end + 4
    return bytes(changed)
