"""Which breast and which projection: the file's tags, else what the caller says, else unknown."""

from enum import StrEnum
from typing import TypeVar

from mammo_core.records import Notice, Sourced

E = TypeVar("E", bound=StrEnum)


def resolve(name: str, tagged: Sourced[E], requested: E | None) -> tuple[Sourced[E], tuple[Notice, ...]]:
    """Choose between a tag and a request; pixels are never guessed from.

    Parameters
    ----------
    name : str
        ``laterality`` or ``view_position``.
    tagged : Sourced
        From the file.
    requested : StrEnum or None
        From the caller.

    Returns
    -------
    Sourced
    tuple of Notice
        ``<name>_mismatch`` if the two differ; the tag wins.
    """
    if tagged.value is None:
        return (tagged if requested is None else Sourced(requested, "request")), ()
    if requested is None or requested == tagged.value:
        return tagged, ()
    message = f"The request says {requested}, the file's tag says {tagged.value}; the tag is used."
    return tagged, (Notice(f"{name}_mismatch", message),)
