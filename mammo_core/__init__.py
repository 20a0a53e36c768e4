"""Explained mammogram inference: one image in, one answer out."""

from typing import TYPE_CHECKING

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
