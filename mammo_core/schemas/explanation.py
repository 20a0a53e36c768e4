"""The answer's ``explanation``: what was explained, how, and how far it can be trusted."""

from typing import Literal

from mammo_core.map_quality import QualityChecks, QualityStatus
from mammo_core.records import CamMethod, ColourMap, MapStatus
from mammo_core.schemas.base import Known, Share, Size, Wire


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
