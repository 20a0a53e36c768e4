"""Runs side by side: what was tried, and what each reached on the fold that it left out."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from training.mammogram.runs import LOG, SETTINGS

FIGURES = {
    "auc": "AUC, digital",
    "film_auc": "AUC, film: finding",
    "film_cancer_auc": "AUC, film: cancer",
    "pointing": "pointing, film",
    "planted": "pointing, planted",
}


def as_markdown(folders: Sequence[Path]) -> str:
    """A table with a row for each run: its last measured epoch, and the best AUC of any epoch in brackets.

    Parameters
    ----------
    folders : sequence of Path
        Of runs; one without a measurement is listed too.
    """
    head = ("run", "epochs × steps", *FIGURES.values(), "minutes of learning")
    rows = [_row(folder) for folder in folders]
    return "\n".join([_line(head), "|---" * len(head) + "|", *map(_line, rows)]) + "\n"


def _row(folder: Path) -> list[str]:
    settings = json.loads((folder / SETTINGS).read_text())
    log = folder / LOG
    records = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    measured = [record for record in records if "auc" in record]
    steps = settings["recipe"]["steps"] // settings["epochs"]
    done = f"{len(records)} × {steps}" + ("" if len(records) == settings["epochs"] else ", unfinished")
    minutes = sum(record["seconds"] for record in records) / 60.0
    return [folder.name, done, *_figures(measured), f"{minutes:.0f}"]


def _figures(measured: list[dict[str, Any]]) -> Iterable[str]:
    for name in FIGURES:
        values = [record[name] for record in measured if record[name] is not None]
        best = f" ({max(values):.3f})" if values and name == "auc" else ""
        yield f"{values[-1]:.3f}{best}" if values else "–"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
