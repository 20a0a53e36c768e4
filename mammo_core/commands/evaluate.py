"""``mammo evaluate``: from a table of labels to measured numbers."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mammo_core.commands.terminal import SOME_FAILED, WRONG_USAGE, service_for, side_by_side, stop
from mammo_core.errors import InvalidRequestError, MammoError
from mammo_core.evaluation.evaluation import Evaluation
from mammo_core.evaluation.examination import Examined, Measuring, examine
from mammo_core.evaluation.labels import POSITIVE, LabelTable, Reading, read_labels
from mammo_core.evaluation.lesions import TOLERANCE_MM
from mammo_core.evaluation.resampling import Plan
from mammo_core.map_quality import QualityChecks
from mammo_core.options import AnalysisOptions
from mammo_core.records import CamMethod, PixelSpacing
from mammo_core.service import AnalysisService
from mammo_core.storage import read

OUT = Path("out") / "evaluation"


class Targets(StrEnum):
    """Which annotated lesions are to be found."""

    ALL = "all"
    POSITIVE = "positive"


def evaluate(
    labels: Annotated[
        Path,
        typer.Argument(help="Table (CSV, UTF-8) with a header and one row for each image or lesion."),
    ],
    images: Annotated[
        Path | None, typer.Option(help="Folder of the images; default: the folder of the table.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Model: a path, file:///… or s3://…; default: MODEL_URI, else embedded."),
    ] = None,
    method: Annotated[CamMethod, typer.Option(help="How the map is made.")] = CamMethod.GRADCAM,
    image_column: Annotated[str, typer.Option(help="Column of the file names.")] = "image",
    label_column: Annotated[
        str | None, typer.Option(help="Column of the labels; default: label, else cancer.")
    ] = None,
    positive: Annotated[
        str, typer.Option(help="Positive labels, separated by commas; case does not matter.")
    ] = ",".join(POSITIVE),
    negative: Annotated[
        str, typer.Option(help="Negative labels; rows with neither are left out. Default: all others.")
    ] = "",
    patient_column: Annotated[
        str | None,
        typer.Option(help="Column of the patients; default: patient, else patient_id, else none."),
    ] = None,
    lesions: Annotated[
        Targets, typer.Option(help="Lesions to be found: all annotated ones, or those of positive rows.")
    ] = Targets.ALL,
    spacing_mm: Annotated[
        float | None,
        typer.Option(min=0.001, max=10.0, help="Pixel spacing of images whose file tells none."),
    ] = None,
    tolerance_mm: Annotated[
        float, typer.Option(min=0.0, help="A peak may lie so far outside of a lesion.")
    ] = TOLERANCE_MM,
    tolerance_px: Annotated[
        float, typer.Option(min=0.0, help="The same where no spacing is known, in source pixels.")
    ] = 0.0,
    accept_unsuitable: Annotated[
        bool, typer.Option("--accept-unsuitable", help="Analyse what does not look like a mammogram, too.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = OUT,
    bootstrap: Annotated[int, typer.Option(min=100, help="Resamples for the intervals.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Of the resamples.")] = 0,
    jobs: Annotated[
        int, typer.Option(min=1, max=64, help="Images at the same time; helps where reading them is slow.")
    ] = 1,
) -> None:
    """Measure a model and its maps on labelled images.

    Columns of the table: image, label; optionally patient (intervals are by patient),
    x, y, r or x1, y1, x2, y2 (lesions, in source pixels), spacing_mm, view, laterality.
    Into --out go evaluation.json, evaluation.md with plots, and images.csv.

    Example, film scans with circles around lesions:

    mammo evaluate labels.csv --positive benign,malignant --spacing-mm 0.2

    Exit status: 0 all done, 1 some image failed (the others are measured), 2 wrong usage.
    """
    reading = Reading(
        image_column=image_column,
        label_column=label_column,
        positive=_words(positive),
        negative=_words(negative),
        patient_column=patient_column,
        positive_lesions_only=lesions is Targets.POSITIVE,
    )
    measuring = Measuring(
        folder=labels.parent if images is None else images,
        options=AnalysisOptions(
            method=method,
            images=(),
            accept_unsuitable=accept_unsuitable,
            quality_checks=QualityChecks.OFF,  # measured against labels here, not against the model
        ),
        spacing=None if spacing_mm is None else PixelSpacing(spacing_mm, spacing_mm),
        tolerance_mm=tolerance_mm,
        tolerance_px=tolerance_px,
    )
    try:
        _check_folder(measuring.folder)
        table = read_labels(read(labels.resolve().as_uri()), reading)
        service = service_for(model)
    except MammoError as error:
        stop(error, WRONG_USAGE)
    try:
        service.model_card()
    except MammoError as error:
        stop(error, SOME_FAILED)
    examined = list(_examined(table, service, measuring, jobs))
    evaluation = _evaluate(examined, table, service, reading, measuring, Plan(bootstrap, seed))
    _tell(evaluation, examined, out)
    if evaluation.images.failed:
        raise typer.Exit(SOME_FAILED)


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _check_folder(folder: Path) -> None:
    """A wrong folder is one mistake, not one for each image."""
    if not folder.is_dir():
        raise InvalidRequestError("The folder of the images does not exist.")


def _examined(
    table: LabelTable, service: AnalysisService, measuring: Measuring, jobs: int
) -> Iterator[Examined]:
    """All images in the order of the table."""
    one = partial(examine, service=service, measuring=measuring)
    return side_by_side(one, table.cases, jobs=jobs, what="evaluating")


def _evaluate(
    examined: Sequence[Examined],
    table: LabelTable,
    service: AnalysisService,
    reading: Reading,
    measuring: Measuring,
    plan: Plan,
) -> Evaluation:
    from mammo_core.evaluation.evaluation import evaluate as evaluated

    options: dict[str, object] = {
        "method": str(measuring.options.method),
        "positive": list(reading.positive),
        "negative": list(reading.negative),
        "lesions": str(Targets.POSITIVE if reading.positive_lesions_only else Targets.ALL),
        "spacing_mm": None if measuring.spacing is None else measuring.spacing.row_mm,
        "tolerance_mm": measuring.tolerance_mm,
        "tolerance_px": measuring.tolerance_px,
        "accept_unsuitable": measuring.options.accept_unsuitable,
    }
    return evaluated(examined, table=table, card=service.model_card(), options=options, plan=plan)


def _tell(evaluation: Evaluation, examined: Sequence[Examined], out: Path) -> None:
    """Write the files, and show the tables on the terminal."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from mammo_core.evaluation.report import write_report
    from mammo_core.evaluation.tables import tables

    paths = write_report(evaluation, examined, out)
    console = Console()
    for table in tables(evaluation):
        if table.rows:
            shown = Table(*(Column(name, overflow="fold") for name in table.header), title=table.title)
            for row in table.rows:
                shown.add_row(*map(Text, row))
            console.print(shown)
        for note in table.notes:
            console.print(Text(note), soft_wrap=True)
    for each in examined:
        if each.error is not None:
            failed = f"row {each.case.row}: {each.error.code}: {each.error.message}"
            console.print(Text(failed), soft_wrap=True)
    console.print(Text(f"Written: {paths[1]} and {len(paths) - 1} more in {out}."), soft_wrap=True)
