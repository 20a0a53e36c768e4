"""The views that a data folder holds, as training knows them, and their cache on disk."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mammo_core.geometry import Axis, PixelTransform
from training.mammogram.inputs import SPEC

IMAGES, TISSUE, TABLE = "images.npy", "tissue.npy", "views.json"
FULL = 65535.0


@dataclass(frozen=True, slots=True)
class Spot:
    """A lesion's ellipse, in input pixels; pixel ``i`` covers ``[i, i + 1)``.

    Parameters
    ----------
    row, column : float
        Centre.
    down, across : float
        Half axes.
    """

    row: float
    column: float
    down: float
    across: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where the input lies on the source image, as JSON can hold it."""

    source_shape: tuple[int, int]
    row_scale: float
    row_offset: float
    column_scale: float
    column_offset: float

    @classmethod
    def of(cls, transform: PixelTransform) -> Self:
        """Take a transform's numbers."""
        row, column = transform.row, transform.column
        return cls(transform.source_shape, row.scale, row.offset, column.scale, column.offset)

    @property
    def transform(self) -> PixelTransform:
        """Source pixels to input pixels."""
        return PixelTransform(
            self.source_shape,
            (SPEC.rows, SPEC.columns),
            Axis(self.row_scale, self.row_offset),
            Axis(self.column_scale, self.column_offset),
        )


@dataclass(frozen=True, slots=True)
class View:
    """One image of a data set.

    Parameters
    ----------
    image : str
        File name in its data folder.
    source : str
        Name of the data set: ``rsna`` or ``mini-mias``.
    patient : str
        Unique over all data sets.
    stratum : str
        What folds are balanced by, besides the label: the machine, or the label's kind on film.
    positive : bool or None
        Whether the image shows a cancer; None where that is not told (a benign finding on film).
    healthy : bool
        Whether nothing was found: lesions are planted here, and every cell without one is a negative.
    spots : tuple of Spot
        Annotated lesions, benign ones too.
    place : Place
    mm : float
        Height of an input pixel at the breast; an estimate where the data set tells no spacing.
    facts : dict
        What the table tells beside: age, density, machine …
    number : int
        Row of the cached arrays.
    """

    image: str
    source: str
    patient: str
    stratum: str
    positive: bool | None
    healthy: bool
    spots: tuple[Spot, ...]
    place: Place
    mm: float
    facts: dict[str, str]
    number: int

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        """Read what :func:`write` has written."""
        place = Place(**{**record["place"], "source_shape": tuple(record["place"]["source_shape"])})
        spots = tuple(Spot(**spot) for spot in record["spots"])
        return cls(**{**record, "place": place, "spots": spots})


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """Views and their arrays, which stay on disk until they are read.

    Parameters
    ----------
    views : tuple of View
    images : sequence of ndarray, (n, SPEC.rows, SPEC.columns), uint16
        The service's own input, 0 to 1 as 0 to 65535; one array for each data set.
    tissue : sequence of ndarray, (n, *GRID), uint8
        Share of each cell that shows breast without pectoral muscle, 0 to 255.
    """

    views: tuple[View, ...]
    images: dict[str, NDArray[np.uint16]]
    tissue: dict[str, NDArray[np.uint8]]

    def image(self, view: View) -> NDArray[np.float32]:
        """The network's input (SPEC.rows, SPEC.columns), 0 to 1."""
        values: NDArray[np.float32] = self.images[view.source][view.number].astype(np.float32)
        values *= np.float32(1.0 / FULL)
        return values

    def tissue_of(self, view: View) -> NDArray[np.float32]:
        """Share of tissue in each cell, GRID, 0 to 1."""
        values: NDArray[np.float32] = self.tissue[view.source][view.number].astype(np.float32)
        values *= np.float32(1.0 / 255.0)
        return values


def write(
    folder: Path, origin: str, views: Sequence[View], images: NDArray[Any], tissue: NDArray[Any]
) -> None:
    """Put a data set into the cache; the table last, as the mark that the rest is there.

    Parameters
    ----------
    folder : Path
    origin : str
        Digest of the table that the views come from.
    views, images, tissue
        As in :class:`Collection`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / IMAGES, images)
    np.save(folder / TISSUE, tissue)
    numbered = [asdict(replace(view, number=number)) for number, view in enumerate(views)]
    (folder / TABLE).write_text(json.dumps({**_mark(origin), "views": numbered}))


def is_cached(folder: Path, origin: str) -> bool:
    """Whether a folder holds the views of a table, prepared for the present input."""
    if not (folder / TABLE).exists():
        return False
    table = json.loads((folder / TABLE).read_text())
    return {name: table[name] for name in _mark(origin)} == _mark(origin)


def _mark(origin: str) -> dict[str, Any]:
    return {"origin": origin, "input": SPEC.model_dump(mode="json")}


def read(folders: Iterable[Path]) -> Collection:
    """Open the cached data sets.

    Raises
    ------
    ValueError
        If one was prepared for another input.
    """
    views: list[View] = []
    images, tissue = {}, {}
    for folder in folders:
        table = json.loads((folder / TABLE).read_text())
        if not is_cached(folder, table["origin"]):
            raise ValueError(f"{folder} was prepared for another input; prepare it again.")
        views += [View.of(record) for record in table["views"]]
        images[views[-1].source] = np.load(folder / IMAGES, mmap_mode="r")
        tissue[views[-1].source] = np.load(folder / TISSUE, mmap_mode="r")
    return Collection(tuple(views), images, tissue)
