"""Steps that may fail without costing the prediction.

After the score, whatever breaks — an import, a font, a renderer, the target layer — leaves the score
answered. The failure is kept as a sentence for the answer and a place in the code for the log;
it is never swallowed.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

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
        For the log: the innermost frame, as ``file.py:line``.
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
        return Outcome(None, failure_of(what, error))


def failure_of(what: str, error: Exception) -> Failure:
    """Describe an exception without its message."""
    return Failure(f"{what} could not be made ({type(error).__name__})", where_raised(error))


def where_raised(error: BaseException) -> str:
    """The innermost frame of an exception, as ``file.py:line``; the message stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "unknown"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
