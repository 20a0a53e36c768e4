"""Look-up tables: a function of a stored value costs one gather, whatever the function is."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from mammo_core import processors
from mammo_core.records import FULL_SCALE, Pixels

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

T = TypeVar("T")

CHUNK = 2**18
"""Pixels per step. NumPy widens an index to 64 bits: 109 MB for one full view if it were done at once."""


def by_chunks(work: Callable[[slice], T], pixels: int) -> list[T]:
    """Do a work on each chunk of a flat image, in two threads where there are two processors.

    Parameters
    ----------
    work : callable
        Takes a slice of at most :data:`CHUNK` pixels. What NumPy does in it goes on in both threads at once
        where it lets go of the interpreter, as casts, ``take`` and ``max`` do.
    pixels : int

    Returns
    -------
    list
        What it returned, in any order.
    """
    # One iterator for both threads: that on a busy processor takes fewer chunks.
    starts = iter(range(0, pixels, CHUNK))

    def take_turns() -> list[T]:
        return [work(slice(start, start + CHUNK)) for start in starts]

    if pixels <= CHUNK or processors.available() == 1:
        return take_turns()
    helper = _helper().submit(take_turns)
    done = take_turns()
    # If it helps another request, or has died in a fork, nothing is left for it to do.
    return done if helper.cancel() else done + helper.result()


@cache
def _helper() -> "ThreadPoolExecutor":
    """One thread, kept, since to start it takes as long as two chunks. A third would wait for memory."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(1)


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

    def look_up(part: slice) -> None:
        # All are within the table, so no mode changes any; "wrap" needs no buffer, and is the fastest.
        np.take(table, flat[part].astype(np.intp), out=values[part], mode="wrap")

    by_chunks(look_up, flat.size)
    return values.reshape(codes.shape)


def full_scale(bits: int) -> Pixels:
    """Table that spreads values of ``bits`` bits over 0 to 65535, (2**bits,), uint16."""
    codes: NDArray[np.float64] = np.arange(2**bits, dtype=np.float64)
    return to_display(codes / (2**bits - 1))


def to_display(unit: NDArray[np.float64]) -> Pixels:
    """Round 0.0 to 1.0 to 0 to 65535, uint16."""
    values: Pixels = np.rint(unit * FULL_SCALE).astype(np.uint16)
    return values
