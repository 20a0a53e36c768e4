"""One view tells depth, and either upper and lower or outer and inner: no quadrant, no clock hour."""

from collections.abc import Iterator
from dataclasses import fields
from typing import get_args

import numpy as np
import pytest

from mammo_core.anatomy.records import Anatomy, Orientation, PectoralMuscle
from mammo_core.findings.location import locate
from mammo_core.geometry import Box, PixelTransform
from mammo_core.records import BreastMask, RegionLocation, Side, Sourced, ViewPosition
from tests.conftest import make_anatomy

SHAPE = (100, 60)
NOT_MLO = "upper and lower are told on MLO views; this is CC"
NOT_CC = "outer and inner are told on CC views; this is MLO"


def breast(side: Side | None = Side.LEFT) -> BreastMask:
    """Half a disc whose nipple lies in the middle, 50 pixels from the chest wall."""
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]] + 0.5
    inside = np.hypot(rows - 50.0, columns) < 50.0
    wall: Sourced[Side] = Sourced.unknown("a test") if side is None else Sourced(side, "pixels")
    box = Box(0.0, 0.0, 100.0, 50.0) if side is not Side.RIGHT else Box(0.0, 10.0, 100.0, 60.0)
    return BreastMask(
        inside=inside if side is not Side.RIGHT else inside[:, ::-1].copy(),
        transform=PixelTransform.identity(SHAPE),
        fraction=0.65,
        box=box,
        chest_wall=wall,
        method="a test",
    )


def muscle(edge: tuple[tuple[float, float], ...]) -> Sourced[PectoralMuscle]:
    transform = PixelTransform.identity(SHAPE)
    return Sourced(
        PectoralMuscle(np.zeros(SHAPE, dtype=np.bool_), transform, Box(0, 0, 1, 1), 0.1, 0.3, edge), "pixels"
    )


def craniocaudal(side: Side = Side.LEFT, orientation: Orientation | None = Orientation.STANDARD) -> Anatomy:
    return make_anatomy(breast(side), view_position=ViewPosition.CC, orientation=orientation)


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("row", "word", "where"), [(20.0, "outer", "30 pixels above"), (80.0, "inner", "30 pixels below")]
)
def test_a_craniocaudal_view_tells_outer_and_inner(side: Side, row: float, word: str, where: str) -> None:
    column = 10.0 if side is Side.LEFT else 50.0

    assert locate((row, column), craniocaudal(side)) == RegionLocation(
        depth=Sourced("posterior", "pixels", "0.20 of the breast's width from the chest wall"),
        vertical=Sourced.unknown(NOT_MLO),
        horizontal=Sourced(word, "pixels", f"{where} the nipple's level; the outer part is up"),
    )


@pytest.mark.parametrize("orientation", [None, Orientation.MIRRORED])
def test_outer_and_inner_are_not_told_if_the_image_may_be_turned(orientation: Orientation | None) -> None:
    assert locate((20.0, 10.0), craniocaudal(orientation=orientation)).horizontal == Sourced.unknown(
        "it is not known that the outer part is hung upwards"
    )


@pytest.mark.parametrize(
    ("row", "word", "where"), [(20.0, "upper", "30 pixels above"), (80.0, "lower", "30 pixels below")]
)
def test_an_oblique_view_tells_upper_and_lower(row: float, word: str, where: str) -> None:
    anatomy = make_anatomy(breast(), view_position=ViewPosition.MLO)

    assert locate((row, 30.0), anatomy) == RegionLocation(
        depth=Sourced("middle", "pixels", "0.60 of the breast's width from the chest wall"),
        vertical=Sourced(word, "pixels", f"{where} the nipple's level"),
        horizontal=Sourced.unknown(NOT_CC),
    )


def test_upper_and_lower_are_told_square_to_the_muscle_where_there_is_one() -> None:
    anatomy = make_anatomy(
        breast(), view_position=ViewPosition.MLO, pectoral=muscle(((0.0, 40.0), (40.0, 0.0)))
    )

    # The line through the nipple at (50, 50) falls towards the chest wall: down there it is at row 10.
    assert locate((40.0, 5.0), anatomy).vertical == Sourced(
        "lower", "pixels", "24 pixels below a line from the nipple, square to the pectoral muscle"
    )
    assert locate((10.0, 45.0), anatomy).vertical.value == "upper"


@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
def test_nothing_is_told_at_the_nipples_level(view: ViewPosition) -> None:
    anatomy = make_anatomy(breast(), view_position=view, orientation=Orientation.STANDARD)

    told = locate((53.0, 20.0), anatomy)

    assert (told.horizontal if view is ViewPosition.CC else told.vertical) == Sourced.unknown(
        "it lies at the level of the nipple"
    )


@pytest.mark.parametrize("anatomy", [make_anatomy(), make_anatomy(breast(None))])
def test_nothing_is_told_without_a_chest_wall(anatomy: Anatomy) -> None:
    nowhere: Sourced[str] = Sourced.unknown("the chest-wall side is not known")

    assert locate((20.0, 10.0), anatomy) == RegionLocation(nowhere, nowhere, nowhere)


def test_without_a_view_only_depth_is_told() -> None:
    told = locate((20.0, 10.0), make_anatomy(breast()))

    assert told.depth.value == "posterior"
    assert told.vertical.reason == "upper and lower are told on MLO views; the view is not known"
    assert told.horizontal.reason == "outer and inner are told on CC views; the view is not known"


def words() -> Iterator[str | None]:
    for view in ViewPosition:
        for row in (5.0, 50.0, 95.0):
            anatomy = make_anatomy(breast(), view_position=view, orientation=Orientation.STANDARD)
            told = locate((row, 20.0), anatomy)
            assert told.vertical.value is None or told.horizontal.value is None, "that would be a quadrant"
            yield from (getattr(told, field.name).value for field in fields(told))


def test_no_view_tells_a_quadrant_or_a_clock_hour() -> None:
    assert set(words()) == {None, "middle", "upper", "lower", "outer", "inner"}
    assert get_args(RegionLocation.__annotations__["depth"]) == (str,)
