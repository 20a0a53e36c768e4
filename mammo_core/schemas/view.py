"""The answer's ``view_analysis``: what was told and what was measured of the view."""

from mammo_core.anatomy.records import CutEdge, Orientation
from mammo_core.records import Laterality, Side, ViewPosition
from mammo_core.schemas.base import BoundingBox, Known, Point, Share, Wire


class BreastMaskOut(Wire):
    """Where the breast is."""

    bbox: BoundingBox
    breast_fraction: Share
    chest_wall_side: Known[Side]


class PectoralMuscleOut(Wire):
    """The muscle in the upper chest-wall corner of an oblique view."""

    bbox: BoundingBox
    share_of_breast: Share
    """Of the breast's area."""
    contrast: float
    """Step of the display value across its edge, as a share of the breast's 5th to 95th percentile."""
    edge: list[Point]
    """Its edge, from the top of the image to the chest wall."""


class ImageQualityOut(Wire):
    """What can be measured of the picture itself: numbers, no verdict."""

    clipped_white: Known[float]
    """Share of the breast at the white end of the display range, 0 to 1."""
    clipped_black: Known[float]
    """Share of the breast at its black end, 0 to 1."""
    contrast: Known[float]
    """5th to 95th percentile of the breast, as a share of full scale, 0 to 1."""
    sharpness: Known[float]
    """RMS difference of neighbouring pixels over that of pixels four apart; a blurred image has less."""
    cut_off: Known[list[CutEdge]]
    """Edges of the image that cut the breast off where the skin should end; empty if none does."""
    pectoral_visible: Known[bool]
    """Whether an MLO view shows the pectoral muscle."""


class ViewAnalysis(Wire):
    """The view and what can be measured on it.

    A tag wins over the request, the request over the file's name, and all of them over the pixels.
    """

    view_position: Known[ViewPosition]
    laterality: Known[Laterality]
    """From the pixels (source ``pixels``) it assumes an image that is not mirrored."""
    orientation: Known[Orientation]
    """Whether the chest wall is where the laterality says, as mammograms are hung."""
    breast_mask: Known[BreastMaskOut]
    pectoral_muscle: Known[PectoralMuscleOut]
    density_index: Known[float]
    """Dense area as a share of the breast without pectoral muscle and rim, 0 to 1; no BI-RADS category."""
    image_quality: Known[ImageQualityOut]
