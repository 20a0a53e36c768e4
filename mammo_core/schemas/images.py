"""The answer's ``images`` and ``image_status``."""

from mammo_core.records import PictureState
from mammo_core.schemas.base import Wire


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
