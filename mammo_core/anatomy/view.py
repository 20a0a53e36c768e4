"""Which breast and which projection: tags, else the request, else the file's name, else the pixels."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from mammo_core.anatomy.outline import top_width, touches_top
from mammo_core.anatomy.records import Orientation, PectoralMuscle
from mammo_core.records import BreastMask, Laterality, Notice, Side, Sourced, ViewPosition

E = TypeVar("E", bound=StrEnum)
ASSUMED = (
    "taken as hung as usual, a left breast's chest wall at the left; pixels cannot tell a mirrored image"
)
CC_WIDTH, MLO_WIDTH = 0.1, 0.28
"""A breast that reaches the top edge over less of its width is craniocaudal, over more it may be oblique; in
between both views occur."""
SIDES = {Laterality.LEFT: Side.LEFT, Laterality.RIGHT: Side.RIGHT}
SAID = {"dicom_tag": "the file's tag", "request": "the request", "file_name": "the file's name"}


def resolve(
    name: str, tagged: Sourced[E], claims: Sequence[tuple[str, E | None]]
) -> tuple[Sourced[E], tuple[Notice, ...]]:
    """Choose between what the file's tag, the request and the file's name say.

    Parameters
    ----------
    name : str
        ``laterality`` or ``view_position``.
    tagged : Sourced
        From the file.
    claims : sequence of (source, value)
        From the caller, the most trusted first; None says nothing.

    Returns
    -------
    Sourced
        ``tagged`` if nobody says anything.
    tuple of Notice
        ``<name>_mismatch`` for each claim that differs from what is used.
    """
    said = [(source, value) for source, value in claims if value is not None]
    chosen = tagged
    if tagged.value is None and said:
        chosen = Sourced(said[0][1], said[0][0])
    used = SAID.get(chosen.source or "", "the file's tag")
    return chosen, tuple(
        Notice(
            f"{name}_mismatch",
            f"T{SAID[source][1:]} says {value}, {used} says {chosen.value}; {used} is used.",
        )
        for source, value in said
        if value != chosen.value
    )


def view_from_pixels(breast: BreastMask | None, pectoral: Sourced[PectoralMuscle]) -> Sourced[ViewPosition]:
    """Tell an oblique from a craniocaudal view, or abstain.

    Parameters
    ----------
    breast : BreastMask or None
    pectoral : Sourced[PectoralMuscle]

    Returns
    -------
    Sourced[ViewPosition]
        MLO if the breast reaches the top edge and shows a pectoral muscle; CC if it does not reach the top
        edge, or hardly; else unknown.
    """
    if breast is None:
        return Sourced.unknown("no breast was found")
    if breast.chest_wall.value is None:
        return Sourced.unknown("the chest-wall side is not known")
    if not touches_top(breast.inside):
        return Sourced(ViewPosition.CC, "pixels", "the breast does not reach the top edge")
    width = top_width(breast.inside)
    if width < CC_WIDTH:
        detail = f"the breast reaches the top edge over {width:.0%} of its width only"
        return Sourced(ViewPosition.CC, "pixels", detail)
    if width < MLO_WIDTH:
        return Sourced.unknown(
            f"the breast reaches the top edge over {width:.0%} of its width: both views occur with that"
        )
    if pectoral.value is None:
        return Sourced.unknown(
            "the breast reaches the top edge as on oblique views, but shows no pectoral muscle"
        )
    share = pectoral.value.share_of_breast
    detail = f"the breast reaches the top edge and shows a pectoral muscle of {share:.0%} of its area"
    return Sourced(ViewPosition.MLO, "pixels", detail)


def laterality_from_pixels(breast: BreastMask | None) -> Sourced[Laterality]:
    """Tell left from right by the chest wall, as mammograms are hung.

    Returns
    -------
    Sourced[Laterality]
        Its ``detail`` says what it assumes. A mirrored image gives the other breast: on the pixels alone the
        two cannot be told apart.
    """
    if breast is None:
        return Sourced.unknown("no breast was found")
    side = breast.chest_wall.value
    if side is None:
        return Sourced.unknown(breast.chest_wall.reason or "the chest-wall side is not known")
    laterality = Laterality.LEFT if side is Side.LEFT else Laterality.RIGHT
    return Sourced(laterality, "pixels", f"chest wall at the {side} edge; {ASSUMED}")


def orientation_of(
    laterality: Sourced[Laterality], breast: BreastMask | None
) -> tuple[Sourced[Orientation], tuple[Notice, ...]]:
    """Compare the chest wall with the laterality that a tag, the caller or the file's name gives.

    Parameters
    ----------
    laterality : Sourced[Laterality]
        Not from the pixels.
    breast : BreastMask or None

    Returns
    -------
    Sourced[Orientation]
    tuple of Notice
        ``orientation_mismatch`` if the image is mirrored, or its laterality wrong.
    """
    expected = SIDES.get(laterality.value) if laterality.value is not None else None
    found = breast.chest_wall.value if breast is not None else None
    if expected is None:
        return Sourced.unknown("it takes a laterality of L or R that does not come from the pixels"), ()
    if found is None:
        return Sourced.unknown("the chest-wall side is not known"), ()
    detail = f"laterality {laterality.value}, chest wall at the {found} edge"
    if found is expected:
        return Sourced(Orientation.STANDARD, "pixels", detail), ()
    message = (
        f"The chest wall is at the {found} edge, where a breast of laterality {laterality.value} does not "
        "have it as mammograms are hung: the image is mirrored, or the laterality is wrong."
    )
    return Sourced(Orientation.MIRRORED, "pixels", detail), (Notice("orientation_mismatch", message),)


def view_mismatch(stated: Sourced[ViewPosition], seen: Sourced[ViewPosition]) -> tuple[Notice, ...]:
    """Say so if the pixels look like the other one of the two standard views."""
    standard = (ViewPosition.CC, ViewPosition.MLO)
    if stated.value not in standard or seen.value not in standard or stated.value is seen.value:
        return ()
    used = SAID.get(stated.source or "", "the file's tag")
    message = f"The pixels look like {seen.value} ({seen.detail}), {used} says {stated.value}, which is used."
    return (Notice("view_position_mismatch", message),)
