"""Train the default model on real mammograms, stage by stage: ``python -m training.mammogram STAGE``."""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mammo_core.evaluation.resampling import Plan
from training.mammogram.augment import Strength
from training.mammogram.batches import Mix
from training.mammogram.competitors import as_markdown, compare
from training.mammogram.export import export
from training.mammogram.learning import Recipe
from training.mammogram.network import Design, Head
from training.mammogram.outoffold import Question, measure_out_of_fold, service_of
from training.mammogram.phantoms import write_phantoms
from training.mammogram.prepare import prepare_folder
from training.mammogram.release_stages import add_releasing, models_of, unseen
from training.mammogram.runs import Run, execute
from training.mammogram.stability import as_markdown as stability_as_markdown
from training.mammogram.stability import stability
from training.mammogram.subgroups import as_markdown as subgroups_as_markdown
from training.mammogram.subgroups import subgroups
from training.mammogram.variants import as_markdown as variants_as_markdown
from training.mammogram.views import read

Tell = Callable[[str], None]
KINDS = ("PLANTED", "PLANTED_FILM", "LABELLED", "ANNOTATED_FILM", "NORMAL_FILM")
Stages = Any
"""What argparse gives for subcommands; its class is private."""


def main() -> None:
    """Run one stage."""
    arguments = _parser().parse_args()
    started = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - started:8.1f} s  {text}", flush=True)

    arguments.run(arguments, tell)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    stages = parser.add_subparsers(required=True)
    prepare = stages.add_parser("prepare", help="cache the network's inputs of a data folder")
    prepare.add_argument("--data", type=Path, required=True, help="folder with labels.csv and the images")
    prepare.add_argument("--cache", type=Path, required=True, help="folder for the arrays")
    prepare.set_defaults(run=_prepare)
    _add_learning(stages)
    _add_measuring(stages)
    add_releasing(stages)
    return parser


def _add_learning(stages: Stages) -> None:
    for name, words, run in (
        ("pretrain", "stage 1: find synthetic lesions in healthy views", _pretrain),
        ("finetune", "stage 2: labels of images, annotated films, and stage 1 beside", _finetune),
    ):
        stage = stages.add_parser(name, help=words)
        stage.add_argument("--views", type=Path, nargs="+", required=True, help="folders that prepare wrote")
        stage.add_argument("--out", type=Path, required=True, help="folder of this run; it is resumed")
        stage.add_argument("--fold", type=int, help="fold to leave out and measure on; default: none")
        stage.add_argument("--epochs", type=int, required=True)
        stage.add_argument("--epoch-steps", type=int, default=100)
        stage.add_argument("--measured-every", type=int, default=1, metavar="EPOCHS")
        stage.add_argument("--rate", type=float, default=2e-3 if name == "pretrain" else 4e-4)
        stage.add_argument("--decay", type=float, default=1e-2)
        stage.add_argument("--seed", type=int, default=1)
        stage.add_argument("--dtype", default="mixed_bfloat16", help="Keras policy of the convolutions")
        stage.add_argument("--geometry", type=float, default=1.0, help="strength of augmentation")
        stage.add_argument("--grey", type=float, default=1.0, help="strength of augmentation")
        transplants, woven = (0.3, 0.1) if name == "pretrain" else (0.0, 0.0)
        stage.add_argument("--transplants", type=float, default=transplants, help="share of what is planted")
        stage.add_argument("--woven", type=float, default=woven, help="share of the views planted into")
        stage.add_argument("--start", type=Path, help="weights of another run to begin with; default: none")
        mix = (9, 4, 0, 3, 0) if name == "pretrain" else (2, 2, 8, 2, 2)
        stage.add_argument("--mix", type=int, nargs=5, default=mix, metavar=KINDS, help="images in a batch")
        stage.set_defaults(run=run)
        if name == "finetune":
            stage.add_argument("--cell-weight", type=float, default=0.05)
            stage.add_argument("--energy-weight", type=float, default=0.0)
            stage.add_argument("--head", type=Head, default=Head.GATED, choices=list(Head))
            stage.add_argument("--smoothing", type=float, default=0.05)
            stage.add_argument("--background", action="store_true", help="control: views without the breast")
            stage.add_argument("--shuffled", action="store_true", help="control: labels that mean nothing")


def _add_measuring(stages: Stages) -> None:
    compiled = stages.add_parser("export", help="compile weights of runs, to be measured")
    compiled.add_argument("--weights", type=Path, nargs="+", required=True, help="weights_NNN.npz of runs")
    compiled.add_argument("--random", type=int, metavar="SEED", help="random weights instead: a baseline")
    compiled.add_argument("--float16", action="store_true", help="weights in 16 bits")
    compiled.add_argument("--out", type=Path, required=True, help="the bundle, .mammo")
    compiled.set_defaults(run=_export)
    measured = stages.add_parser("evaluate", help="measure each image by the model that left its patient out")
    measured.add_argument("--views", type=Path, nargs="+", required=True)
    measured.add_argument("--table", type=Path, required=True, help="labels.csv beside the images")
    measured.add_argument("--model", action="append", required=True, metavar="FOLD=BUNDLE")
    measured.add_argument("--positive", default="1", help="labels that count as positive, by commas")
    measured.add_argument("--spacing-mm", type=float)
    measured.add_argument("--resamples", type=int, default=2000)
    measured.add_argument("--out", type=Path, required=True)
    measured.set_defaults(run=_evaluate)
    variants = stages.add_parser("variants", help="a table of runs")
    variants.add_argument("runs", type=Path, nargs="+", help="their folders")
    variants.set_defaults(run=_variants)
    stable = stages.add_parser("stability", help="what mirroring, moving and JPEG do to score and map")
    stable.add_argument("--model", type=Path, required=True)
    stable.add_argument("--out", type=Path, required=True, help="Markdown file")
    stable.add_argument("images", type=Path, nargs="+")
    stable.add_argument("--views", type=Path, nargs="+", help="folders that prepare wrote, with --fold")
    stable.add_argument("--fold", type=int, help="left out by the model: other images are not taken")
    stable.add_argument("--count", type=int, default=100, help="images at most")
    stable.set_defaults(run=_stability)
    phantoms = stages.add_parser("phantoms", help="write phantoms with known lesions, for mammo evaluate")
    phantoms.add_argument("--out", type=Path, required=True)
    phantoms.add_argument("--count", type=int, default=300)
    phantoms.set_defaults(run=_phantoms)


def _prepare(arguments: argparse.Namespace, tell: Tell) -> None:
    count = prepare_folder(arguments.data, arguments.cache, tell=tell)
    tell(f"{count} views prepared; they are in {arguments.cache}")


def _pretrain(arguments: argparse.Namespace, tell: Tell) -> None:
    recipe = Recipe(steps=_steps(arguments), rate=arguments.rate, decay=arguments.decay)
    run = _run(arguments, recipe, Design(), Mix(*arguments.mix))
    execute(run, read(arguments.views), arguments.out, tell=tell)


def _finetune(arguments: argparse.Namespace, tell: Tell) -> None:
    recipe = Recipe(
        steps=_steps(arguments),
        rate=arguments.rate,
        decay=arguments.decay,
        score_weight=1.0,
        cell_weight=arguments.cell_weight,
        energy_weight=arguments.energy_weight,
        smoothing=arguments.smoothing,
    )
    run = replace(
        _run(arguments, recipe, Design(head=arguments.head), Mix(*arguments.mix)),
        shuffled=arguments.shuffled,
        background=arguments.background,
    )
    execute(run, read(arguments.views), arguments.out, tell=tell)


def _steps(arguments: argparse.Namespace) -> int:
    steps: int = arguments.epochs * arguments.epoch_steps
    return steps


def _run(arguments: argparse.Namespace, recipe: Recipe, design: Design, mix: Mix) -> Run:
    """What the commands of both stages say alike."""
    return Run(
        fold=arguments.fold,
        design=design,
        mix=mix,
        recipe=recipe,
        strength=Strength(arguments.geometry, arguments.grey),
        epochs=arguments.epochs,
        start=None if arguments.start is None else str(arguments.start),
        seed=arguments.seed,
        dtype=arguments.dtype,
        measured_every=arguments.measured_every,
        transplants=arguments.transplants,
        woven=arguments.woven,
    )


def _export(arguments: argparse.Namespace, tell: Tell) -> None:
    export(arguments.weights, arguments.out, random=arguments.random, float16=arguments.float16)
    tell(f"{', '.join(map(str, arguments.weights))} to {arguments.out}")


def _evaluate(arguments: argparse.Namespace, tell: Tell) -> None:
    collection = read(arguments.views)
    question = Question(
        arguments.table, tuple(arguments.positive.split(",")), arguments.spacing_mm, arguments.resamples
    )
    _, examined = measure_out_of_fold(
        question, models_of(arguments.model), collection.views, arguments.out, tell=tell
    )
    scores = {each.case.image: each.score for each in examined if each.error is None}
    if any(view.image in scores and view.facts.get("age") for view in collection.views):
        table = as_markdown(*compare(collection, scores, plan=Plan(arguments.resamples)))
        (arguments.out / "competitors.md").write_text(table)
        tell(table)
        groups = subgroups(collection.views, scores, plan=Plan(arguments.resamples))
        (arguments.out / "subgroups.md").write_text(subgroups_as_markdown(groups))


def _variants(arguments: argparse.Namespace, _tell: Tell) -> None:
    print(variants_as_markdown(arguments.runs))


def _stability(arguments: argparse.Namespace, tell: Tell) -> None:
    images = unseen(arguments.images, arguments.views, arguments.fold, arguments.count)
    table = stability_as_markdown(stability(service_of(arguments.model), images))
    arguments.out.write_text(table)
    tell(table)


def _phantoms(arguments: argparse.Namespace, tell: Tell) -> None:
    write_phantoms(arguments.out, arguments.count)
    tell(f"{arguments.count} phantoms in {arguments.out}")


if __name__ == "__main__":
    main()
