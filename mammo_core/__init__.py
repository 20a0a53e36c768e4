"""Explained mammogram inference: one image in, one answer out."""

import os
from typing import TYPE_CHECKING

# NumPy reads it as it is imported, so it is set before any door is. Our products of matrices are small: on
# shared cores, threads that wait for one another took eight times as long. Whoever sets it is heard.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if TYPE_CHECKING:
    from mammo_core.python_api import analyze

__version__ = "0.1.0"
__all__ = ["__version__", "analyze"]


def __getattr__(name: str) -> object:
    """Load the Python door when it is asked for: every other door imports this package, too."""
    if name == "analyze":
        from mammo_core.python_api import analyze

        return analyze
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
