"""The answer of ``POST /analyze``, as ``mammo_core/answer.py`` fills it from the records."""

from typing import Literal

from mammo_core.records import ImageFormat
from mammo_core.schemas.base import DISCLAIMER, Known, Share, Size, Wire
from mammo_core.schemas.explanation import Explanation
from mammo_core.schemas.findings import Findings
from mammo_core.schemas.images import Images, ImageStatuses
from mammo_core.schemas.view import ViewAnalysis


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
