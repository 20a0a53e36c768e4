"""The records of what is measured on one view."""

from dataclasses import dataclass
from enum import StrEnum

from mammo_core.attempt import Failure
from mammo_core.geometry import Box, PixelTransform
from mammo_core.records import (
    BoolArray,
    BreastMask,
    Laterality,
    Notice,
    Sourced,
    ViewPosition,
    read_only,
)


class Orientation(StrEnum):
    """Whether a left breast has its chest wall at the left edge, as mammograms are hung."""

    STANDARD = "standard"
    MIRRORED = "mirrored"


class CutEdge(StrEnum):
    """An image edge that cuts the breast off although the skin should end inside the image."""

    TOP = "top"
    BOTTOM = "bottom"
    ANTERIOR = "anterior"


@dataclass(frozen=True, slots=True, eq=False)
class PectoralMuscle:
    """The muscle in the upper chest-wall corner of an oblique view.

    Parameters
    ----------
    inside : ndarray of shape transform.shape, bool
        A part of the breast mask, on its grid.
    transform : PixelTransform
        Where the grid lies on the source.
    box : Box
        Bounding box in source pixels.
    share_of_breast : float
        0 to 1.
    contrast : float
        Step of the display value across its edge, as a share of the breast's range (5th to 95th percentile).
    edge : tuple of (row, column)
        The edge from the image's top to the chest wall, in source pixels.
    """

    inside: BoolArray
    transform: PixelTransform
    box: Box
    share_of_breast: float
    contrast: float
    edge: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        read_only(self.inside)


@dataclass(frozen=True, slots=True)
class ImageQuality:
    """What can be said of the picture itself, measured on the breast.

    Parameters
    ----------
    clipped_white, clipped_black : Sourced[float]
        Share of the breast at either end of the display range, 0 to 1.
    contrast : Sourced[float]
        5th to 95th percentile of the breast, as a share of full scale.
    sharpness : Sourced[float]
        RMS difference of neighbours as a share of that of pixels four apart, at the image's own matrix.
    cut_off : Sourced[tuple of CutEdge]
        Edges where the skin should end and does not.
    pectoral_visible : Sourced[bool]
        On MLO views.
    """

    clipped_white: Sourced[float]
    clipped_black: Sourced[float]
    contrast: Sourced[float]
    sharpness: Sourced[float]
    cut_off: Sourced[tuple[CutEdge, ...]]
    pectoral_visible: Sourced[bool]


@dataclass(frozen=True, slots=True, eq=False)
class Anatomy:
    """All that is known of the view itself; what is not known says why.

    Parameters
    ----------
    breast : BreastMask or None
    laterality, view_position : Sourced
        From the tags, else the request, else the file's name, else the pixels.
    orientation : Sourced[Orientation]
    pectoral : Sourced[PectoralMuscle]
    density_index : Sourced[float]
    quality : Sourced[ImageQuality]
    notices : tuple of Notice
    failures : tuple of Failure
        What broke; it took away its own value and no other.
    """

    breast: BreastMask | None
    laterality: Sourced[Laterality]
    view_position: Sourced[ViewPosition]
    orientation: Sourced[Orientation]
    pectoral: Sourced[PectoralMuscle]
    density_index: Sourced[float]
    quality: Sourced[ImageQuality]
    notices: tuple[Notice, ...] = ()
    failures: tuple[Failure, ...] = ()
