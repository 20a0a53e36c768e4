"""Requests on the wire: queries, and the JSON body that names an image."""

from dataclasses import replace
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mammo_core.map_quality import QualityChecks
from mammo_core.options import (
    DEFAULT_SIDE,
    LARGEST_SIDE,
    SMALLEST_SIDE,
    AnalysisOptions,
    DocumentFormat,
    picture_names,
)
from mammo_core.records import CamMethod, ColourMap, Laterality, PictureFormat, PictureName, ViewPosition
from mammo_core.schemas.base import Wire

LONGEST_KEY = 1024
"""Bytes of the key of an object."""
_ONE = f"({'|'.join(PictureName)})"
PICTURE_LIST = rf"^[\s,]*({_ONE}(\s*,[\s,]*{_ONE})*[\s,]*)?$"
"""What :func:`mammo_core.options.picture_names` reads, for the API's description; it checks by itself."""


def _with_plus(value: object) -> object:
    """Read ``gradcam++`` from a query in which nobody encoded the plus: there, it stands for a blank."""
    return value.replace(" ", "+") if isinstance(value, str) else value


class _AnalysisQuery(Wire):
    """What can be asked of an analysis, whatever becomes of it."""

    method: Annotated[CamMethod, BeforeValidator(_with_plus)] = CamMethod.GRADCAM
    """How activations and gradients become a map; a plus may be sent as it is or as ``%2B``."""
    colormap: ColourMap = ColourMap.INFERNO
    view: ViewPosition | None = None
    """The projection, if the file does not tell; a DICOM tag wins."""
    laterality: Laterality | None = None
    """The breast, if the file does not tell; a DICOM tag wins."""
    accept_unsuitable: bool = False
    """Analyse an image that does not look like a mammogram; the answer says so."""
    exclude_pectoral: bool = True
    """Look for regions outside of the pectoral muscle only."""
    quality_checks: QualityChecks = QualityChecks.FAST
    """How much is measured of the map: `off` nothing that asks the model again; `fast` the occlusion drop of
    each region, at most 5 more forward passes; `full` also deletion, insertion, agreement with occlusion and
    a flip, at most 146."""

    def options(self) -> AnalysisOptions:
        """The same in the core's words."""
        return AnalysisOptions(
            method=self.method,
            colour_map=self.colormap,
            view=self.view,
            laterality=self.laterality,
            accept_unsuitable=self.accept_unsuitable,
            exclude_pectoral=self.exclude_pectoral,
            quality_checks=self.quality_checks,
        )


class AnalyzeQuery(_AnalysisQuery):
    """The query of ``POST /analyze``."""

    images: Annotated[str, Field(json_schema_extra={"pattern": PICTURE_LIST})] = ",".join(PictureName)
    """Pictures to draw, separated by commas; empty draws none."""
    max_side: Annotated[int, Field(ge=SMALLEST_SIDE, le=LARGEST_SIDE)] = DEFAULT_SIDE
    """Longest side of the pictures, in pixels; they are never enlarged."""
    format: PictureFormat = PictureFormat.PNG

    def options(self) -> AnalysisOptions:
        """The same in the core's words.

        Raises
        ------
        InvalidRequestError
            If a picture has an unknown name.
        """
        return replace(
            super().options(),
            images=picture_names(self.images),
            max_side=self.max_side,
            picture_format=self.format,
        )


class ReportQuery(_AnalysisQuery):
    """The query of ``POST /report``."""

    document: DocumentFormat = DocumentFormat.PDF
    """One page of A4, or one HTML file that needs nothing else."""

    def options(self) -> AnalysisOptions:
        """The same in the core's words; JPEG keeps five pictures on a page small."""
        return replace(super().options(), picture_format=PictureFormat.JPEG)


def _storable(key: str) -> str:
    """Refuse a key that S3 cannot have: it counts bytes."""
    if len(key.encode()) > LONGEST_KEY:
        raise ValueError(f"at most {LONGEST_KEY} bytes are expected")
    return key


class ObjectName(Wire):
    """An object in a bucket that this service may read."""

    bucket: Annotated[str, Field(min_length=3, max_length=63)]
    key: Annotated[str, Field(min_length=1), AfterValidator(_storable)]
    """As it is, not encoded as in a URL; at most 1,024 bytes."""
    version_id: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """The newest, if it is left out."""


class AnalyzeJson(Wire):
    """The JSON body of ``POST /analyze``: one of the two."""

    image: str | None = None
    """Base64 of the image file."""
    s3: ObjectName | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.image is None) == (self.s3 is None):
            raise ValueError("image or s3")
        return self
