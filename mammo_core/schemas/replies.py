"""What else is answered: health, readiness, the model's card, a report, an error."""

from typing import Literal

from mammo_core.models.manifest import Manifest
from mammo_core.records import MapStatus
from mammo_core.schemas.answer import ModelOut, WarningOut
from mammo_core.schemas.base import DISCLAIMER, Wire
from mammo_core.schemas.images import ImageStatuses


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
