"""Steps that may fail without costing the prediction.

After the score, whatever breaks — an import, a font, a renderer, the target layer — leaves the score
answered. The failure is kept as a sentence for the answer and a place in the code for the log;
it is never swallowed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mammo_core.errors import MammoError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Failure:
    """What broke.

    Parameters
    ----------
    reason : str
        For the answer: what could not be done, and the kind of error. No message of the error itself: it
        may hold paths or pixel data.
    where : str
        For the log: where the first cause was raised, as ``module:line``.
    """

    reason: str
    where: str


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """The value of a step, or its failure."""

    value: T | None
    failure: Failure | None = None

    @property
    def reason(self) -> str | None:
        """The failure's sentence."""
        return self.failure.reason if self.failure is not None else None


def attempt(what: str, step: Callable[[], T]) -> Outcome[T]:
    """Run a step and keep its failure instead of raising it.

    Parameters
    ----------
    what : str
        The step in words, such as ``the map``.
    step : callable

    Returns
    -------
    Outcome
    """
    try:
        return Outcome(step())
    except Exception as error:
        return Outcome(None, Failure(f"{what} could not be made: {kind(error)}", place(error)))


def kind(error: BaseException) -> str:
    """The exception's type, and for a failed import the module; never its message, which may hold paths.

    An error of ours is made from facts and speaks for itself.
    """
    if isinstance(error, MammoError):
        return error.message
    name = type(error).__name__
    if isinstance(error, ImportError) and error.name:
        return f"{name}: {error.name}"
    return name


def place(error: BaseException) -> str:
    """Where the first cause was raised, as ``module:line``: for the log, never for the answer."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    at = cause.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    return "nowhere" if at is None else f"{at.tb_frame.f_globals.get('__name__')}:{at.tb_lineno}"
