"""An evaluation as files: JSON for programs, Markdown with plots for people, one row for each image."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path

from mammo_core.evaluation.baselines import Finder
from mammo_core.evaluation.evaluation import Evaluation
from mammo_core.evaluation.examination import Examined
from mammo_core.evaluation.localisation import Localised
from mammo_core.evaluation.plots import Plot, draw_plots
from mammo_core.evaluation.tables import Table, tables

DIGITS = 6
"""Of the numbers in the files: more of them differ between machines and say nothing."""
DISCLAIMER = "Research use only. Not a medical device, not for diagnosis."
COLUMNS = (
    *("row", "image", "positive", "code", "message", "score", "map_status", "unit", "lesions"),
    *("hit", "energy", "centre_error", "blob_hit", "blob_energy", "blob_centre_error"),
    *("regions", "lesions_found", "false_regions"),
)


def write_report(evaluation: Evaluation, examined: Sequence[Examined], folder: Path) -> tuple[Path, ...]:
    """Write ``evaluation.json``, ``evaluation.md``, ``images.csv``, and each plot as PNG and SVG.

    Parameters
    ----------
    evaluation : Evaluation
    examined : sequence of Examined
        What the evaluation was made of.
    folder : Path
        Made if it does not exist; older files of these names are replaced.

    Returns
    -------
    tuple of Path
        The three first; then the plots.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plots = draw_plots(evaluation, examined)
    contents = {
        "evaluation.json": to_json(evaluation).encode(),
        "evaluation.md": to_markdown(evaluation, plots).encode(),
        "images.csv": to_csv(examined).encode(),
        **{f"{plot.name}.{suffix}": data for plot in plots for suffix, data in plot.files.items()},
    }
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return tuple(folder / name for name in contents)


def to_json(evaluation: Evaluation) -> str:
    """All numbers, with what they were made of and from."""
    return json.dumps(_rounded(asdict(evaluation)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def to_markdown(evaluation: Evaluation, plots: Sequence[Plot]) -> str:
    """The tables, the plots by relative path, and where the numbers come from."""
    return "\n".join(_lines(evaluation, plots)) + "\n"


def to_csv(examined: Sequence[Examined]) -> str:
    """One row for each image, in the order of the table, failed ones included."""
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(each) for each in examined)
    return text.getvalue()


def _lines(evaluation: Evaluation, plots: Sequence[Plot]) -> list[str]:
    model, sampling = evaluation.model, evaluation.resampling
    lines = [
        "# Evaluation",
        "",
        f"**{DISCLAIMER}**",
        "",
        f"Model `{model.id}` {model.version} (`{model.backend}`, weights `{model.sha256[:12]}…`), positive "
        f"class “{model.positive}”; labels `{evaluation.labels.sha256[:12]}…`; {evaluation.software}.",
        "",
        f"It was trained on: {model.training_data or 'not declared'}. **If images of the table are among "
        "these, the figures say nothing about others.**",
        "",
        f"In brackets: {sampling.level:.0%} percentile intervals of {sampling.resamples} bootstrap resamples "
        f"of {sampling.unit}s, seed {sampling.seed}.",
    ]
    for table in tables(evaluation):
        lines += ["", f"## {table.title}", "", *_markdown_table(table)]
        lines += [line for plot in plots if plot.title == table.title for line in ("", _image(plot))]
    options = ", ".join(f"`{name}`: {_shown(value)}" for name, value in evaluation.options.items())
    return [*lines, "", "## Options", "", f"{options}."]


def _image(plot: Plot) -> str:
    return f"![{plot.caption}]({plot.name}.png)"


def _markdown_table(table: Table) -> list[str]:
    lines = []
    if table.rows:
        lines += [_markdown_row(table.header), "|" + "---|" * len(table.header)]
        lines += [_markdown_row(row) for row in table.rows]
    return [*lines, *(line for note in table.notes for line in ("", note))]


def _markdown_row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) or "all others" if isinstance(value, list) else str(value)


def _row(each: Examined) -> dict[str, object]:
    known: dict[str, object] = {
        "row": each.case.row,
        "image": each.case.image,
        "positive": int(each.case.positive),
        "lesions": len(each.case.targets),
    }
    if each.error is not None:
        return known | {"code": each.error.code, "message": each.error.message}
    found = sum(score is not None for score in each.marked.lesions)
    return (
        known
        | {"score": round(each.score, DIGITS), "map_status": each.map_status, "regions": each.regions}
        | {"lesions_found": found, "false_regions": len(each.marked.false)}
        | ({"unit": each.unit} if each.localised else {})
        | _place("", each.localised.get(Finder.MODEL))
        | _place("blob_", each.localised.get(Finder.BRIGHTEST_BLOB))
    )


def _place(prefix: str, found: Localised | None) -> dict[str, object]:
    if found is None:
        return {}
    error = None if found.centre_error is None else round(found.centre_error, 2)
    return {
        f"{prefix}hit": int(found.hit),
        f"{prefix}energy": round(found.energy, DIGITS),
        f"{prefix}centre_error": error,
    }


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
