"""How Pillow and pydicom are called: without their warnings, their log lines and their exceptions.

Warnings and log lines of pydicom quote the values of tags, which may identify a patient.
"""

import logging
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from struct import error as StructError

FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    StructError,
    SyntaxError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What a corrupt file makes the two libraries raise, found by fuzzing and by reading their sources."""

_LOCK = threading.RLock()
_inside = False
"""Whether the thread that holds the lock is in a call of :func:`quiet`."""
_LOGGERS = ("PIL", "pydicom")


@contextmanager
def quiet() -> Iterator[None]:
    """Run a library without its warnings and log lines.

    Notes
    -----
    Python keeps warning filters per process, so threads must not change them at the same time: calls wait
    for each other. It costs more than reading an attribute does, but nothing within another call.
    """
    global _inside
    with _LOCK:
        if _inside:
            yield
            return
        _inside = True
        try:
            with _silenced():
                yield
        finally:
            _inside = False


@contextmanager
def _silenced() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Their children take the level from them, where a filter or ``disabled`` would not reach.
        loggers = [logging.getLogger(name) for name in _LOGGERS]
        levels = [logger.level for logger in loggers]
        try:
            for logger in loggers:
                logger.setLevel(logging.CRITICAL + 1)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
