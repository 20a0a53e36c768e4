"""``mammo analyze``: image files to answers and pictures."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mammo_core.batch import Done, Found, Job, find_jobs, run, write
from mammo_core.commands.terminal import SOME_FAILED, WRONG_USAGE, service_for, side_by_side, stop
from mammo_core.errors import InvalidRequestError, MammoError
from mammo_core.map_quality import QualityChecks
from mammo_core.options import DEFAULT_SIDE, LARGEST_SIDE, SMALLEST_SIDE, AnalysisOptions, picture_names
from mammo_core.records import CamMethod, ColourMap, Laterality, PictureFormat, PictureName, ViewPosition

NAMED = 3
"""Images that a warning names before it counts them."""


def analyze(
    paths: Annotated[list[Path], typer.Argument(help="Image files, or folders that are searched for them.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for NAME.json and NAME.<picture>.png of each image.")
    ] = None,
    json_lines: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Write a line of JSON for each file to standard output: its NAME, its path, the answer.",
        ),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(help="Model: a path, file:///… or s3://…; default: MODEL_URI, else embedded."),
    ] = None,
    method: Annotated[CamMethod, typer.Option(help="How the map is made.")] = CamMethod.GRADCAM,
    images: Annotated[str, typer.Option(help="Pictures, separated by commas; empty for none.")] = ",".join(
        PictureName
    ),
    max_side: Annotated[
        int, typer.Option(min=SMALLEST_SIDE, max=LARGEST_SIDE, help="Longest side of the pictures.")
    ] = DEFAULT_SIDE,
    picture_format: Annotated[PictureFormat, typer.Option("--format")] = PictureFormat.PNG,
    colormap: Annotated[ColourMap, typer.Option()] = ColourMap.INFERNO,
    view: Annotated[ViewPosition | None, typer.Option(help="Projection, if the file does not tell.")] = None,
    laterality: Annotated[Laterality | None, typer.Option(help="Breast, if the file does not tell.")] = None,
    accept_unsuitable: Annotated[
        bool, typer.Option("--accept-unsuitable", help="Analyse what does not look like a mammogram, too.")
    ] = False,
    exclude_pectoral: Annotated[
        bool, typer.Option(help="Look for regions outside of the pectoral muscle only.")
    ] = True,
    quality_checks: Annotated[
        QualityChecks,
        typer.Option(help="How much is measured of the map; full takes about a hundred passes."),
    ] = QualityChecks.FAST,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Images at the same time.")] = 1,
) -> None:
    """Analyse image files: score, map, regions and five pictures each.

    Examples
    --------
    mammo analyze scan.png --out results

    mammo analyze archive/ --out results --jobs 2

    mammo analyze views/*.dcm --images "" --json > answers.jsonl

    Exit status: 0 all done, 1 some image failed (the others are done), 2 wrong usage.
    """
    try:
        options = AnalysisOptions(
            method=method,
            images=picture_names(images),
            max_side=max_side,
            picture_format=picture_format,
            colour_map=colormap,
            view=view,
            laterality=laterality,
            accept_unsuitable=accept_unsuitable,
            exclude_pectoral=exclude_pectoral,
            quality_checks=quality_checks,
        )
        found = find_jobs(paths)
        if out is not None and out.exists() and not out.is_dir():
            raise InvalidRequestError("--out: a folder is expected; there is a file of this name.")
        service = service_for(model)
    except MammoError as error:
        stop(error, WRONG_USAGE)
    try:
        service.model_card()
    except MammoError as error:
        stop(error, SOME_FAILED)

    def work(job: Job) -> Done:
        result = run(job, service=service, options=options)
        return result if out is None else write(result, out)

    done = []
    for result in side_by_side(work, found.jobs, jobs=jobs, what="analysing"):
        if json_lines:
            sys.stdout.write(result.as_json() + "\n")
        done.append(result)
    _summary(done, found, saved=out is not None, to_stderr=json_lines)
    if any(result.error is not None for result in done):
        raise typer.Exit(SOME_FAILED)


def _summary(done: list[Done], found: Found, *, saved: bool, to_stderr: bool) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console(stderr=to_stderr)
    table = Table(
        Column("image", overflow="fold"), "result", "score", "regions", "map", "pictures", "ms", "warnings"
    )
    for result in done:
        table.add_row(*map(Text, _row(result)))
    console.print(table)
    # Below the table, where they are neither wrapped nor cut.
    for line in _warnings(done):
        console.print(Text(line), soft_wrap=True)
    for result in done:
        if result.error is not None:
            console.print(Text(f"{result.job.name}: {result.code}: {result.error}"), soft_wrap=True)
    if found.skipped:
        console.print(f"{found.skipped} file(s) in the folders are no images and were skipped.")
    if not saved and not to_stderr:
        console.print("Nothing was saved: add --out FOLDER for answers and pictures.")


def _row(result: Done) -> tuple[str, ...]:
    answer = result.answer
    if answer is None:
        return (result.job.name, "failed", "", "", "", "", "", "")
    made = sum(image is not None for image in answer.images.model_dump().values())
    regions = answer.findings.num_regions
    return (
        result.job.name,
        answer.result,
        f"{answer.confidence:.3f}",
        "—" if regions is None else str(regions),
        answer.explanation.status,
        str(made),
        f"{sum(answer.timings_ms.values()):.0f}",
        str(len(answer.warnings)),
    )


def _warnings(done: list[Done]) -> list[str]:
    """Each warning once: its code, whose it is, and what it says, of the first image if they differ."""
    answered = [(result.job.name, result.answer) for result in done if result.answer is not None]
    said: dict[str, dict[str, str]] = {}
    for name, answer in answered:
        for warning in answer.warnings:
            said.setdefault(warning.code, {}).setdefault(name, warning.message)
    lines = []
    for code, messages in said.items():
        names = list(messages)
        where = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        if len(names) == len(answered) > 1:
            where = "all images"
        first = messages[names[0]]
        lines.append(f"{code} ({where}): {first if len(set(messages.values())) == 1 else f'first: {first}'}")
    return lines
