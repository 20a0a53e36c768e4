"""The answer on the wire: names, types and meaning of every field.

The wire speaks x and y in source pixels (x to the right, y down, the corner of the first pixel at 0, 0).
``answer.py`` fills these from the records, which speak rows and columns.
"""

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from mammo_core.anatomy.records import CutEdge, Orientation
from mammo_core.map_quality import QualityChecks, QualityStatus
from mammo_core.models.manifest import Manifest
from mammo_core.records import (
    CamMethod,
    ColourMap,
    ImageFormat,
    Laterality,
    MapStatus,
    PictureState,
    Side,
    Suspicion,
    ViewPosition,
)

T = TypeVar("T")
Share = Annotated[float, Field(ge=0.0, le=1.0)]

DISCLAIMER = "Research use only. Not a medical device, not for diagnosis; no radiologist has looked at this."


class Wire(BaseModel):
    """What every part of the wire is: complete, and not to be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Known(Wire, Generic[T]):
    """A value with where it comes from, or ``null`` with the reason."""

    value: T | None
    source: str | None = None
    """``dicom_tag``, ``request``, ``file_name``, ``pixels``, ``model``, ``manifest`` …"""
    detail: str | None = None
    """The tag, measurement or method behind the value."""
    reason: str | None = None
    """Why there is no value."""


class Point(Wire):
    """A position in source pixels."""

    x: float
    y: float


class BoundingBox(Wire):
    """A rectangle in source pixels; ``x2`` and ``y2`` lie just outside."""

    x1: int
    y1: int
    x2: int
    y2: int


class Size(Wire):
    """An extent along x and y."""

    x: float
    y: float


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


class Images(Wire):
    """Base64 of each picture's file, without a ``data:`` prefix, or ``null``; see ``image_status``."""

    original: str | None
    overlay: str | None
    heatmap_only: str | None
    bbox: str | None
    cancer_type: str | None


class ImageStatus(Wire):
    """Whether a picture is there, and if not, why."""

    status: PictureState
    reason: str | None
    media_type: str | None
    width: int | None
    height: int | None
    bytes: int | None
    scale: float | None
    """Picture pixels per source pixel."""


class ImageStatuses(Wire):
    """The status of each picture."""

    original: ImageStatus
    overlay: ImageStatus
    heatmap_only: ImageStatus
    bbox: ImageStatus
    cancer_type: ImageStatus


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


class Completeness(Wire):
    """How much of the score the explanation accounts for."""

    residual: float | None
    """|Σ G⊙A + bias_evidence − z| / max(1, |z|)."""
    bias_evidence: float | None
    """Part of the score that no pixel explains, in logits."""
    of: Literal["hirescam"] = "hirescam"
    """The map whose cells add up to the score; Grad-CAM where it coincides."""


class CurveOut(Wire):
    """A deletion or insertion curve of the map, normalised by the score less that of the blurred breast."""

    area: float
    """Deletion: small is good. Insertion: large is good."""
    random_area: float
    """The same in random orders, on average."""
    gap: float
    """By how much the map's order is better than a random one."""


class MapQualityOut(Wire):
    """How far the map can be trusted; docs/explanation.md defines each number."""

    status: QualityStatus
    checks: QualityChecks
    """What was asked for."""
    issues: list[str]
    """What speaks against the map; each is also a warning of the answer."""
    completeness: Known[float]
    """The completeness residual; at most 0.01 is good for a map in logits."""
    evidence_on_tissue: Known[float]
    """Share of the positive evidence on the breast."""
    occlusion_drop: Known[float]
    """That of the first region; the regions have their own."""
    deletion: Known[CurveOut]
    insertion: Known[CurveOut]
    occlusion_agreement: Known[float]
    """Rank correlation of map and occlusion over squares of the breast, −1 to 1."""
    flip_agreement: Known[float]
    """Rank correlation of the map and that of the mirrored image, −1 to 1."""
    flip_logit_change: Known[float]
    """Explained logit of the mirrored image less that of the image."""
    forwards: int
    """Inputs that the model was run on beyond the prediction itself."""


class Explanation(Wire):
    """What was explained, how, and how far it can be trusted."""

    status: MapStatus
    reason: str | None
    method: CamMethod
    target_layer: str | None
    explained_class: str
    score: float | None
    """The explained logit z."""
    completeness: Completeness
    evidence_on_tissue: Share | None
    quality: MapQualityOut
    cell_size_px: Size | None
    """Source pixels that one cell of the map covers."""
    cell_size_mm: Known[Size]
    colormap: ColourMap
    reference_logit: float | None
    """Local evidence that is drawn in the last colour."""
    reference_logit_source: str | None


class InputOut(Wire):
    """The image that was analysed."""

    width: int
    height: int
    format: ImageFormat
    sha256: str
    preprocessing: list[str]
    pixel_spacing_mm: Known[Size]


class ModelOut(Wire):
    """The model that answered."""

    id: str
    version: str
    sha256: str
    manifest_sha256: str | None
    backend: str
    """``litert`` for a compiled bundle, ``keras`` for a ``.keras`` file."""
    intended_use: str | None
    """What the manifest says the model is for."""


class WarningOut(Wire):
    """Something the reader should know."""

    code: str
    message: str


class Answer(Wire):
    """The answer of ``POST /analyze``."""

    result: str
    """Label at the operating threshold."""
    confidence: Share
    """Score of the positive class."""
    images: Images
    findings: Findings
    image_status: ImageStatuses
    view_analysis: ViewAnalysis
    explanation: Explanation
    input: InputOut
    scores: dict[str, float]
    """Probability of each class, as the model gives it."""
    threshold: Share
    threshold_source: str
    model: ModelOut
    timings_ms: dict[str, float]
    cold_start: bool
    """Whether this answer had to wait for the model to be loaded; ``timings_ms.load`` tells how long."""
    warnings: list[WarningOut]
    schema_version: Literal["1.0"] = "1.0"
    analysis_id: str
    """sha256 of the image's digest, the digests of the model's weights and manifest, and the options."""
    disclaimer: str = DISCLAIMER


class Health(Wire):
    """The answer of ``GET /health``."""

    status: Literal["ok"] = "ok"
    version: str


class Ready(Wire):
    """The answer of ``GET /ready``: the sample image went through the whole way."""

    status: Literal["ready", "degraded"]
    model: ModelOut
    explanation: MapStatus
    explanation_reason: str | None
    image_status: ImageStatuses


class Problem(Wire):
    """An error, as RFC 9457 describes it; ``application/problem+json``."""

    type: str
    """``urn:mammo-core:problem:`` and the code."""
    title: str
    status: int
    detail: str
    code: str
    request_id: str


class ModelCard(Manifest):
    """The answer of ``GET /model``: the manifest, and which files these are."""

    sha256: str
    """Digest of the weights that are loaded."""
    manifest_sha256: str | None
    backend: str
    disclaimer: str = DISCLAIMER


class ReportOut(Wire):
    """The answer of ``POST /report``: the document that was asked for; the other one is ``null``."""

    pdf: str | None
    """Base64 of the file."""
    html: str | None
    """The file's text."""
    analysis_id: str
    warnings: list[WarningOut]
