"""The records that travel through an analysis, in the order in which they come into being.

All are frozen, and their arrays are read-only: a step makes a new record, it never changes one.
Rows come before columns everywhere here; only the wire (``schemas/``) speaks x and y.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from mammo_core.geometry import Box, PixelTransform

Pixels = NDArray[np.uint16]
FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
T = TypeVar("T")

FULL_SCALE = 65535
"""White in ``Mammogram.pixels``."""


class ImageFormat(StrEnum):
    """File formats that are decoded."""

    PNG = "PNG"
    JPEG = "JPEG"
    TIFF = "TIFF"
    BMP = "BMP"
    WEBP = "WebP"
    DICOM = "DICOM"


class Laterality(StrEnum):
    """The breast that is imaged: Image Laterality (0020,0062)."""

    LEFT = "L"
    RIGHT = "R"
    BOTH = "B"


class ViewPosition(StrEnum):
    """The projection: View Position (0018,5101), CID 4014."""

    CC = "CC"
    MLO = "MLO"
    ML = "ML"
    LM = "LM"
    LMO = "LMO"
    XCCL = "XCCL"
    XCCM = "XCCM"
    FB = "FB"
    SIO = "SIO"
    ISO = "ISO"


class Side(StrEnum):
    """An edge of the image, as displayed."""

    LEFT = "left"
    RIGHT = "right"


class CamMethod(StrEnum):
    """How activations and gradients become a map."""

    GRADCAM = "gradcam"
    GRADCAM_PLUS_PLUS = "gradcam++"
    HIRESCAM = "hirescam"
    LAYERCAM = "layercam"
    XGRADCAM = "xgradcam"


class MapStatus(StrEnum):
    """Whether there is a map to look at."""

    OK = "ok"
    NO_POSITIVE_EVIDENCE = "no_positive_evidence"
    DEGENERATE = "degenerate"
    UNAVAILABLE = "unavailable"


class PictureName(StrEnum):
    """The five pictures of an answer."""

    ORIGINAL = "original"
    OVERLAY = "overlay"
    HEATMAP_ONLY = "heatmap_only"
    BBOX = "bbox"
    CANCER_TYPE = "cancer_type"


class PictureFormat(StrEnum):
    """How pictures are encoded."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"


class PictureState(StrEnum):
    """Whether a picture is in the answer, and if not, why in one word."""

    OK = "ok"
    NOT_REQUESTED = "not_requested"
    UNAVAILABLE = "unavailable"
    """What it shows could not be computed."""
    FAILED = "failed"
    """It could not be drawn."""


class ColourMap(StrEnum):
    """Colour maps offered for the heat; all but ``jet`` are perceptually uniform."""

    INFERNO = "inferno"
    MAGMA = "magma"
    VIRIDIS = "viridis"
    CIVIDIS = "cividis"
    TURBO = "turbo"
    JET = "jet"


class Suspicion(StrEnum):
    """Where the score lies between the manifest's two operating points."""

    LOW = "low"
    INTERMEDIATE = "intermediate"
    HIGH = "high"


def read_only(array: NDArray[T]) -> NDArray[T]:  # type: ignore[type-var]  # any dtype passes through
    """Return the same array, closed for writing."""
    array.flags.writeable = False
    return array


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader of the answer should know; ``code`` is stable, ``message`` is for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Sourced(Generic[T]):
    """A value with where it came from, or the reason why there is none.

    Parameters
    ----------
    value : T or None
        None if it cannot be known.
    source : str or None
        ``dicom_tag``, ``request``, ``file_name``, ``pixels``, ``manifest``, ``model`` …; None without one.
    detail : str or None
        The tag, the measurement or the method behind the value.
    reason : str or None
        Why there is no value; None with a value.
    """

    value: T | None
    source: str | None = None
    detail: str | None = None
    reason: str | None = None

    @classmethod
    def unknown(cls, reason: str) -> "Sourced[T]":
        """Say why a value cannot be known."""
        return cls(value=None, reason=reason)


@dataclass(frozen=True, slots=True)
class PixelSpacing:
    """Distance of pixel centres at the breast, in mm."""

    row_mm: float
    column_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Mammogram:
    """One decoded view, ready to be displayed.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns), uint16
        Display values, 0 black to 65535 white; air is dark.
    image_format : ImageFormat
    sha256 : str
        Digest of the bytes that were decoded.
    spacing : Sourced[PixelSpacing]
        ``source`` is ``calibrated`` or ``detector``; unknown for most raster files.
    laterality, view_position : Sourced
        From tags; unknown for raster files.
    steps : tuple of str
        What decoding did to the stored values, in order, in words.
    notices : tuple of Notice
    """

    pixels: Pixels
    image_format: ImageFormat
    sha256: str
    spacing: Sourced[PixelSpacing]
    laterality: Sourced[Laterality]
    view_position: Sourced[ViewPosition]
    steps: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        read_only(self.pixels)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, slots=True, eq=False)
class BreastMask:
    """Which pixels show breast (pectoral muscle included), on a reduced grid.

    Parameters
    ----------
    inside : ndarray of shape transform.shape, bool
    transform : PixelTransform
        Where the reduced grid lies on the source.
    fraction : float
        Share of the whole image, 0 to 1.
    box : Box
        Bounding box in source pixels.
    chest_wall : Sourced[Side]
        The image edge at which the breast is cut off, measured on the mask.
    method : str
        How the mask was made, in words.
    """

    inside: BoolArray
    transform: PixelTransform
    fraction: float
    box: Box
    chest_wall: Sourced[Side]
    method: str

    def __post_init__(self) -> None:
        read_only(self.inside)


@dataclass(frozen=True, slots=True, eq=False)
class ModelInput:
    """What the network sees.

    Parameters
    ----------
    tensor : ndarray of shape (1, rows, columns, channels), float32
    transform : PixelTransform
        Source pixels to model pixels.
    steps : tuple of str
        What preprocessing did, in order, in words.
    notices : tuple of Notice
        Where the image could not be brought into the form that the model was trained on.
    """

    tensor: FloatArray
    transform: PixelTransform
    steps: tuple[str, ...]
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        read_only(self.tensor)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The inside of one forward and backward pass: all that every CAM method needs.

    Parameters
    ----------
    target_layer : str
        Name of the layer whose output the activations are.
    activations : ndarray of shape (h, w, k), float32
        A, the output of the target layer.
    gradients : ndarray of shape (h, w, k), float32
        G = dz/dA.
    score : float
        z, the explained logit: one output: z; two: z_c − z_other; more: z_c.
    bias_evidence : float
        Σ (dz/db)·b over the parameters b added after the target layer.
    """

    target_layer: str
    activations: FloatArray
    gradients: FloatArray
    score: float
    bias_evidence: float

    def __post_init__(self) -> None:
        read_only(self.activations)
        read_only(self.gradients)


@dataclass(frozen=True, slots=True, eq=False)
class ModelOutput:
    """One prediction and, where the model allows it, the evidence behind it.

    Parameters
    ----------
    probabilities : tuple of float
        One per class of the manifest, in its order; 0 to 1.
    logits : tuple of float or None
        One per output of the network, before the head's activation; None if the head hides them.
    evidence : Evidence or None
    unavailable : str or None
        Why there is no evidence.
    """

    probabilities: tuple[float, ...]
    logits: tuple[float, ...] | None
    evidence: Evidence | None
    unavailable: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class SaliencyMap:
    """A class activation map: data, never a picture.

    Parameters
    ----------
    cells : ndarray of shape (h, w), float32
        Signed evidence of each cell of the target layer. For methods in logit units the cells are
        contributions that add up to the explained score less the bias evidence.
    transform : PixelTransform
        Source pixels to cells.
    method : CamMethod
    status : MapStatus
    in_logits : bool
        Whether the cells are in logit units.
    completeness_residual : float or None
        |Σ G⊙A + bias_evidence − z| / max(1, |z|), a property of the record (HiResCAM).
    notices : tuple of Notice
        What a reader of the map should know.
    """

    cells: FloatArray
    transform: PixelTransform
    method: CamMethod
    status: MapStatus
    in_logits: bool
    completeness_residual: float | None
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        read_only(self.cells)

    @property
    def local_evidence(self) -> FloatArray:
        """Positive evidence of each cell times the number of cells, (h, w), ≥ 0.

        This is the score (less its bias evidence) that the image would have if all of it looked like the
        cell. Unlike the contribution of a cell, it does not shrink when the map gets finer, so it can be
        compared with one reference and shown in one colour scale.
        """
        return np.maximum(self.cells, 0.0) * np.float32(self.cells.size)


@dataclass(frozen=True, slots=True)
class ColourAnchor:
    """The local evidence that is drawn in the last colour of the map, and where that number comes from."""

    value: float
    source: str


@dataclass(frozen=True, slots=True)
class RegionLocation:
    """Where a region lies, as far as one view tells.

    Parameters
    ----------
    depth : Sourced[str]
        ``anterior``, ``middle`` or ``posterior`` third from the chest wall.
    vertical : Sourced[str]
        ``upper`` or ``lower``, on MLO.
    horizontal : Sourced[str]
        ``outer`` or ``inner``, on CC.
    """

    depth: Sourced[str]
    vertical: Sourced[str]
    horizontal: Sourced[str]


@dataclass(frozen=True, slots=True)
class Region:
    """A connected part of the map, in source pixels.

    Parameters
    ----------
    number : int
        1 for the region that holds the map's maximum; the others follow by share of evidence.
    box : Box
        Half-open bounding box, whole source pixels.
    centroid, peak : tuple of float
        (row, column): centre of mass of the evidence, and where it is largest.
    area_px : float
        Source pixels.
    area_mm2 : float or None
        None without a trusted spacing.
    evidence : float
        Sum of the map over the region, in the map's unit.
    share_of_evidence : float
        Share of the positive evidence of the whole map, 0 to 1.
    relative_peak : float
        The region's maximum as a share of the whole map's, 0 to 1.
    location : RegionLocation
    part : ndarray of shape (rows, columns), bool
        The region's pixels on the grid on which it was found: the model's input.
    """

    number: int
    box: Box
    centroid: tuple[float, float]
    peak: tuple[float, float]
    area_px: float
    area_mm2: float | None
    evidence: float
    share_of_evidence: float
    relative_peak: float
    location: RegionLocation
    part: BoolArray = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        read_only(self.part)


@dataclass(frozen=True, slots=True)
class RegionType:
    """What a region may be, and who says so.

    Parameters
    ----------
    label : str
        ``region_of_attention`` unless a validated classifier names a lesion type.
    score : float or None
        The classifier's, 0 to 1.
    source : str
    """

    label: str
    score: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded picture, or why there is none.

    Parameters
    ----------
    name : PictureName
    state : PictureState
    reason : str or None
        Why it is missing, or what is different about it.
    where : str or None
        For the log: the place in the code of what went wrong; None if nothing did.
    data : bytes or None
        The encoded file.
    media_type : str or None
    width, height : int or None
        Pixels.
    scale : float or None
        Picture pixels per source pixel, at most 1.
    """

    name: PictureName
    state: PictureState
    reason: str | None = None
    where: str | None = None
    data: bytes | None = field(default=None, repr=False)
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    scale: float | None = None
