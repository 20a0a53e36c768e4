"""The tables of the data folders: what they tell of each image, in one form."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

RSNA, FILM = "rsna", "mini-mias"
FILM_MM = 0.2
"""mini-MIAS: 200 µm per pixel."""
RSNA_FIELD_MM = 280.0
"""Height of the detector's field that the 640 rows of an RSNA file show: 240 to 290 mm, it is not told."""
FACTS = ("machine", "age", "density", "view")
DIGITAL_COLUMNS = ("image", "patient", "cancer", "biopsy", "machine")
FILM_COLUMNS = ("image", "patient", "label", "x", "y", "r")
YES, NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")
YES_OR_NO = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)
FILM_LABELS = {
    "normal": "normal",
    "benign": "benign",
    "benign_without_callback": "benign",
    "malignant": "malignant",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a table; see :class:`training.mammogram.views.View`.

    ``row`` is the first of the table that names it; ``circles`` are (row, column, radius) in source pixels;
    ``mm`` is the height of a source pixel, None for an estimate by the image's height.
    """

    row: int
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
    """Read ``labels.csv`` of RSNA (columns cancer, biopsy, machine …) or mini-MIAS (label, x, y, r …).

    Raises
    ------
    ValueError
        If a column is missing or a value cannot be used; it names row and column, not what stands there.
    """
    rows: dict[str, list[_Row]] = {}
    with (folder / "labels.csv").open(newline="") as table:
        reader = csv.DictReader(table)
        columns = reader.fieldnames or ()
        needed = DIGITAL_COLUMNS if "cancer" in columns else FILM_COLUMNS
        if missing := [name for name in needed if name not in columns]:
            raise ValueError(f"{table.name} has no column {', '.join(missing)}; needed: {', '.join(needed)}.")
        for number, values in enumerate(reader, start=2):
            row = _Row(number, values)
            rows.setdefault(row.text("image"), []).append(row)
    return [_digital(each[0]) if needed is DIGITAL_COLUMNS else _film(each) for each in rows.values()]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the table; the header is row 1."""

    number: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        """What stands there; it must not be empty."""
        if value := self.values[column].strip():
            return value
        raise self.wrong(column, "something")

    def word(self, column: str, words: Mapping[str, T]) -> T:
        """One of some words, whatever its case."""
        try:
            return words[self.values[column].strip().casefold()]
        except KeyError:
            raise self.wrong(column, f"one of {', '.join(words)}") from None

    def number_of(self, column: str) -> float:
        """A number."""
        try:
            return float(self.values[column])
        except ValueError:
            raise self.wrong(column, "a number") from None

    def wrong(self, column: str, expected: str) -> ValueError:
        return ValueError(f"labels.csv, row {self.number}, column {column}: {expected} was expected.")


def _digital(row: _Row) -> Entry:
    """RSNA: a label for the image, no positions."""
    cancer = row.word("cancer", YES_OR_NO)
    return Entry(
        row=row.number,
        image=row.text("image"),
        source=RSNA,
        patient=row.text("patient"),
        stratum=f"{row.text('machine')} {cancer}",
        positive=cancer,
        # A biopsy without cancer found something: no negative for a search of lesions.
        healthy=not cancer and not row.word("biopsy", YES_OR_NO),
        circles=(),
        mm=None,
        facts=dict(_facts(row.values)),
    )


def _film(rows: list[_Row]) -> Entry:
    """mini-MIAS: a circle for most lesions. A benign finding is a lesion, but neither cancer nor health."""
    labels = {row.word("label", FILM_LABELS) for row in rows}
    positive = True if "malignant" in labels else (False if labels == {"normal"} else None)
    circles = tuple(
        (row.number_of("y") + 0.5, row.number_of("x") + 0.5, row.number_of("r"))
        for row in rows
        if row.values["x"].strip()
    )
    return Entry(
        row=rows[0].number,
        image=rows[0].text("image"),
        source=FILM,
        patient=rows[0].text("patient"),
        stratum=f"film {max(labels)}",
        positive=positive,
        healthy=labels == {"normal"},
        circles=circles,
        mm=FILM_MM,
        facts=dict(_facts(rows[0].values)),
    )


def _facts(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, row[name]) for name in FACTS if name in row)
