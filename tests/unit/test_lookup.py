"""Every pixel is looked up, whoever shares the work."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mammo_core import processors
from mammo_core.imaging import lookup
from mammo_core.imaging.lookup import by_chunks, gather


@pytest.mark.parametrize("available", [1, 2, 64])
@pytest.mark.parametrize("shape", [(0, 5), (1, 1), (7, 3), (8, 4), (83, 61)])
@pytest.mark.parametrize("kind", ["u1", "<u2", ">u2"])
def test_each_code_becomes_the_value_at_its_place_in_the_table(
    monkeypatch: pytest.MonkeyPatch, kind: str, shape: tuple[int, int], available: int
) -> None:
    monkeypatch.setattr(processors, "available", lambda: available)
    monkeypatch.setattr(lookup, "CHUNK", 16)  # of the shapes, two fill their chunks, three do not
    rng = np.random.default_rng(1)
    bits = 8 * np.dtype(kind).itemsize
    table = rng.permutation(2**16)[: 2**bits].astype(np.uint16)
    codes = rng.integers(0, 2**bits, size=shape).astype(kind)

    values = gather(table, codes)

    assert values.dtype == np.uint16
    np.testing.assert_array_equal(values, table[codes])


def test_the_ends_of_the_table_are_reached() -> None:
    table = np.arange(2**16, dtype=np.uint16)[::-1].copy()

    values = gather(table, np.array([[0, 1, 2**16 - 2, 2**16 - 1]], dtype=np.uint16))

    assert values.tolist() == [[65535, 65534, 1, 0]]


def test_a_fault_in_the_helping_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "available", lambda: 2)
    monkeypatch.setattr(lookup, "CHUNK", 2)
    begun = threading.Event()

    def work(_part: slice) -> None:
        if threading.current_thread() is not threading.main_thread():
            begun.set()
            raise MemoryError
        assert begun.wait(10)

    with pytest.raises(MemoryError):
        by_chunks(work, 9)


def test_a_helper_that_is_busy_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processors, "available", lambda: 2)
    monkeypatch.setattr(lookup, "CHUNK", 2)
    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(lookup, "_helper", lambda: pool)
        other = pool.submit(done.wait, 10)

        parts = by_chunks(lambda part: (part.start, part.stop), 5)

        assert not other.done()
        done.set()
    assert parts == [(0, 2), (2, 4), (4, 6)]
