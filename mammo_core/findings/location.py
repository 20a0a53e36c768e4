"""Where in the breast a region lies, as far as one view tells: no quadrant, no clock hour.

A craniocaudal view shows outer and inner, an oblique view upper and lower; neither shows the other. Depth is
the distance from the chest wall, on both.
"""

import numpy as np

from mammo_core.anatomy.records import Anatomy, Orientation, PectoralMuscle
from mammo_core.records import BreastMask, RegionLocation, Side, Sourced, ViewPosition

LEVEL = 0.05
"""Within this share of the breast's height from the nipple's level nothing is said."""
NO_CHEST_WALL = "the chest-wall side is not known"
AT_NIPPLE = "it lies at the level of the nipple"

Point = tuple[float, float]
"""(row, column), source pixels."""


def locate(point: Point, anatomy: Anatomy) -> RegionLocation:
    """Say where a point lies.

    Parameters
    ----------
    point : tuple of float
        (row, column), source pixels.
    anatomy : Anatomy

    Returns
    -------
    RegionLocation
        Each part with its reason where it cannot be known. The nipple is taken to be the part of the outline
        that is farthest from the chest wall.
    """
    breast = anatomy.breast
    if breast is None or breast.chest_wall.value is None:
        nowhere: Sourced[str] = Sourced.unknown(NO_CHEST_WALL)
        return RegionLocation(depth=nowhere, vertical=nowhere, horizontal=nowhere)
    side = breast.chest_wall.value
    return RegionLocation(
        depth=_depth(point[1], breast, side),
        vertical=_vertical(point, anatomy, breast, side),
        horizontal=_horizontal(point, anatomy, breast, side),
    )


def _depth(column: float, breast: BreastMask, side: Side) -> Sourced[str]:
    """Third of the breast, from the chest wall."""
    from_left = (column - breast.box.left) / breast.box.width
    fraction = from_left if side is Side.LEFT else 1.0 - from_left
    third = "posterior" if fraction < 1 / 3 else "middle" if fraction < 2 / 3 else "anterior"
    return Sourced(third, "pixels", f"{fraction:.2f} of the breast's width from the chest wall")


def _vertical(point: Point, anatomy: Anatomy, breast: BreastMask, side: Side) -> Sourced[str]:
    """Upper or lower on an oblique view: above or below the line from the nipple, square to the muscle."""
    view = anatomy.view_position.value
    if view is not ViewPosition.MLO:
        return Sourced.unknown(_needs("upper and lower", ViewPosition.MLO, view))
    nipple, muscle = _nipple(breast, side), anatomy.pectoral.value
    down = _along_muscle(muscle)
    level = (point[0] - nipple[0]) * down[0] + (point[1] - nipple[1]) * down[1]
    if abs(level) < LEVEL * breast.box.height:
        return Sourced.unknown(AT_NIPPLE)
    line = "a line from the nipple, square to the pectoral muscle" if muscle else "the nipple's level"
    word = "upper" if level < 0.0 else "lower"
    return Sourced(word, "pixels", f"{abs(level):.0f} pixels {'above' if level < 0.0 else 'below'} {line}")


def _horizontal(point: Point, anatomy: Anatomy, breast: BreastMask, side: Side) -> Sourced[str]:
    """Outer or inner on a craniocaudal view, whose outer part is hung upwards."""
    view = anatomy.view_position.value
    if view is not ViewPosition.CC:
        return Sourced.unknown(_needs("outer and inner", ViewPosition.CC, view))
    if anatomy.orientation.value is not Orientation.STANDARD:
        return Sourced.unknown("it is not known that the outer part is hung upwards")
    level = point[0] - _nipple(breast, side)[0]
    if abs(level) < LEVEL * breast.box.height:
        return Sourced.unknown(AT_NIPPLE)
    word = "outer" if level < 0.0 else "inner"
    where = "above" if level < 0.0 else "below"
    return Sourced(
        word, "pixels", f"{abs(level):.0f} pixels {where} the nipple's level; the outer part is up"
    )


def _needs(what: str, needed: ViewPosition, view: ViewPosition | None) -> str:
    return f"{what} are told on {needed} views; " + (
        "the view is not known" if view is None else f"this is {view}"
    )


def _nipple(breast: BreastMask, side: Side) -> Point:
    """The outline's farthest point from the chest wall, in source pixels."""
    columns = np.flatnonzero(breast.inside.any(axis=0))
    farthest = int(columns[-1] if side is Side.LEFT else columns[0])
    row = float(np.flatnonzero(breast.inside[:, farthest]).mean()) + 0.5
    return breast.transform.to_source(row, farthest + 0.5)


def _along_muscle(muscle: PectoralMuscle | None) -> Point:
    """Unit vector down the muscle's edge; straight down without one."""
    if muscle is None or len(muscle.edge) < 2:
        return 1.0, 0.0
    (top, start), (bottom, end) = muscle.edge[0], muscle.edge[-1]
    length = float(np.hypot(bottom - top, end - start))
    return (bottom - top) / length, (end - start) / length
