"""What the commands share: how they stop, show progress and open the service."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from mammo_core.errors import MammoError

if TYPE_CHECKING:
    from mammo_core.service import AnalysisService

S = TypeVar("S")
T = TypeVar("T")

SOME_FAILED, WRONG_USAGE = 1, 2
"""Exit statuses; 0 is all good."""


def stop(error: MammoError, status: int) -> NoReturn:
    """Say why on standard error, and end."""
    typer.echo(f"mammo: {error.message}", err=True)
    raise typer.Exit(status)


def service_for(model: str | None) -> "AnalysisService":
    """The service as the environment sets it up, with another model if one is named; nothing is loaded yet.

    Raises
    ------
    ConfigurationError
        If the environment is not valid.
    """
    from mammo_core.service import service_with
    from mammo_core.storage import uri_of

    return service_with(None if model is None else uri_of(model))


def side_by_side(work: Callable[[S], T], items: Sequence[S], *, jobs: int, what: str) -> Iterator[T]:
    """Do some work for each item, several at a time, and give the results in the items' order.

    Threads share the model, as requests over HTTP do.
    """
    if jobs == 1:
        yield from progress(map(work, items), what=what, total=len(items))
        return
    with ThreadPoolExecutor(jobs) as pool:
        yield from progress(pool.map(work, items), what=what, total=len(items))


def progress(items: Iterable[T], *, what: str, total: int) -> Iterable[T]:
    """Show a bar on a terminal, nothing in a pipe."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, console=console, description=what, total=total) if console.is_terminal else items
