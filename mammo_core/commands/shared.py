"""What several commands need."""

from pathlib import Path
from typing import NoReturn

import typer

from mammo_core.errors import MammoError


def stop(error: MammoError, status: int) -> NoReturn:
    """End the command with an error's message."""
    typer.echo(f"mammo: {error.message}", err=True)
    raise typer.Exit(status)


def model_uri(model: str) -> str:
    """The URI of a model; a plain path is a file of this machine."""
    return model if "://" in model else Path(model).resolve().as_uri()
