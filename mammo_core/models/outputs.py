"""From a network's tensors to the record that every backend returns."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mammo_core.errors import InferenceError, ModelIntegrityError
from mammo_core.models.manifest import Head, Manifest
from mammo_core.records import Evidence, FloatArray, ModelOutput, read_only


def check_outputs(manifest: Manifest, outputs: int) -> None:
    """Compare the number of a network's outputs with what its manifest says of them.

    Parameters
    ----------
    manifest : Manifest
    outputs : int
        Units of the last layer.

    Raises
    ------
    ModelIntegrityError
        If the outputs cannot be the probabilities of the manifest's classes.
    """
    if outputs != len(manifest.classes) and not (outputs == 1 and len(manifest.classes) == 2):
        raise ModelIntegrityError(
            f"The manifest names {len(manifest.classes)} classes, the model has {outputs} outputs."
        )
    if outputs == 1 and manifest.positive_index != 1:
        raise ModelIntegrityError(
            "A model of one output gives the score of the second class, so `positive` must name it: write "
            "the classes as (negative, positive)."
        )
    if outputs == 1 and manifest.head is Head.SOFTMAX:
        raise ModelIntegrityError("A softmax of one output is always 1: the model gives no score.")


def selector_of(manifest: Manifest, outputs: int) -> FloatArray:
    """Weights of the logits in the explained score, (outputs,).

    One output: z. A softmax or linear head of two: z_c − z_other, whose sigmoid is the probability. More, or
    independent sigmoids: z_c.
    """
    if outputs == 1:
        return read_only(np.ones(1, dtype=np.float32))
    rest = -1.0 if outputs == 2 and manifest.head is not Head.SIGMOID else 0.0
    weights = [1.0 if index == manifest.positive_index else rest for index in range(outputs)]
    return read_only(np.array(weights, dtype=np.float32))


def probabilities_of(logits: NDArray[np.float64], manifest: Manifest) -> tuple[float, ...]:
    """One probability per class of the manifest.

    Parameters
    ----------
    logits : ndarray of shape (outputs,)
    manifest : Manifest
    """
    if logits.size == 1:
        positive = float(_sigmoid(logits)[0])
        return tuple(positive if c == manifest.positive else 1.0 - positive for c in manifest.classes)
    if manifest.head is Head.SIGMOID:
        return tuple(float(p) for p in _sigmoid(logits))
    shifted = np.exp(logits - logits.max())
    return tuple(float(p) for p in shifted / shifted.sum())


def output_of(
    tensors: Mapping[str, FloatArray], manifest: Manifest, *, selector: FloatArray, unavailable: str | None
) -> ModelOutput:
    """Make the record of one prediction.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        ``logits`` (outputs,), and with a target layer ``activations`` and ``gradients`` (h, w, k) and
        ``bias_evidence`` (), as :func:`mammo_core.compiler.tracing.trace` returns them.
    manifest : Manifest
        Names the target layer, if there is one.
    selector : ndarray of shape (outputs,)
    unavailable : str or None
        Why there is no evidence.

    Raises
    ------
    InferenceError
        If a logit is not finite.
    """
    logits = np.asarray(tensors["logits"], dtype=np.float64)
    if not np.isfinite(logits).all():
        raise InferenceError("The model gave a score that is not a finite number.")
    evidence = None
    if manifest.target_layer is not None:
        evidence = Evidence(
            target_layer=manifest.target_layer,
            activations=np.asarray(tensors["activations"]),
            gradients=np.asarray(tensors["gradients"]),
            score=float(np.dot(logits, selector)),
            bias_evidence=float(tensors["bias_evidence"]),
        )
    return ModelOutput(
        probabilities=probabilities_of(logits, manifest),
        logits=tuple(float(z) for z in logits),
        evidence=evidence,
        unavailable=unavailable,
    )


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    # The form that never overflows: exp only of negative numbers.
    small = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1.0 / (1.0 + small), small / (1.0 + small)))
