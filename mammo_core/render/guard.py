"""Name the part of a picture that failed."""

from collections.abc import Iterator
from contextlib import contextmanager

from mammo_core.attempt import kind
from mammo_core.errors import RenderError


@contextmanager
def during(part: str) -> Iterator[None]:
    """Name the part of a picture in which an exception was raised.

    Parameters
    ----------
    part : str
        What is being done, for example ``colour map inferno``.

    Raises
    ------
    RenderError
        Instead of any other exception: ``<part> (<type of the exception>)``.
    """
    try:
        yield
    except RenderError:
        raise
    except Exception as error:
        raise RenderError(f"{part} ({kind(error)})") from error
