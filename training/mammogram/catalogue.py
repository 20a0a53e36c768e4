"""The tables of the data folders: what they tell of each image, in one form."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

RSNA, FILM = "rsna", "mini-mias"
FILM_MM = 0.2
"""mini-MIAS: 200 µm per pixel."""
RSNA_FIELD_MM = 280.0
"""Height of the detector's field that the 640 rows of an RSNA file show: 240 to 290 mm, it is not told."""
FACTS = ("machine", "age", "density", "view")


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a table; see :class:`training.mammogram.views.View`.

    ``circles`` are (row, column, radius) in source pixels, ``mm`` is the height of a source pixel, None for
    an estimate by the image's height.
    """

    image: str
    source: str
    patient: str
    stratum: str
    positive: bool | None
    healthy: bool
    circles: tuple[tuple[float, float, float], ...]
    mm: float | None
    facts: dict[str, str]


def entries(folder: Path) -> list[Entry]:
    """Read ``labels.csv`` of RSNA (columns cancer, biopsy, machine …) or mini-MIAS (label, x, y, r …)."""
    rows: dict[str, list[dict[str, str]]] = {}
    with (folder / "labels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            rows.setdefault(row["image"], []).append(row)
    return [_digital(each[0]) if "cancer" in each[0] else _film(each) for each in rows.values()]


def _digital(row: dict[str, str]) -> Entry:
    """RSNA: a label for the image, no positions."""
    cancer = row["cancer"] == "1"
    return Entry(
        image=row["image"],
        source=RSNA,
        patient=row["patient"],
        stratum=f"{row['machine']} {cancer}",
        positive=cancer,
        # A biopsy without cancer found something: no negative for a search of lesions.
        healthy=not cancer and row["biopsy"] == "0",
        circles=(),
        mm=None,
        facts=dict(_facts(row)),
    )


def _film(rows: list[dict[str, str]]) -> Entry:
    """mini-MIAS: a circle for most lesions. A benign finding is a lesion, but neither cancer nor health."""
    labels = {row["label"] for row in rows}
    positive = True if "malignant" in labels else (False if labels == {"normal"} else None)
    circles = tuple((float(r["y"]) + 0.5, float(r["x"]) + 0.5, float(r["r"])) for r in rows if r["x"])
    return Entry(
        image=rows[0]["image"],
        source=FILM,
        patient=rows[0]["patient"],
        stratum=f"film {max(labels)}",
        positive=positive,
        healthy=labels == {"normal"},
        circles=circles,
        mm=FILM_MM,
        facts=dict(_facts(rows[0])),
    )


def _facts(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, row[name]) for name in FACTS if name in row)
