"""Words for a failure, so that the answer can tell it without telling anything of the image."""

from collections.abc import Iterator
from contextlib import contextmanager

from mammo_core.errors import RenderError


def kind(error: Exception) -> str:
    """The exception's type, and for a failed import the module; never its message, which may hold paths.

    A :class:`RenderError` is made from facts and speaks for itself.
    """
    if isinstance(error, RenderError):
        return error.message
    name = type(error).__name__
    if isinstance(error, ImportError) and error.name:
        return f"{name}: {error.name}"
    return name


def place(error: Exception) -> str:
    """Where the first cause was raised, as ``module:line``: for the log, never for the answer."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    at = cause.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return "nowhere" if at is None else f"{at.tb_frame.f_globals.get('__name__')}:{at.tb_lineno}"


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
