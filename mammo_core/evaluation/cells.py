"""One row of a table, whose cells are read as what they should be."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mammo_core.errors import InvalidRequestError

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table; its errors name the row and the column, never the value.

    Parameters
    ----------
    number : int
        As a spreadsheet counts; the header is row 1.
    cells : dict
        Column to text, without blanks around it.
    """

    number: int
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """A cell that must hold something.

        Raises
        ------
        InvalidRequestError
        """
        value = self.cells[column]
        self.require(value != "", (column,), "a value")
        return value

    def number_in(self, column: str, *, above: float = -math.inf) -> float | None:
        """A finite number; None for an empty cell, or a column that is not there.

        Raises
        ------
        InvalidRequestError
        """
        value = self.cells.get(column, "")
        if value == "":
            return None
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        expected = "a number" if above == -math.inf else f"a number above {above:g}"
        self.require(math.isfinite(number) and number > above, (column,), expected)
        return number

    def numbers(self, columns: tuple[str, ...]) -> tuple[float, ...] | None:
        """Numbers that come together; None if all of their cells are empty, or a column is not there.

        Raises
        ------
        InvalidRequestError
            If only some of them are there.
        """
        if not set(columns) <= set(self.cells):
            return None
        values = [self.number_in(column) for column in columns]
        found = [value for value in values if value is not None]
        self.require(len(found) in {0, len(columns)}, columns, "all of them or none")
        return tuple(found) or None

    def member(self, column: str, kind: type[E]) -> E | None:
        """A word of a vocabulary; None if it is none: tables know projections that we do not."""
        value = self.cells.get(column, "").upper()
        return next((member for member in kind if member.value == value), None)

    def require(self, holds: bool, columns: tuple[str, ...], expected: str) -> None:
        """Refuse the table unless a condition holds."""
        if not holds:
            names = ", ".join(map(repr, columns))
            raise InvalidRequestError(f"Row {self.number} of the table, {names}: expected {expected}.")
