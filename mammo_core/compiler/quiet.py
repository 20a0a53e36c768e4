"""TensorFlow's talk, kept off the terminal."""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quietly() -> Iterator[None]:
    """Write nothing to standard error while the context lasts: for commands, not for a service.

    TensorFlow's C++ part, which knows nothing of ``sys.stderr``, prints pages for one operation without a
    kernel; the error that it raises holds the same.
    """
    log = logging.getLogger("absl")
    level = log.level
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as swallowed:
            os.dup2(swallowed.fileno(), 2)
            log.setLevel(logging.ERROR)
            yield
    finally:
        log.setLevel(level)
        os.dup2(kept, 2)
        os.close(kept)
