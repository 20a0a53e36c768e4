"""Look-up tables: a function of a stored value costs one gather, whatever the function is."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from mammo_core import processors
from mammo_core.records import FULL_SCALE, Pixels

CHUNK = 2**18
"""Pixels per step. NumPy widens an index to 64 bits: 109 MB for one full view if it were done at once."""
MAX_THREADS = 2
"""Each has a chunk's indices, 2 MB, and more of them would wait for memory."""


def gather(table: Pixels, codes: NDArray[np.unsignedinteger]) -> Pixels:
    """Look each code up.

    Parameters
    ----------
    table : ndarray of shape (n,), uint16
    codes : ndarray of any shape, unsigned integers below n
        Any byte order; not changed.

    Returns
    -------
    ndarray of the codes' shape, uint16
    """
    flat = codes.reshape(-1)
    values = np.empty(flat.size, dtype=np.uint16)
    starts = iter(range(0, flat.size, CHUNK))

    def look_up(_thread: int) -> None:
        index = np.empty(min(CHUNK, flat.size), dtype=np.intp)
        # One iterator for all threads: that on a busy processor takes fewer chunks.
        for start in starts:
            part = slice(start, start + CHUNK)
            places = index[: values[part].size]
            places[...] = flat[part]
            # All are within the table, so no mode changes any; "wrap" needs no buffer, and is the fastest.
            np.take(table, places, out=values[part], mode="wrap")

    # NumPy lets go of the interpreter while it casts and takes.
    threads = min(processors.available(), MAX_THREADS, -(-flat.size // CHUNK))
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(look_up, range(threads)))
    else:
        look_up(0)
    return values.reshape(codes.shape)


def full_scale(bits: int) -> Pixels:
    """Table that spreads values of ``bits`` bits over 0 to 65535, (2**bits,), uint16."""
    codes: NDArray[np.float64] = np.arange(2**bits, dtype=np.float64)
    return to_display(codes / (2**bits - 1))


def to_display(unit: NDArray[np.float64]) -> Pixels:
    """Round 0.0 to 1.0 to 0 to 65535, uint16."""
    values: Pixels = np.rint(unit * FULL_SCALE).astype(np.uint16)
    return values
