"""What the commands share: how they stop, show progress and name a model."""

from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn, TypeVar

import typer

from mammo_core.errors import MammoError

T = TypeVar("T")

SOME_FAILED, WRONG_USAGE = 1, 2
"""Exit statuses; 0 is all good."""


def stop(error: MammoError, status: int) -> NoReturn:
    """Say why on standard error, and end."""
    typer.echo(f"mammo: {error.message}", err=True)
    raise typer.Exit(status)


def model_uri(model: str) -> str:
    """The URI of a model; a plain path is a file of this machine."""
    return model if "://" in model else Path(model).resolve().as_uri()


def progress(items: Iterable[T], *, what: str, total: int) -> Iterable[T]:
    """Show a bar on a terminal, nothing in a pipe."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(items, console=console, description=what, total=total) if console.is_terminal else items
