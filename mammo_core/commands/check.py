"""``mammo check``: whether an explanation depends on its model."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from mammo_core.commands.terminal import SOME_FAILED, WRONG_USAGE, stop
from mammo_core.errors import ConfigurationError, MammoError
from mammo_core.records import CamMethod
from mammo_core.sanity.results import Report, Result


def check(
    model: Annotated[Path, typer.Argument(help="A .keras, .h5 or .mammo file.", exists=True, dir_okay=False)],
    method: Annotated[CamMethod, typer.Option(help="How the map is made.")] = CamMethod.GRADCAM,
    as_json: Annotated[bool, typer.Option("--json", help="Write the report as JSON.")] = False,
) -> None:
    """Check on phantoms that a model's map depends on the model and can be trusted to stay the same.

    Weight randomisation: with random weights, layer by layer from the head down, the map must become another
    one. Determinism: the same input gives the same bytes. Saturation: a score of 50 logits still has its
    gradient. Flip: what a mirrored image changes; reported only.

    A .mammo bundle is checked for determinism and flip; the others need the Keras file.

    Exit status: 0 all passed, 1 a check failed or the model cannot be used, 2 wrong usage.
    """
    from mammo_core.compiler.quiet import quietly
    from mammo_core.sanity.check import check_model

    try:
        with quietly():
            report = check_model(model, method)
    except ConfigurationError as error:
        stop(error, WRONG_USAGE)
    except MammoError as error:
        stop(error, SOME_FAILED)
    if as_json:
        sys.stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
    else:
        _show(report)
    if not report.passed:
        raise typer.Exit(SOME_FAILED)


def _show(report: Report) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    title = (
        f"{report.model} {report.version} ({report.backend}), layer {report.target_layer}, {report.method}"
    )
    console.print(Text(title))
    table = Table("check", "outcome", "value", "limit", "what was found")
    for result in report.results:
        table.add_row(*map(Text, _row(result)))
    console.print(table)
    for result in report.results:
        for name, value in result.details:
            console.print(Text(f"{result.check}: {name} {value:.3g}"), soft_wrap=True)


def _row(result: Result) -> tuple[str, ...]:
    numbers = ("—" if number is None else f"{number:.2g}" for number in (result.value, result.limit))
    return result.check, str(result.outcome).replace("_", " "), *numbers, result.summary
