"""A run: one stage on one choice of patients, with a folder for its settings, states and figures."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from training.mammogram.augment import Strength
from training.mammogram.batches import Mix, Source
from training.mammogram.controls import BackgroundOnly, shuffled
from training.mammogram.folds import fold_of
from training.mammogram.learning import Learner, Recipe, save_weights
from training.mammogram.network import Design, Head, build
from training.mammogram.probe import begin, probe
from training.mammogram.validation import measure
from training.mammogram.views import Collection, View

SETTINGS, STATE, LOG, WEIGHTS = "settings.json", "state.npz", "log.jsonl", "weights_{:03d}.npz"


@dataclass(frozen=True, slots=True)
class Run:
    """All that decides how a run goes.

    Parameters
    ----------
    fold : int or None
        Its patients are left out, and measured on; None learns from all and measures nothing.
    design : Design
    mix : Mix
    recipe : Recipe
        Its steps are those of all epochs.
    strength : Strength
    epochs : int
    start : str or None
        Weights to begin with: a file of another run.
    seed : int
    dtype : str
        Keras policy of the convolutions.
    shuffled : bool
        The control with labels that mean nothing.
    background : bool
        The control without a breast.
    measured_every : int
        Epochs between measurements.
    transplants, woven : float
        See :class:`training.mammogram.batches.Source`.
    """

    fold: int | None
    design: Design
    mix: Mix
    recipe: Recipe
    strength: Strength = field(default_factory=Strength)
    epochs: int = 10
    start: str | None = None
    seed: int = 1
    dtype: str = "float32"
    shuffled: bool = False
    background: bool = False
    measured_every: int = 1
    transplants: float = 0.0
    woven: float = 0.0

    @property
    def epoch_steps(self) -> int:
        """Steps of an epoch."""
        return self.recipe.steps // self.epochs

    def as_record(self) -> dict[str, Any]:
        """For JSON, and to tell whether a folder holds this run."""
        record: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return record


def split(views: tuple[View, ...], fold: int | None) -> tuple[list[View], list[View]]:
    """Views to learn from and views to measure on: no patient is in both."""
    if fold is None:
        return list(views), []
    folds = fold_of(views)
    return (
        [view for view in views if folds[view.patient] != fold],
        [view for view in views if folds[view.patient] == fold],
    )


def execute(
    run: Run, collection: Collection, folder: Path, *, tell: Callable[[str], None] = lambda _text: None
) -> None:
    """Begin a run, or go on with it where it was cut off; does nothing if it is done.

    Parameters
    ----------
    run : Run
    collection : Collection
    folder : Path
        Of this run alone.
    tell : callable
        Told each epoch.

    Raises
    ------
    ValueError
        If the folder holds a run with other settings.
    """
    _claim(run, folder)
    if run.background:
        collection = BackgroundOnly(collection.views, collection.images, collection.tissue)
    learning, measuring = split(collection.views, run.fold)
    if run.shuffled:
        learning = shuffled(learning, run.seed)
    network = build(run.design, seed=run.seed, dtype=run.dtype)
    resumed = (folder / STATE).exists()
    if run.start is not None and not resumed:
        former = begin(network, run.design, Path(run.start), Path(run.start).with_name(SETTINGS))
        if run.design.head is not Head.STRONGEST and former.head is Head.STRONGEST:
            probe(network, collection, learning)
    learner = Learner(network, run.recipe)
    if resumed:
        learner.restore(folder / STATE)
        tell(f"resumed at step {learner.step}")
    judge = build(run.design, seed=run.seed)
    source = Source(collection, learning, run.mix, run.seed, run.strength, run.transplants, run.woven)
    batches = source.batches(learner.step, run.epochs * run.epoch_steps)
    for epoch in range(learner.step // run.epoch_steps + 1, run.epochs + 1):
        started = time.monotonic()
        losses = [learner.learn(next(batches)) for _ in range(run.epoch_steps)]
        seconds = time.monotonic() - started
        judge.set_weights(learner.averaged())
        save_weights(folder / WEIGHTS.format(epoch), learner.averaged())
        figures: dict[str, Any] = {}
        if measuring and (epoch % run.measured_every == 0 or epoch == run.epochs):
            figures = asdict(measure(judge, collection, measuring))
        cells, scores, energy = np.mean(losses, axis=0)
        record = {
            "epoch": epoch,
            "cell_loss": round(float(cells), 4),
            "score_loss": round(float(scores), 4),
            "energy_loss": round(float(energy), 4),
            "seconds": round(seconds, 1),
            "measuring_seconds": round(time.monotonic() - started - seconds, 1),
            **{name: value if value is None else round(value, 4) for name, value in figures.items()},
        }
        line = _logged(record, folder / LOG)
        # Behind the log: an epoch that was cut off before is learnt, measured and written down again.
        learner.save(folder / STATE)
        tell(line)


def _logged(record: dict[str, Any], log: Path) -> str:
    """Write down an epoch, behind those before it."""
    lines = log.read_text().splitlines() if log.exists() else []
    earlier = [line for line in lines if json.loads(line)["epoch"] < record["epoch"]]
    line = json.dumps(record)
    log.write_text("\n".join([*earlier, line]) + "\n")
    return line


def _claim(run: Run, folder: Path) -> None:
    """Write down the settings, or check that they are the same."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / SETTINGS
    if not settings.exists():
        settings.write_text(json.dumps(run.as_record(), indent=2) + "\n")
    elif json.loads(settings.read_text()) != run.as_record():
        raise ValueError(f"{folder} holds a run with other settings; choose another folder.")
