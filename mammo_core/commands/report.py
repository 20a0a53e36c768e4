"""``mammo report``: an image, or an answer that was kept, to a page to read."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mammo_core.commands.terminal import SOME_FAILED, WRONG_USAGE, service_for, stop
from mammo_core.errors import InvalidRequestError, MammoError
from mammo_core.hints import hints_of
from mammo_core.map_quality import QualityChecks
from mammo_core.options import AnalysisOptions, DocumentFormat
from mammo_core.records import CamMethod, Laterality, PictureFormat, ViewPosition
from mammo_core.schemas import Answer

ANSWER = ".json"


def report(
    source: Annotated[
        Path, typer.Argument(help="An image file, or an answer that `mammo analyze --out` or the API gave.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="File that ends in .pdf or .html.")],
    model: Annotated[
        str | None,
        typer.Option(help="Model: a path, file:///… or s3://…; default: MODEL_URI, else embedded."),
    ] = None,
    method: Annotated[CamMethod, typer.Option(help="How the map is made.")] = CamMethod.GRADCAM,
    view: Annotated[ViewPosition | None, typer.Option(help="Projection, if the file does not tell.")] = None,
    laterality: Annotated[Laterality | None, typer.Option(help="Breast, if the file does not tell.")] = None,
    accept_unsuitable: Annotated[
        bool, typer.Option("--accept-unsuitable", help="Analyse what does not look like a mammogram, too.")
    ] = False,
    quality_checks: Annotated[
        QualityChecks, typer.Option(help="How much is measured of the map.")
    ] = QualityChecks.FAST,
) -> None:
    """Write a report of one image: pictures, regions, where each number comes from, limits.

    Examples
    --------
    mammo report scan.dcm -o report.pdf

    mammo report results/scan.json -o report.html

    Exit status: 0 done, 1 the image failed, 2 wrong usage.
    """
    from mammo_core.report.document import document_of

    options = AnalysisOptions(
        method=method,
        picture_format=PictureFormat.JPEG,
        view=view,
        laterality=laterality,
        accept_unsuitable=accept_unsuitable,
        quality_checks=quality_checks,
    )
    try:
        if not source.is_file():
            raise InvalidRequestError(
                "This is a folder: a report is of one image or of one answer."
                if source.is_dir()
                else "There is no such file."
            )
        document = _document_format(out)
        is_answer = source.suffix.lower() == ANSWER
        answer = _kept(source) if is_answer else _analyzed(source, model, options)
        _write(document_of(answer, document), out)
    except InvalidRequestError as error:
        stop(error, WRONG_USAGE)
    except MammoError as error:
        stop(error, SOME_FAILED)
    typer.echo(str(out))


def _document_format(out: Path) -> DocumentFormat:
    suffix = out.suffix.lower().removeprefix(".")
    if suffix not in set(DocumentFormat):
        raise InvalidRequestError("--out: a file that ends in .pdf or .html is expected.")
    return DocumentFormat(suffix)


def _write(document: bytes, out: Path) -> None:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(document)
    except OSError as error:
        raise InvalidRequestError(
            f"--out: the file cannot be written ({type(error).__name__}); a folder that you may write to is expected."  # noqa: E501 - one sentence
        ) from error


def _kept(source: Path) -> Answer:
    from mammo_core.storage import read

    try:
        return Answer.model_validate_json(read(source.resolve().as_uri()))
    except ValueError as error:
        raise InvalidRequestError(
            "The .json file is not an answer of this version: a file that `mammo analyze --out` wrote, or the body "  # noqa: E501 - one sentence
            "of POST /analyze, is expected."
        ) from error


def _analyzed(source: Path, model: str | None, options: AnalysisOptions) -> Answer:
    from mammo_core.storage import read

    data = read(source.resolve().as_uri())
    return service_for(model).analyze(data, replace(options, hints=hints_of(source.name))).answer
