"""What a caller may ask of one analysis, whatever door it comes through."""

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

from mammo_core.errors import InvalidRequestError
from mammo_core.hints import NO_HINTS, Hints
from mammo_core.map_quality import QualityChecks
from mammo_core.records import (
    CamMethod,
    ColourMap,
    Laterality,
    PictureFormat,
    PictureName,
    ViewPosition,
)

SMALLEST_SIDE, LARGEST_SIDE, DEFAULT_SIDE = 64, 4096, 1024
"""Of the longest side of a picture, pixels."""
ALL_PICTURES = tuple(PictureName)


class DocumentFormat(StrEnum):
    """How a report is written."""

    PDF = "pdf"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisOptions:
    """Options of an analysis; the defaults are those of ``POST /analyze``.

    Parameters
    ----------
    method : CamMethod
    images : tuple of PictureName
        Pictures to draw; empty draws none.
    max_side : int
        Longest side of the pictures, from :data:`SMALLEST_SIDE` to :data:`LARGEST_SIDE` pixels; they are
        never enlarged.
    picture_format : PictureFormat
    colour_map : ColourMap
    view, laterality : ViewPosition, Laterality or None
        What the caller knows of the image; tags of a DICOM file win.
    accept_unsuitable : bool
        Analyse an image that does not look like a mammogram, and say so in the answer.
    exclude_pectoral : bool
        Leave the pectoral muscle out when regions are looked for.
    hints : Hints
        What the file's name says of the image; tags and the two above win.
    quality_checks : QualityChecks
        How much is measured of the map.
    """

    method: CamMethod = CamMethod.GRADCAM
    images: tuple[PictureName, ...] = field(default=ALL_PICTURES)
    max_side: int = DEFAULT_SIDE
    picture_format: PictureFormat = PictureFormat.PNG
    colour_map: ColourMap = ColourMap.INFERNO
    view: ViewPosition | None = None
    laterality: Laterality | None = None
    accept_unsuitable: bool = False
    exclude_pectoral: bool = True
    hints: Hints = NO_HINTS
    quality_checks: QualityChecks = QualityChecks.FAST

    def __post_init__(self) -> None:
        if not SMALLEST_SIDE <= self.max_side <= LARGEST_SIDE:
            raise InvalidRequestError(
                f"max_side: {SMALLEST_SIDE} to {LARGEST_SIDE} pixels are expected, received {self.max_side}."
            )

    def digest(self, image_sha256: str, model_digest: str) -> str:
        """Identify the analysis: the same image, model and options give the same digest.

        Parameters
        ----------
        image_sha256 : str
        model_digest : str
            See :attr:`mammo_core.models.protocol.ModelIdentity.digest`.
        """
        parts = [image_sha256, model_digest, *(f"{k}={v}" for k, v in sorted(self._values().items()))]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _values(self) -> dict[str, str]:
        """The options as a caller writes them."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**{name: str(value) for name, value in values.items()}, "images": ",".join(self.images)}


def picture_names(text: str) -> tuple[PictureName, ...]:
    """Read a comma-separated list of pictures; an empty text means none.

    Raises
    ------
    InvalidRequestError
        If a name is not one of the five.
    """
    names = [part.strip() for part in text.split(",") if part.strip()]
    unknown = sorted(set(names) - set(PictureName))
    if unknown:
        raise InvalidRequestError(
            f"images: {len(unknown)} unknown name(s); expected a comma-separated list of "
            f"{', '.join(PictureName)}."
        )
    return tuple(name for name in PictureName if name in names)
