"""Every combination of how a mammogram can be stored becomes the pixels that the standard's formulas give.

The formulas are written down here once more, for whole images of floating-point numbers and without tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.imaging.decode import decode
from mammo_core.records import PixelSpacing, Sourced
from tests.builders_dicom import SYNTAXES, Syntax, make_dicom_in, pattern
from tests.builders_images import make_lut

Values = NDArray[np.float64]
PHOTOMETRIC = ("MONOCHROME2", "MONOCHROME1")
SHAPES = (None, "IDENTITY", "INVERSE")
"""Presentation LUT Shape."""
SPACINGS = (False, True)
EXPLICIT = SYNTAXES[1]
FORMATS = [(bits, signed) for bits in (8, 10, 12, 14, 16) for signed in (False, True)]


@dataclass(frozen=True)
class Windowing:
    """Attributes that turn stored values into display values, and what they mean.

    Parameters
    ----------
    name : str
    tags : callable
        From the smallest and the largest value to attributes.
    unit : callable
        From values, and the smallest and the largest one, to 0.0 … 1.0.
    """

    name: str
    tags: Callable[[float, float], dict[str, object]]
    unit: Callable[[Values, float, float], Values]


def middle(low: float, high: float) -> float:
    return (low + high + 1) / 2


def width(low: float, high: float) -> float:
    return (high - low + 1) / 4


def linear(values: Values, low: float, high: float) -> Values:
    """PS3.3 C.11.2.1.2.1."""
    c, w = middle(low, high), width(low, high)
    unit = (values - (c - 0.5)) / (w - 1) + 0.5
    unit[values <= c - 0.5 - (w - 1) / 2] = 0
    unit[values > c - 0.5 + (w - 1) / 2] = 1
    return unit


def linear_exact(values: Values, low: float, high: float) -> Values:
    """PS3.3 C.11.2.1.3.2."""
    c, w = middle(low, high), width(low, high)
    unit = (values - c) / w + 0.5
    unit[values <= c - w / 2] = 0
    unit[values > c + w / 2] = 1
    return unit


def sigmoid(values: Values, low: float, high: float) -> Values:
    """PS3.3 C.11.2.1.3.1."""
    unit: Values = 1 / (1 + np.exp(-4 * (values - middle(low, high)) / width(low, high)))
    return unit


def window(function: str | None, *, more: bool = False) -> Callable[[float, float], dict[str, object]]:
    def tags(low: float, high: float) -> dict[str, object]:
        centre, wide = middle(low, high), width(low, high)
        return {
            "WindowCenter": [centre, 3] if more else centre,
            "WindowWidth": [wide, 5] if more else wide,
            **({"VOILUTFunction": function} if function else {}),
        }

    return tags


def rescale(low: float, high: float) -> dict[str, object]:
    """Twice the value and 10; the window is that of the values before."""
    return {
        "RescaleSlope": 2,
        "RescaleIntercept": 10,
        "WindowCenter": 2 * middle(low, high) + 10,
        "WindowWidth": 2 * width(low, high),
        "VOILUTFunction": "LINEAR_EXACT",
    }


WINDOWINGS = (
    Windowing("none", lambda low, high: {}, lambda values, low, high: (values - low) / (high - low)),
    Windowing("LINEAR", window("LINEAR"), linear),
    Windowing("LINEAR_EXACT", window("LINEAR_EXACT"), linear_exact),
    Windowing("SIGMOID", window("SIGMOID"), sigmoid),
    Windowing("the first of two windows", window(None, more=True), linear),
    Windowing("rescaled", rescale, linear_exact),
    Windowing(
        "VOI LUT",
        # 101 entries from the middle of the range on, each 600 brighter than the one before.
        lambda low, high: {
            "VOILUTSequence": [make_lut([600 * i for i in range(101)], first=int(low + high + 1) // 2)]
        },
        lambda values, low, high: np.clip(values - (low + high + 1) // 2, 0, 100) * 600 / 65535,
    ),
)


@dataclass(frozen=True)
class Row:
    """One combination."""

    photometric: str
    bits: int
    signed: bool
    windowing: Windowing
    shape: str | None
    syntax: Syntax
    spacing: bool

    @property
    def name(self) -> str:
        kind = f"{'signed' if self.signed else 'unsigned'} {self.bits}"
        spacing = "spacing" if self.spacing else "no spacing"
        return "-".join(
            [self.photometric, kind, self.windowing.name, str(self.shape), spacing, self.syntax.name]
        )


def rows() -> list[Row]:
    """All combinations in one transfer syntax, and some in each of the others.

    How a value is stored and what it means have nothing to do with each other in the code under test.
    """
    meanings = product(PHOTOMETRIC, FORMATS, WINDOWINGS, SHAPES)
    every = [
        Row(photometric, bits, signed, windowing, shape, EXPLICIT, index % 2 == 0)
        for index, (photometric, (bits, signed), windowing, shape) in enumerate(meanings)
    ]
    return every + [row for syntax in SYNTAXES if syntax is not EXPLICIT for row in some_rows(syntax)]


def some_rows(syntax: Syntax) -> list[Row]:
    """So many that each value of each factor occurs; a test says so."""
    able = [(bits, signed) for bits, signed in FORMATS if syntax.can(bits, signed=signed)]
    first = SYNTAXES.index(syntax)
    return [
        Row(
            PHOTOMETRIC[number % 2],
            *able[number % len(able)],
            WINDOWINGS[number % len(WINDOWINGS)],
            SHAPES[number % len(SHAPES)],
            syntax,
            number // 2 % 2 == 0,
        )
        for number in range(first, first + 2 * len(WINDOWINGS))
    ]


ROWS = rows()


def display(row: Row, values: Values) -> Values:
    """Display values of stored ones, 0 to 65535, not rounded."""
    low = -(2.0 ** (row.bits - 1)) if row.signed else 0.0
    unit = row.windowing.unit(values, low, low + 2.0**row.bits - 1)
    if row.photometric == "MONOCHROME1" or row.shape == "INVERSE":
        unit = 1 - unit
    return unit * 65535


@cache
def image(bits: int, *, signed: bool) -> Values:
    return pattern(bits, signed=signed).values.astype(np.float64)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_file_of_each_combination_has_the_expected_pixels(row: Row) -> None:
    stored = pattern(row.bits, signed=row.signed)
    low, high = float(stored.values.min()), float(stored.values.max())
    assert high - low == 2**row.bits - 1
    tags = {
        "PhotometricInterpretation": row.photometric,
        **row.windowing.tags(low, high),
        **({"PresentationLUTShape": row.shape} if row.shape else {}),
        **({"ImagerPixelSpacing": [0.1, 0.2]} if row.spacing else {}),
    }

    mammogram = decode(make_dicom_in(row.syntax, stored, tags=tags))

    # A codec that loses something may be off by so much; every function here rises or falls throughout.
    error = row.syntax.error
    values = image(row.bits, signed=row.signed)
    ends = np.stack([display(row, np.clip(values + step, low, high)) for step in (-error, error)])
    pixels = mammogram.pixels.astype(np.float64)
    assert (pixels >= np.rint(ends.min(axis=0))).all()
    assert (pixels <= np.rint(ends.max(axis=0))).all()
    assert len(np.unique(pixels)) > 5
    expected = Sourced(PixelSpacing(0.1, 0.2), "detector", "ImagerPixelSpacing, without magnification")
    assert (mammogram.spacing == expected) is row.spacing


def test_every_transfer_syntax_meets_every_value_of_the_other_factors() -> None:
    for syntax in SYNTAXES:
        mine = [row for row in ROWS if row.syntax is syntax]
        formats = {(bits, signed) for bits, signed in FORMATS if syntax.can(bits, signed=signed)}
        assert {(row.bits, row.signed) for row in mine} == formats, syntax.name
        for factor, values in (
            ("photometric", PHOTOMETRIC),
            ("shape", SHAPES),
            ("spacing", SPACINGS),
            ("windowing", WINDOWINGS),
        ):
            assert {getattr(row, factor) for row in mine} == set(values), (syntax.name, factor)
