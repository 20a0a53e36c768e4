"""``mammo model``: what a model declares about itself."""

import sys
from typing import Annotated

import typer

from mammo_core.commands.terminal import SOME_FAILED, WRONG_USAGE, service_for, stop
from mammo_core.errors import ConfigurationError, MammoError
from mammo_core.schemas import ModelCard


def model(
    uri: Annotated[
        str | None, typer.Argument(help="A path, file:///… or s3://…; default: MODEL_URI, else embedded.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write all of it as JSON, as GET /model does.")
    ] = False,
) -> None:
    """Print what a model declares: classes, threshold, input, digests, intended use, measured performance.

    The model is loaded, and its digests are checked.

    Exit status: 0 done, 1 the model cannot be loaded, 2 wrong usage.
    """
    try:
        card = service_for(uri).model_card()
    except ConfigurationError as error:
        stop(error, WRONG_USAGE)
    except MammoError as error:
        stop(error, SOME_FAILED)
    if as_json:
        sys.stdout.write(card.model_dump_json(indent=2) + "\n")
    else:
        _show(card)


def _show(card: ModelCard) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _facts(card):
        table.add_row(Text(name), Text(value))
    console.print(table)
    if card.performance:
        measured = Table("metric", "value", "measured on")
        for each in card.performance:
            measured.add_row(*map(Text, (each.metric, f"{each.value:g}", each.data)))
        console.print(measured)
    console.print(Text(card.disclaimer))


def _facts(card: ModelCard) -> list[tuple[str, str]]:
    size = f"{card.input.rows} × {card.input.columns} × {card.input.channels}"
    return [
        ("model", f"{card.id} {card.version}"),
        ("intended use", card.intended_use or "not declared"),
        ("classes", f"{', '.join(card.classes)}; positive: {card.positive}"),
        ("head", str(card.head)),
        ("threshold", f"{card.threshold.threshold:g} ({card.threshold.source})"),
        ("input", size),
        ("target layer", card.target_layer or "found when it is loaded"),
        ("trained on", card.training_data or "not declared"),
        ("licence", card.licence or "not declared"),
        ("backend", card.backend),
        ("sha256", card.sha256),
        ("manifest sha256", card.manifest_sha256 or "no manifest"),
    ]
