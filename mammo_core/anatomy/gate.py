"""Refuse what shows no breast."""

from mammo_core.errors import UnsuitableImageError
from mammo_core.records import BreastMask, Notice

REASON = "no breast was found: no bright connected part of at least 2 % of the image stands out from dark air"


def suitable(breast: BreastMask | None, *, accept_unsuitable: bool) -> tuple[Notice, ...]:
    """Refuse an image without a breast, unless the caller insists.

    Returns
    -------
    tuple of Notice
        ``accepted_unsuitable`` if the caller insisted.

    Raises
    ------
    UnsuitableImageError
    """
    if breast is not None:
        return ()
    if not accept_unsuitable:
        raise UnsuitableImageError(f"The image does not look like a mammogram: {REASON}.")
    return (Notice("accepted_unsuitable", f"Analysed on request although {REASON}."),)
