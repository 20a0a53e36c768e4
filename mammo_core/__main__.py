"""``python -m mammo_core``: the command line."""

from mammo_core.cli import app

app()
