"""A model without TensorFlow, for tests of everything around a model.

Its answer depends on one known square of its input, so a test can tell where the map, the regions and the
pictures must show something. It is no stand-in: nothing in the package uses it.
"""

import hashlib

import numpy as np

from mammo_core.errors import MammoError
from mammo_core.geometry import Box
from mammo_core.models.manifest import (
    Aspect,
    Crop,
    Head,
    InputSpec,
    Manifest,
    OperatingPoint,
    Orientation,
    ReferenceLogit,
    Scaling,
)
from mammo_core.models.protocol import Model, ModelIdentity
from mammo_core.records import Evidence, FloatArray, ModelInput, ModelOutput

CELL = 8
"""Model pixels along each side of a cell of the target layer."""
SQUARE = Box(48.0, 8.0, 80.0, 32.0)
"""What the default model looks at, in model pixels: tissue on any breast whose chest wall is at the left."""
EVERYWHERE = None
"""In place of a square: the model looks at its whole input, so its map shows each bright spot."""
THRESHOLD = 0.1
"""Brightness, 0 to 1, from which a cell speaks for the positive class; below it, against."""
WEIGHTS = (64.0, -16.0)
"""Logits per mean brightness above, and below, :data:`THRESHOLD`."""
AGAINST = (-64.0, -16.0)
"""Weights whose map is nowhere positive."""
BIAS = -1.0

MANIFEST = Manifest(
    id="fake",
    version="1",
    input=InputSpec(
        rows=128,
        columns=96,
        channels=1,
        scaling=Scaling.UNIT,
        crop=Crop.BREAST,
        orientation=Orientation.CHEST_WALL_LEFT,
        aspect=Aspect.PAD,
    ),
    classes=("benign", "malignant"),
    positive="malignant",
    head=Head.SIGMOID,
    threshold=OperatingPoint(threshold=0.5, source="fake"),
    rule_out=OperatingPoint(threshold=0.3, sensitivity=0.9, source="fake"),
    rule_in=OperatingPoint(threshold=0.7, specificity=0.9, source="fake"),
    target_layer="cells",
    reference_logit=ReferenceLogit(value=16.0, source="fake"),
    training_data="none: its weights are constants",
    intended_use="tests",
)


class FakeModel:
    """Satisfies :class:`mammo_core.models.protocol.Model` with NumPy alone.

    The target layer averages the input over cells of :data:`CELL` pixels and has two channels: by how much a
    cell is brighter, and by how much it is darker than :data:`THRESHOLD`, both 0 outside the square. The head
    averages over the cells: z = Σ weights · mean(A) + bias. So every CAM method gives the same map, and its
    cells add up to z less the bias.

    Parameters
    ----------
    manifest : Manifest
        Rows and columns of its input must be multiples of :data:`CELL`.
    square : Box or None
        What the model looks at, in model pixels, on the borders of cells; None: :data:`EVERYWHERE`.
    weights : tuple of float
        Of the two channels.
    bias : float
        Of the head.
    unavailable : str or None
        A reason: the model then gives a score without evidence.
    error : MammoError or None
        Raised by each run, such as an :class:`mammo_core.errors.InferenceError`.
    """

    def __init__(
        self,
        *,
        manifest: Manifest = MANIFEST,
        square: Box | None = SQUARE,
        weights: tuple[float, float] = WEIGHTS,
        bias: float = BIAS,
        unavailable: str | None = None,
        error: MammoError | None = None,
    ) -> None:
        if manifest.input.rows % CELL or manifest.input.columns % CELL:
            raise ValueError(f"The fake's input must have multiples of {CELL} rows and columns.")
        self.manifest = manifest
        self.identity = ModelIdentity(hashlib.sha256(b"fake").hexdigest(), None, "fake")
        self._square = square
        self._weights = np.asarray(weights, dtype=np.float64)
        self._bias = bias
        self._unavailable = unavailable
        self._error = error

    def run(self, model_input: ModelInput) -> ModelOutput:
        """Score the brightness of the square; see :meth:`mammo_core.models.protocol.Model.run`."""
        if self._error is not None:
            raise self._error
        activations = self._activations(model_input.tensor[0])
        score = self._score(activations)
        return ModelOutput(
            probabilities=self._probabilities(score),
            logits=(score,),
            evidence=None if self._unavailable else self._evidence(activations, score),
            unavailable=self._unavailable,
        )

    def explained_scores(self, images: FloatArray) -> FloatArray:
        """Score images only; see :meth:`mammo_core.models.protocol.Model.explained_scores`."""
        return np.array([self._score(self._activations(image)) for image in images], dtype=np.float32)

    def _score(self, activations: FloatArray) -> float:
        return float(activations.mean(axis=(0, 1), dtype=np.float64) @ self._weights) + self._bias

    def _activations(self, image: FloatArray) -> FloatArray:
        spec = self.manifest.input
        brightness = _brightness(image, spec.scaling)
        cells = brightness.reshape(spec.rows // CELL, CELL, spec.columns // CELL, CELL).mean(axis=(1, 3))
        looked_at = np.zeros_like(cells)
        looked_at[_cells(self._square)] = 1.0
        above = (cells - THRESHOLD) * looked_at
        return np.stack([np.maximum(above, 0.0), np.maximum(-above, 0.0)], axis=-1).astype(np.float32)

    def _evidence(self, activations: FloatArray, score: float) -> Evidence:
        gradients = np.broadcast_to(self._weights / activations[..., 0].size, activations.shape)
        return Evidence(
            target_layer=self.manifest.target_layer or "cells",
            activations=activations,
            gradients=gradients.astype(np.float32),
            score=score,
            bias_evidence=self._bias,
        )

    def _probabilities(self, score: float) -> tuple[float, ...]:
        positive = float(1.0 / (1.0 + np.exp(-score)))
        classes = self.manifest.classes
        rest = (1.0 - positive) / (len(classes) - 1)
        return tuple(positive if c == self.manifest.positive else rest for c in classes)


class FixedModel:
    """A source and a provider of one loaded model: for :class:`mammo_core.models.provider.ModelProvider`.

    Parameters
    ----------
    model : Model or MammoError
        An error is raised by each load.
    """

    def __init__(self, model: Model | MammoError) -> None:
        self._model = model
        self.loads = 0

    def load(self) -> Model:
        """Return the model."""
        self.loads += 1
        if isinstance(self._model, MammoError):
            raise self._model
        return self._model

    def changed(self) -> bool:
        """Never."""
        return False


def _brightness(image: FloatArray, scaling: Scaling) -> FloatArray:
    """Undo the manifest's scaling: 0 black to 1 white, (rows, columns)."""
    grey: FloatArray = image.mean(axis=-1)
    if scaling is Scaling.BYTE:
        return grey / np.float32(255.0)
    return (grey + np.float32(1.0)) / np.float32(2.0) if scaling is Scaling.SYMMETRIC else grey


def _cells(square: Box | None) -> tuple[slice, slice]:
    if square is None:
        return slice(None), slice(None)
    rows, columns = (square.top, square.bottom), (square.left, square.right)
    return slice(*(round(r / CELL) for r in rows)), slice(*(round(c / CELL) for c in columns))
