"""The answer's ``findings``: regions, assessment and tissue."""

from mammo_core.records import Suspicion
from mammo_core.schemas.base import BoundingBox, Known, Point, Share, Wire


class LesionType(Wire):
    """What a region may be, and who says so."""

    label: str
    score: Share | None
    source: str


class Location(Wire):
    """Where a region lies, as far as one view tells: no quadrant, no clock hour."""

    depth: Known[str]
    """``anterior``, ``middle`` or ``posterior`` third, from the chest wall."""
    vertical: Known[str]
    """``upper`` or ``lower``, on MLO."""
    horizontal: Known[str]
    """``outer`` or ``inner``, on CC."""


class RegionOut(Wire):
    """A connected part of the map."""

    id: int
    bbox: BoundingBox
    centroid: Point
    """Centre of mass of the evidence."""
    peak_xy: Point
    """Where the evidence is largest."""
    area_px: float
    area_mm2: Known[float]
    evidence_logit: Known[float]
    """Sum of the map over the region."""
    share_of_evidence: Share
    """Share of the whole map's positive evidence."""
    confidence: Known[float]
    """Sigmoid of the region's evidence: not a probability of cancer."""
    peak: Share
    """The region's maximum as a share of the whole map's."""
    occlusion_drop: Known[float]
    """What the explained logit loses when the region is filled in from the breast around it."""
    type: LesionType
    location: Location


class Tissue(Wire):
    """The breast, as measured on the pixels."""

    breast_fraction: Known[float]
    """Breast including pectoral muscle, as a share of the whole image."""
    evidence_on_tissue: Known[float]
    """Share of the positive evidence that lies on the breast."""
    method: str | None
    """How the breast was found; ``null`` if it was not."""


class AssessmentOut(Wire):
    """The score against the manifest's operating points."""

    suspicion: Known[Suspicion]
    birads_like: Known[str]
    """A category by thresholds that the manifest declares and ``detail`` repeats; never a radiologist's."""


class Findings(Wire):
    """Regions, assessment and tissue."""

    num_regions: int | None
    regions: list[RegionOut] | None
    """The region with the map's maximum first, the others by share of evidence."""
    reason: str | None
    """Why there are no regions; ``null`` if there are."""
    assessment: AssessmentOut
    tissue: Tissue
