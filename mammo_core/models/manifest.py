"""What a model declares about itself, beside its weights.

Weights travel with their preprocessing, labels, thresholds and origin. A model without a manifest is still
served, by the rules of :func:`inferred`, and every answer says that it had none.
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mammo_core.errors import ConfigurationError
from mammo_core.records import CamMethod

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Scaling(StrEnum):
    """Range to which display values are mapped before the network."""

    UNIT = "0-1"
    BYTE = "0-255"
    SYMMETRIC = "-1-1"


class Crop(StrEnum):
    """Which part of the image the network sees."""

    NONE = "none"
    BREAST = "breast"


class Orientation(StrEnum):
    """Whether the image is mirrored so that the chest wall is at the left."""

    AS_IS = "as_is"
    CHEST_WALL_LEFT = "chest_wall_left"


class Aspect(StrEnum):
    """How a rectangle is brought to the network's shape."""

    STRETCH = "stretch"
    PAD = "pad"


class Resampling(StrEnum):
    """Filter that shrinks the image; all of them average over the pixels they leave out."""

    BOX = "box"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    LANCZOS = "lanczos"


class Head(StrEnum):
    """The activation that turns logits into probabilities."""

    SIGMOID = "sigmoid"
    SOFTMAX = "softmax"
    LINEAR = "linear"
    """No activation in the network: its outputs are read as logits."""


class LesionKind(StrEnum):
    """What a region may be."""

    MASS = "mass"
    CALCIFICATION = "calcification"
    ARCHITECTURAL_DISTORTION = "architectural_distortion"
    ASYMMETRY = "asymmetry"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class InputSpec(_Part):
    """How a view becomes the network's input."""

    rows: Annotated[int, Field(ge=8, le=8192)]
    columns: Annotated[int, Field(ge=8, le=8192)]
    channels: Literal[1, 3]
    scaling: Scaling
    crop: Crop = Crop.NONE
    orientation: Orientation = Orientation.AS_IS
    aspect: Aspect = Aspect.STRETCH
    resampling: Resampling = Resampling.BILINEAR


class OperatingPoint(_Part):
    """A cut of the score and what it achieved where it was chosen."""

    threshold: Probability
    sensitivity: Probability | None = None
    specificity: Probability | None = None
    source: str
    """The data on which it was chosen, or ``default``."""


class ReferenceLogit(_Part):
    """The local evidence, in logits, that is drawn in the last colour of the map."""

    value: Annotated[float, Field(gt=0.0)]
    source: str


class BiradsLikeCut(_Part):
    """From which calibrated probability on a category is answered."""

    category: Literal["2", "3", "4A", "4B", "4C", "5"]
    """Named as the ranges of the ACR atlas are."""
    from_probability: Probability


class Calibration(_Part):
    """How the score was turned into a probability."""

    method: str
    prevalence: Probability
    source: str


class Measurement(_Part):
    """One measured figure of the model."""

    metric: str
    value: float
    data: str


class CamAgreement(_Part):
    """How far the maps of one CAM method agree between the compiled graph and Keras."""

    method: CamMethod
    largest_difference: Annotated[float, Field(ge=0.0)]
    """Of a cell, as a share of the map's largest, or of a tenth of the map of absolute values."""


class Verification(_Part):
    """The comparison of a compiled graph with the Keras model that it was made from."""

    inputs: tuple[str, ...]
    """What both were run on."""
    maps: Annotated[int, Field(ge=0)]
    """On how many of the inputs there was a map that is neither empty nor constant."""
    probability_difference: Annotated[float, Field(ge=0.0)]
    logit_difference: Annotated[float, Field(ge=0.0)]
    """Largest, as a share of the logit or of 1, whichever is larger."""
    activation_difference: Annotated[float, Field(ge=0.0)]
    """Largest, as a share of the largest activation."""
    cams: tuple[CamAgreement, ...]
    """At the same activations."""
    tensorflow_difference: Annotated[float, Field(ge=0.0)]
    """Of Grad-CAM and XGrad-CAM by TensorFlow's own gradients, at the same activations."""
    tolerance: Annotated[float, Field(gt=0.0)]
    """Up to which probabilities, logits and maps may differ."""
    activation_tolerance: Annotated[float, Field(gt=0.0)] | None = None
    """Up to which activations may; null of bundles made when it was the same."""
    completeness_residual: Annotated[float, Field(ge=0.0)] | None
    """Largest of the compiled graph; null if it is not finite."""


class Compilation(_Part):
    """How a compiled graph was made."""

    source_sha256: Sha256
    """Of the Keras file."""
    float16: bool
    """Whether the weights are stored in 16 bits."""
    outputs: Annotated[int, Field(ge=1)]
    target_shape: tuple[int, int, int]
    """(rows, columns, channels) of the target layer."""
    made_with: str
    """Versions of TensorFlow and Keras."""
    verification: Verification


class Manifest(_Part):
    """A model's declaration; the JSON beside the weights."""

    schema_version: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[str, Field(min_length=1, max_length=50)]
    input: InputSpec
    classes: Annotated[tuple[str, ...], Field(min_length=2)]
    """Labels in the order of the probabilities; a one-output network has (negative, positive)."""
    positive: str
    """The class whose probability is the answer's ``confidence``."""
    head: Head
    threshold: OperatingPoint
    """The cut between the labels of ``result``."""
    rule_out: OperatingPoint | None = None
    """Below it the suspicion is low."""
    rule_in: OperatingPoint | None = None
    """At or above it the suspicion is high."""
    calibration: Calibration | None = None
    birads_like: tuple[BiradsLikeCut, ...] = ()
    """Cuts of the categories, ascending from 0. Only a calibrated model may declare them: the ranges of the
    atlas are likelihoods at a prevalence."""
    lesion_classes: dict[str, LesionKind] = Field(default_factory=dict)
    """For a model whose own head tells kinds of lesions: which of ``classes`` is which kind. Several classes
    may be of one kind (a benign and a malignant mass); those that are not listed are no lesion."""
    target_layer: str | None = None
    """The layer to explain; found in the network if absent."""
    reference_logit: ReferenceLogit | None = None
    weights_sha256: Sha256 | None = None
    """Of the ``.keras`` file, or of the graph in a bundle."""
    training_data: str | None = None
    performance: tuple[Measurement, ...] = ()
    intended_use: str | None = None
    licence: str | None = None
    compiled: Compilation | None = None
    """Only in a bundle."""
    demonstration: bool = False
    """Whether the model shows how things work and nothing else: each answer then warns."""
    absent: bool = False
    """True if there was no manifest and these are the rules for that case."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("classes must be different from each other")
        if self.positive not in self.classes:
            raise ValueError("positive must be one of classes")
        if not set(self.lesion_classes) <= set(self.classes):
            raise ValueError("lesion_classes must name some of classes")
        low, high = self.rule_out, self.rule_in
        if low is not None and high is not None and low.threshold > high.threshold:
            raise ValueError("rule_out.threshold must not exceed rule_in.threshold")
        self._check_categories()
        return self

    def _check_categories(self) -> None:
        cuts = [cut.from_probability for cut in self.birads_like]
        if cuts and self.calibration is None:
            raise ValueError("birads_like needs a calibration")
        if cuts and (cuts[0] != 0.0 or sorted(set(cuts)) != cuts):
            raise ValueError("birads_like must ascend from 0")
        if len({cut.category for cut in self.birads_like}) != len(cuts):
            raise ValueError("birads_like must name each category once")

    @property
    def positive_index(self) -> int:
        """Position of the positive class in ``classes``."""
        return self.classes.index(self.positive)


def parse(text: bytes) -> Manifest:
    """Read a manifest.

    Raises
    ------
    ConfigurationError
        If it is not JSON of this schema; the message names the fields, not their values.
    """
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        fields = ", ".join(
            f"{'.'.join(map(str, e['loc'])) or 'manifest'}: {e['msg']}" for e in error.errors()[:5]
        )
        raise ConfigurationError(f"The model's manifest is invalid: {fields}.") from error


def inferred(
    *, rows: int, columns: int, channels: Literal[1, 3], outputs: int, head: Head, rescales: bool
) -> Manifest:
    """Declare for a model what its file alone tells; the rules for a model without a manifest.

    Parameters
    ----------
    rows, columns, channels, outputs : int
        Shapes of the network's input and output.
    head : Head
        The last activation.
    rescales : bool
        Whether the network starts with Rescaling or Normalization, and so expects 0 to 255.
    """
    classes = (
        ("negative", "positive")
        if outputs <= 2
        else (*(f"class_{i}" for i in range(outputs - 1)), "positive")
    )
    return Manifest(
        id="unnamed",
        version="0",
        input=InputSpec(
            rows=rows,
            columns=columns,
            channels=channels,
            scaling=Scaling.BYTE if rescales else Scaling.UNIT,
        ),
        classes=classes,
        positive="positive",
        head=head,
        threshold=OperatingPoint(threshold=0.5, source="default"),
        absent=True,
    )
