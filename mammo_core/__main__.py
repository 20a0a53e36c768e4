"""``python -m mammo_core``: the command line."""

from mammo_core.cli import app

if __name__ == "__main__":
    app()
