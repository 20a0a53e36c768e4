"""The Keras backend: any ``.keras`` file, served with TensorFlow."""

import os
import tempfile
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from mammo_core.errors import ConfigurationError, InferenceError, ModelIntegrityError, ModelUnavailableError
from mammo_core.models import tracing
from mammo_core.models.manifest import Head, Manifest, inferred
from mammo_core.models.protocol import ModelIdentity
from mammo_core.models.store import ModelFiles
from mammo_core.records import Evidence, ModelInput, ModelOutput

RESCALING = ("Rescaling", "Normalization")


class KerasModel:
    """A network loaded by Keras; satisfies :class:`mammo_core.models.protocol.Model`.

    Parameters
    ----------
    files : ModelFiles
        Weights whose digest has been checked.

    Raises
    ------
    ModelUnavailableError
        If Keras cannot load the file.
    ModelIntegrityError
        If the network is not what its manifest describes, or not a classifier of one image.
    ConfigurationError
        If TensorFlow is not installed, or the input size must come from a manifest and there is none.
    """

    def __init__(self, files: ModelFiles) -> None:
        self._network = _load(files)
        head = tracing.head_activation(tracing.head_layer(self._network))
        self._outputs = _outputs(self._network)
        declared = files.manifest or _inferred(self._network, self._outputs, head)
        _check(declared, self._network, self._outputs, head)
        self._selector = _selector(declared, self._outputs)
        self._function, self._outline = _traced(self._network, declared, self._selector)
        self.manifest = declared.model_copy(update={"target_layer": self._outline.target_layer})
        self.identity = ModelIdentity(files.sha256, files.manifest_sha256, "keras")

    def run(self, model_input: ModelInput) -> ModelOutput:
        """Predict and explain in one pass; see :meth:`mammo_core.models.protocol.Model.run`."""
        import tensorflow as tf

        try:
            outputs = self._function(tf.constant(model_input.tensor))
        except tf.errors.OpError as error:
            raise InferenceError(f"TensorFlow could not run the model ({type(error).__name__}).") from error
        logits = np.asarray(outputs["logits"], dtype=np.float64)
        if not np.isfinite(logits).all():
            raise InferenceError("The model gave a score that is not a finite number.")
        return ModelOutput(
            probabilities=_probabilities(logits, self.manifest),
            logits=tuple(float(z) for z in logits),
            evidence=self._evidence(outputs, float(np.dot(logits, self._selector))),
            unavailable=self._outline.reason,
        )

    def _evidence(self, outputs: dict[str, Any], score: float) -> Evidence | None:
        if self._outline.target_layer is None:
            return None
        return Evidence(
            target_layer=self._outline.target_layer,
            activations=np.array(outputs["activations"]),
            gradients=np.array(outputs["gradients"]),
            score=score,
            bias_evidence=float(outputs["bias_evidence"]),
        )


def _load(files: ModelFiles) -> Any:  # noqa: ANN401 - Keras is untyped
    """Load the network in safe mode, through a temporary file: Keras opens paths only."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        import keras
    except ImportError as error:
        raise ConfigurationError(
            "A .keras model needs TensorFlow: install the extra mammo-core[keras]."
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{files.suffix}"
        path.write_bytes(files.weights)
        try:
            network = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:
            # Keras raises whatever its zip, JSON and HDF5 readers raise; each means: not loadable.
            raise ModelUnavailableError(
                f"Keras cannot load the {files.suffix} file ({type(error).__name__}). It may be damaged, "
                "hold a Lambda layer (refused in safe mode) or need a custom class."
            ) from error
    if not getattr(network, "built", False) or not isinstance(network, keras.Model):
        raise ModelIntegrityError("The file holds no built Keras model.")
    return network


def _outputs(network: Any) -> int:  # noqa: ANN401 - Keras is untyped
    """Number of the network's output units."""
    shape = getattr(network, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or not isinstance(shape[1], int):
        raise ModelIntegrityError(
            f"A classifier with one output of shape (None, units) was expected; the model gives {shape}."
        )
    return shape[1]


def _input_shape(network: Any) -> tuple[int | None, int | None, int | None]:  # noqa: ANN401 - Keras is untyped
    shape = getattr(network, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4:
        raise ModelIntegrityError(
            f"One image input of shape (None, rows, columns, channels) was expected; the model takes {shape}."
        )
    return shape[1], shape[2], shape[3]


def _inferred(network: Any, outputs: int, head: Head | None) -> Manifest:  # noqa: ANN401 - Keras is untyped
    """The declaration of a model without a manifest."""
    rows, columns, channels = _input_shape(network)
    if rows is None or columns is None or channels not in {1, 3} or head is None:
        raise ConfigurationError(
            "The model has no manifest, and its file does not tell all of: input rows and columns, 1 or 3 "
            f"channels, a sigmoid, softmax or linear head. Input {(rows, columns, channels)}, head {head}."
        )
    return inferred(
        rows=rows,
        columns=columns,
        channels=cast(Literal[1, 3], channels),
        outputs=outputs,
        head=head,
        rescales=_rescales(network),
    )


def _rescales(network: Any) -> bool:  # noqa: ANN401 - Keras is untyped
    """Whether a Rescaling or Normalization layer comes before all that has learned weights."""
    for layer in tracing.leaves(network):
        if type(layer).__name__ in RESCALING:
            return True
        if layer.weights:
            return False
    return False


def _check(manifest: Manifest, network: Any, outputs: int, head: Head | None) -> None:  # noqa: ANN401
    """Compare what the manifest declares with what the file holds."""
    spec = manifest.input
    declared = (spec.rows, spec.columns, spec.channels)
    actual = _input_shape(network)
    if any(a is not None and a != d for a, d in zip(actual, declared, strict=True)):
        raise ModelIntegrityError(f"The manifest declares the input {declared}, the model takes {actual}.")
    fits = outputs == len(manifest.classes) or (outputs == 1 and len(manifest.classes) == 2)
    if not fits:
        raise ModelIntegrityError(
            f"The manifest names {len(manifest.classes)} classes, the model has {outputs} outputs."
        )
    # A last layer that does not tell what its outputs are is believed to give logits if the manifest says so.
    if (head or Head.LINEAR) is not manifest.head:
        raise ModelIntegrityError(
            f"The manifest declares a {manifest.head} head, the model's is {head or 'not recognised'}."
        )
    if outputs == 1 and manifest.head is Head.SOFTMAX:
        raise ModelIntegrityError("A softmax of one output is always 1: the model gives no score.")


def _traced(network: Any, manifest: Manifest, selector: tuple[float, ...]) -> tuple[Any, tracing.Outline]:  # noqa: ANN401
    """Trace the network for the input that the manifest declares."""
    import tensorflow as tf

    shape = (manifest.input.rows, manifest.input.columns, manifest.input.channels)
    try:
        return tracing.trace(
            network, input_shape=shape, selector=selector, target_layer=manifest.target_layer
        )
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise ModelIntegrityError(
            f"The model cannot be run on an input of {shape} ({type(error).__name__})."
        ) from error


def _selector(manifest: Manifest, outputs: int) -> tuple[float, ...]:
    """Weights of the logits in the explained score: z; z_c − z_other of a softmax of two; else z_c."""
    if outputs == 1:
        return (1.0,)
    rest = -1.0 if outputs == 2 and manifest.head is not Head.SIGMOID else 0.0
    return tuple(1.0 if i == manifest.positive_index else rest for i in range(outputs))


def _probabilities(logits: NDArray[np.float64], manifest: Manifest) -> tuple[float, ...]:
    """One probability per class of the manifest."""
    if logits.size == 1:
        positive = float(_sigmoid(logits)[0])
        return tuple(positive if c == manifest.positive else 1.0 - positive for c in manifest.classes)
    if manifest.head is Head.SIGMOID:
        return tuple(float(p) for p in _sigmoid(logits))
    shifted = np.exp(logits - logits.max())
    return tuple(float(p) for p in shifted / shifted.sum())


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    # The form that never overflows: exp only of negative numbers.
    small = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1.0 / (1.0 + small), small / (1.0 + small)))
