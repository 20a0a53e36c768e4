"""Stages that come last: the model that ships, and its documents."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training.mammogram.shipping import Measured, release
from training.mammogram.views import read

Tell = Callable[[str], None]
DEFAULT = Path("mammo_core/assets/default.mammo")


def add_releasing(stages: Any) -> None:  # noqa: ANN401 - argparse's class is private
    """Add the stages to the command."""
    released = stages.add_parser("release", help="compile the model that ships")
    released.add_argument("--views", type=Path, nargs="+", required=True)
    released.add_argument("--run", dest="folder", type=Path, required=True, help="with the final weights")
    released.add_argument("--epoch", type=int, required=True)
    released.add_argument("--rsna", type=Path, required=True, help="folder that evaluate wrote")
    released.add_argument("--films", type=Path, required=True, help="the same, every finding positive")
    released.add_argument("--films-table", type=Path, required=True, help="labels.csv beside the films")
    released.add_argument("--model", action="append", required=True, metavar="FOLD=BUNDLE")
    released.add_argument("--malignant", type=Path, help="evaluate of films, malignant ones positive")
    released.add_argument("--phantoms", type=Path, help="mammo evaluate of phantoms by the final weights")
    released.add_argument("--version", required=True)
    released.add_argument("--float16", action="store_true", help="weights in 16 bits")
    released.add_argument("--out", type=Path, default=DEFAULT)
    released.set_defaults(run=_release)


def models_of(arguments: list[str]) -> dict[int, Path]:
    """Fold to bundle, of ``FOLD=BUNDLE``."""
    return {int(fold): Path(path) for fold, _, path in (each.partition("=") for each in arguments)}


def _release(arguments: argparse.Namespace, tell: Tell) -> None:
    measured = Measured(
        rsna=arguments.rsna,
        films=arguments.films,
        films_table=arguments.films_table,
        models=models_of(arguments.model),
        malignant=arguments.malignant,
        phantoms=arguments.phantoms,
    )
    release(
        arguments.folder,
        arguments.epoch,
        read(arguments.views),
        measured,
        arguments.out,
        version=arguments.version,
        float16=arguments.float16,
        tell=tell,
    )
