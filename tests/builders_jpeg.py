"""Two small JPEG encoders (ITU-T T.81) that share nothing with the decoders under test.

Every Huffman code has the same length, which no encoder would choose and every decoder must read.
"""

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn

START, END = b"\xff\xd8", b"\xff\xd9"
SYMBOL_BITS = 8
DC_SYMBOLS = list(range(17))
"""Categories of differences."""
AC_SYMBOLS = [0x00, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 15))]
"""End of block, sixteen zeros, and each run of zeros with each category."""
ZIGZAG = sorted(
    ((row, column) for row in range(8) for column in range(8)),
    key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]),
)
"""Row and column of each coefficient: diagonals, downwards and upwards in turn."""


class Bits:
    """Writes bits, most significant first, with a zero byte after each FF."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def symbol(self, symbol: int, symbols: list[int]) -> None:
        self._text.append(f"{symbols.index(symbol):0{SYMBOL_BITS}b}")

    def number(self, value: int, size: int) -> None:
        """The extra bits of a value of category ``size`` (T.81 F.1.2.1.1)."""
        if size:
            self._text.append(f"{value if value > 0 else value + 2**size - 1:0{size}b}")

    def to_bytes(self) -> bytes:
        text = "".join(self._text)
        text += "1" * (-len(text) % 8)
        data = int(text, 2).to_bytes(len(text) // 8, "big")
        return data.replace(b"\xff", b"\xff\0")


def segment(marker: int, payload: bytes) -> bytes:
    """A marker segment."""
    return struct.pack(">BBH", 0xFF, marker, len(payload) + 2) + payload


def frame(marker: int, precision: int, rows: int, columns: int, *, components: int = 1) -> bytes:
    """A start-of-frame segment."""
    parts = b"".join(bytes([number + 1, 0x11, 0]) for number in range(components))
    return segment(marker, struct.pack(">BHHB", precision, rows, columns, components) + parts)


def huffman_table(kind: int, symbols: list[int]) -> bytes:
    """All symbols with codes of ``SYMBOL_BITS`` bits; kind 0 is DC and lossless, 0x10 AC."""
    counts = [0] * 16
    counts[SYMBOL_BITS - 1] = len(symbols)
    return segment(0xC4, bytes([kind, *counts, *symbols]))


def make_lossless_jpeg(samples: NDArray[np.integer], *, precision: int, predictor: int = 1) -> bytes:
    """Process 14 (T.81 annex H).

    Parameters
    ----------
    samples : ndarray of shape (rows, columns)
        0 to 2^precision - 1.
    precision : int
        2 to 16.
    predictor : int
        1 to 7; 1 is selection value 1.
    """
    bits = Bits()
    for difference in _differences(samples.astype(int), precision, predictor):
        # Modulo 2^16; 32768 has a category of its own without extra bits.
        value = (difference + 2**15 - 1) % 2**16 - (2**15 - 1)
        size = abs(value).bit_length()
        bits.symbol(size, DC_SYMBOLS)
        bits.number(value, size if size < 16 else 0)
    head = frame(0xC3, precision, *samples.shape) + huffman_table(0, DC_SYMBOLS)
    scan = segment(0xDA, bytes([1, 1, 0x00, predictor, 0, 0]))
    return START + head + scan + bits.to_bytes() + END


def _differences(samples: NDArray[np.int_], precision: int, predictor: int) -> Iterator[int]:
    rows = samples.tolist()
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            if y == 0:
                predicted = row[x - 1] if x else 2 ** (precision - 1)
            elif x == 0:
                predicted = rows[y - 1][0]
            else:
                predicted = _predicted(predictor, row[x - 1], rows[y - 1][x], rows[y - 1][x - 1])
            yield value - predicted


def _predicted(predictor: int, left: int, above: int, diagonal: int) -> int:
    plane = left + above - diagonal
    halves = left + ((above - diagonal) >> 1), above + ((left - diagonal) >> 1), (left + above) >> 1
    return (left, above, diagonal, plane, *halves)[predictor - 1]


def make_dct_jpeg(samples: NDArray[np.integer], *, precision: int, marker: int) -> bytes:
    """Baseline (marker C0, 8 bits) or extended (C1, 8 or 12 bits) JPEG with all quantisation steps 1.

    Parameters
    ----------
    samples : ndarray of shape (rows, columns), multiples of 8
        0 to 2^precision - 1.
    precision, marker : int
    """
    bits, last = Bits(), 0
    rows, columns = samples.shape
    shifted = samples.astype(float) - 2 ** (precision - 1)
    for y in range(0, rows, 8):
        for x in range(0, columns, 8):
            block = np.rint(dctn(shifted[y : y + 8, x : x + 8], norm="ortho")).astype(int)
            _encode_block(bits, [int(block[at]) for at in ZIGZAG], last)
            last = int(block[0, 0])
    head = (
        segment(0xDB, bytes([0, *[1] * 64]))
        + frame(marker, precision, rows, columns)
        + huffman_table(0x00, DC_SYMBOLS[:16])
        + huffman_table(0x10, AC_SYMBOLS)
    )
    scan = segment(0xDA, bytes([1, 1, 0x00, 0, 63, 0]))
    return START + head + scan + bits.to_bytes() + END


def _encode_block(bits: Bits, coefficients: list[int], last: int) -> None:
    difference = coefficients[0] - last
    bits.symbol(abs(difference).bit_length(), DC_SYMBOLS)
    bits.number(difference, abs(difference).bit_length())
    run = 0
    for value in coefficients[1:]:
        if value == 0:
            run += 1
            continue
        for _ in range(run // 16):
            bits.symbol(0xF0, AC_SYMBOLS)
        size = abs(value).bit_length()
        bits.symbol((run % 16) << 4 | size, AC_SYMBOLS)
        bits.number(value, size)
        run = 0
    if run:
        bits.symbol(0x00, AC_SYMBOLS)
