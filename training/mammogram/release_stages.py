"""Stages that come last: the model that ships, and its documents."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.evaluation.resampling import Plan
from training.mammogram.card import write_card
from training.mammogram.measure_control import measure_control
from training.mammogram.outoffold import image_folds
from training.mammogram.release import Measured, points_at_the_sample, release
from training.mammogram.results import FOLDERS, Sources
from training.mammogram.views import read

Tell = Callable[[str], None]
DEFAULT = Path("mammo_core/assets/default.mammo")


def add_releasing(stages: Any) -> None:  # noqa: ANN401 - argparse's class is private
    """Add the stages to the command."""
    released = stages.add_parser("release", help="compile the model that ships")
    released.add_argument("--views", type=Path, nargs="+", required=True)
    released.add_argument("--weights", type=Path, nargs="+", required=True, help="the final ones")
    released.add_argument("--rsna", type=Path, required=True, help="folder that evaluate wrote")
    released.add_argument("--films", type=Path, required=True, help="the same, every finding positive")
    released.add_argument("--rsna-table", type=Path, required=True, help="labels.csv beside the views")
    released.add_argument("--model", action="append", required=True, metavar="FOLD=BUNDLE")
    released.add_argument("--malignant", type=Path, help="evaluate of films, malignant ones positive")
    released.add_argument("--phantoms", type=Path, help="mammo evaluate of phantoms by the final weights")
    released.add_argument("--version", required=True)
    released.add_argument("--float16", action="store_true", help="weights in 16 bits")
    released.add_argument("--keras", type=Path, help="where to leave the Keras file, for mammo check")
    released.add_argument("--out", type=Path, default=DEFAULT)
    released.set_defaults(run=_release)
    control = stages.add_parser("control", help="measure a run that had nothing to learn")
    control.add_argument("--views", type=Path, nargs="+", required=True)
    control.add_argument("--weights", type=Path, nargs="+", required=True, help="of the run")
    control.add_argument("--out", type=Path, required=True, help="JSON file")
    control.set_defaults(run=_control)
    card = stages.add_parser("card", help="write docs/model/ and the numbers of MODEL_CARD.md")
    card.add_argument("--views", type=Path, nargs="+", required=True)
    for name, words in FOLDERS.items():
        card.add_argument(f"--{name}", type=Path, help=f"evaluation of {words}; what is missing is said")
    card.add_argument("--stability", type=Path, help="what stability wrote")
    card.add_argument("--check", type=Path, help="what mammo check --json wrote")
    card.add_argument("--control", type=Path, action="append", default=[], help="what control wrote")
    card.add_argument("--run", dest="folders", type=Path, action="append", default=[], help="for the curves")
    card.add_argument("--model", type=Path, default=DEFAULT, help="the bundle that ships")
    card.add_argument("--out", type=Path, default=Path("docs/model"))
    card.add_argument("--card", type=Path, default=Path("MODEL_CARD.md"))
    card.set_defaults(run=_card)


def models_of(arguments: list[str]) -> dict[int, Path]:
    """Fold to bundle, of ``FOLD=BUNDLE``."""
    return {int(fold): Path(path) for fold, _, path in (each.partition("=") for each in arguments)}


def unseen(images: list[Path], folders: list[Path] | None, fold: int | None, count: int) -> list[Path]:
    """At most ``count`` images, evenly chosen; with ``fold``, of those alone that a model left out."""
    if fold is not None:
        folds = image_folds(read(folders or []).views)
        images = [path for path in images if folds.get(path.name) == fold]
    if not images:
        raise ValueError("None of the images is one that the fold left out.")
    at = np.linspace(0, len(images) - 1, min(count, len(images))).round().astype(int)
    return [images[number] for number in at]


def _control(arguments: argparse.Namespace, tell: Tell) -> None:
    found = measure_control(arguments.weights, read(arguments.views), plan=Plan())
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=2) + "\n")
    tell(f"{arguments.out.stem}: {found['auc']}")


def _card(arguments: argparse.Namespace, tell: Tell) -> None:
    sources = Sources(
        evaluations={name: getattr(arguments, name) for name in FOLDERS},
        stability=arguments.stability,
        controls=tuple(arguments.control),
        check=arguments.check,
        runs=tuple(arguments.folders),
        model=arguments.model,
    )
    for path in write_card(sources, read(arguments.views), arguments.out, arguments.card):
        tell(str(path))


def _release(arguments: argparse.Namespace, tell: Tell) -> None:
    measured = Measured(
        rsna=arguments.rsna,
        films=arguments.films,
        rsna_table=arguments.rsna_table,
        models=models_of(arguments.model),
        malignant=arguments.malignant,
        phantoms=arguments.phantoms,
    )
    release(
        arguments.weights,
        read(arguments.views),
        measured,
        arguments.out,
        version=arguments.version,
        float16=arguments.float16,
        keras=arguments.keras,
        tell=tell,
    )
    hit = points_at_the_sample(arguments.out)
    tell(f"the map of the package's sample {'points at its mass' if hit else 'MISSES ITS MASS'}")
