"""What is known of the images: a table of comma-separated values, read into frozen records.

Errors name the row and the column, never what stands there: it may identify a patient.
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO

from mammo_core.errors import InvalidRequestError
from mammo_core.evaluation.cells import Row
from mammo_core.evaluation.lesions import Circle, Lesion, Rectangle
from mammo_core.geometry import Box
from mammo_core.records import Laterality, PixelSpacing, ViewPosition

LABEL_COLUMNS = ("label", "cancer")
PATIENT_COLUMNS = ("patient", "patient_id")
CIRCLE, BOX = ("x", "y", "r"), ("x1", "y1", "x2", "y2")
SPACING = "spacing_mm"
POSITIVE = ("1", "true", "yes", "positive", "malignant", "cancer")
"""Labels of positive images, whatever their case, if the caller names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the table is read.

    Parameters
    ----------
    image_column : str
    label_column : str or None
        None: the first of :data:`LABEL_COLUMNS` that is there.
    positive : tuple of str
        Labels that count as positive; case does not matter.
    negative : tuple of str
        Labels that count as negative; empty: all others. Rows with neither are left out.
    patient_column : str or None
        None: the first of :data:`PATIENT_COLUMNS` that is there, else each image is its own patient.
    positive_lesions_only : bool
        Whether lesions of negative rows (such as benign ones) are no target.
    """

    image_column: str = "image"
    label_column: str | None = None
    positive: tuple[str, ...] = POSITIVE
    negative: tuple[str, ...] = ()
    patient_column: str | None = None
    positive_lesions_only: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """One image and what is known of it.

    Parameters
    ----------
    row : int
        The first row of the table that names it; the header is row 1.
    image : str
        As the table names it.
    positive : bool
        Whether one of its rows is.
    patient : int
        A number; the patient's identifier goes no further.
    targets : tuple of Lesion
        Lesions that are to be found.
    others : tuple of Lesion
        Lesions that are neither to be found nor a mistake to be marked.
    spacing : PixelSpacing or None
        From the table; the file's own is trusted more.
    view, laterality : ViewPosition, Laterality or None
        From the table.
    """

    row: int
    image: str
    positive: bool
    patient: int
    targets: tuple[Lesion, ...]
    others: tuple[Lesion, ...]
    spacing: PixelSpacing | None
    view: ViewPosition | None
    laterality: Laterality | None


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The whole table.

    Parameters
    ----------
    cases : tuple of Case
        In the order of the table, each image once.
    sha256 : str
        Digest of the file.
    rows : int
        Without the header.
    left_out : int
        Rows whose label is neither positive nor negative.
    label_column : str
    patient_column : str or None
    annotated : bool
        Whether there are columns for lesions.
    """

    cases: tuple[Case, ...]
    sha256: str
    rows: int
    left_out: int
    label_column: str
    patient_column: str | None
    annotated: bool


def read_labels(data: bytes, reading: Reading) -> LabelTable:
    """Read the table.

    Parameters
    ----------
    data : bytes
        UTF-8, a header and one row for each image or lesion, fields separated by commas. Columns: image,
        label, optionally patient, ``x, y, r`` or ``x1, y1, x2, y2`` in source pixels (all empty where there
        is no lesion), ``spacing_mm``, ``view``, ``laterality``. Others are ignored.
    reading : Reading

    Raises
    ------
    InvalidRequestError
        If a column is missing, a value cannot be used, or no row is positive.
    """
    header, rows = _rows(data)
    label = _column(header, reading.label_column, LABEL_COLUMNS)
    if label is None:
        raise InvalidRequestError(
            f"The table has no column {' or '.join(map(repr, LABEL_COLUMNS))} among its {len(header)}; "
            "fields are separated by commas, and --label-column names another."
        )
    _require(header, (reading.image_column,))
    patient = _column(header, reading.patient_column, PATIENT_COLUMNS)
    marked = [row for row in rows if _is_positive(row, label, reading) is not None]
    cases = _cases(marked, label, patient, reading)
    if not any(case.positive for case in cases):
        raise InvalidRequestError(
            f"No row has a positive label in the column {label!r}: expected one of "
            f"{', '.join(reading.positive)}; name yours with --positive."
        )
    return LabelTable(
        cases=cases,
        sha256=hashlib.sha256(data).hexdigest(),
        rows=len(rows),
        left_out=len(rows) - len(marked),
        label_column=label,
        patient_column=patient,
        annotated=_annotated(header),
    )


def _rows(data: bytes) -> tuple[list[str], list[Row]]:
    try:
        lines = list(csv.reader(StringIO(data.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidRequestError(
            f"The table is not UTF-8 text of comma-separated values ({type(error).__name__})."
        ) from error
    header = [name.strip() for name in lines[0]] if lines else []
    if len(set(header)) != len(header):
        raise InvalidRequestError("Row 1 of the table, its header, names a column twice.")
    rows = []
    for number, values in enumerate(lines[1:], start=2):
        if values and len(values) != len(header):
            raise InvalidRequestError(
                f"Row {number} of the table has {len(values)} fields; its header has {len(header)}."
            )
        if values:
            rows.append(Row(number, dict(zip(header, (value.strip() for value in values), strict=True))))
    return header, rows


def _column(header: list[str], named: str | None, usual: tuple[str, ...]) -> str | None:
    if named is not None:
        _require(header, (named,))
        return named
    return next((name for name in usual if name in header), None)


def _require(header: list[str], names: Iterable[str]) -> None:
    missing = [name for name in names if name not in header]
    if missing:
        raise InvalidRequestError(
            f"The table has no column {', '.join(map(repr, missing))} among its {len(header)}; "
            "fields are separated by commas."
        )


def _annotated(header: list[str]) -> bool:
    return set(CIRCLE) <= set(header) or set(BOX) <= set(header)


def _is_positive(row: Row, label: str, reading: Reading) -> bool | None:
    value = row.text(label).casefold()
    if value in {name.casefold() for name in reading.positive}:
        return True
    return False if not reading.negative or value in {n.casefold() for n in reading.negative} else None


def _cases(rows: list[Row], label: str, patient: str | None, reading: Reading) -> tuple[Case, ...]:
    """Put the rows of each image together."""
    by_image: dict[str, list[Row]] = {}
    for row in rows:
        by_image.setdefault(row.text(reading.image_column), []).append(row)
    numbers: dict[str, int] = {}
    cases = []
    for image, group in by_image.items():
        name = image if patient is None else group[0].text(patient)
        if patient is not None and any(row.text(patient) != name for row in group):
            raise InvalidRequestError(
                f"Row {group[0].number} of the table and others of the same image differ in {patient!r}."
            )
        number = numbers.setdefault(name, len(numbers))
        cases.append(_case(image, group, number, label, reading))
    return tuple(cases)


def _case(image: str, rows: list[Row], patient: int, label: str, reading: Reading) -> Case:
    first = rows[0]
    lesions = [(_is_positive(row, label, reading), lesion) for row in rows for lesion in _lesions(row)]
    spacing = first.number_in(SPACING, above=0.0)
    return Case(
        row=first.number,
        image=image,
        positive=any(_is_positive(row, label, reading) for row in rows),
        patient=patient,
        targets=tuple(les for positive, les in lesions if positive or not reading.positive_lesions_only),
        others=tuple(les for positive, les in lesions if not positive and reading.positive_lesions_only),
        spacing=None if spacing is None else PixelSpacing(spacing, spacing),
        view=first.member("view", ViewPosition),
        laterality=first.member("laterality", Laterality),
    )


def _lesions(row: Row) -> list[Lesion]:
    circle, box = row.numbers(CIRCLE), row.numbers(BOX)
    lesions: list[Lesion] = []
    if circle is not None:
        x, y, radius = circle
        row.require(radius > 0.0, CIRCLE, "r to be positive")
        lesions.append(Circle(y, x, radius))
    if box is not None:
        x1, y1, x2, y2 = box
        row.require(x1 < x2 and y1 < y2, BOX, "x1 < x2 and y1 < y2")
        lesions.append(Rectangle(Box(y1, x1, y2, x2)))
    return lesions
