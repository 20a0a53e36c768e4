"""The map of one analysis: its status, its completeness, and the colour it deserves."""

import numpy as np

from mammo_core.errors import InferenceError
from mammo_core.explain.methods import METHODS
from mammo_core.geometry import PixelTransform
from mammo_core.models.manifest import ReferenceLogit
from mammo_core.records import (
    CamMethod,
    ColourAnchor,
    Evidence,
    FloatArray,
    MapStatus,
    ModelInput,
    Notice,
    SaliencyMap,
)

SAME = 1e-3
"""Share up to which two maps, or their sums, count as the same."""
DEFAULT_REFERENCE = 2.0
"""Positive evidence, in logits, that earns the last colour if the manifest sets no reference: on its own it
moves even odds to a score of 0.88."""


def explain(evidence: Evidence, model_input: ModelInput, method: CamMethod) -> SaliencyMap:
    """Turn the evidence of a prediction into a map placed on the source image.

    Parameters
    ----------
    evidence : Evidence
    model_input : ModelInput
        Its transform places the cells: the target layer's grid covers the whole of the network's input.
    method : CamMethod

    Returns
    -------
    SaliencyMap
        ``no_positive_evidence`` if no cell is positive; ``degenerate`` if all cells are equal, so that
        nothing is localised. Neither is an error.

    Raises
    ------
    InferenceError
        If a cell is not finite.
    """
    chosen = METHODS[method]
    # Numbers that overflow are seen in the result; NumPy need not warn of them too.
    with np.errstate(invalid="ignore", over="ignore"):
        cells = chosen.function(evidence.activations, evidence.gradients)
        additive = METHODS[CamMethod.HIRESCAM].function(evidence.activations, evidence.gradients)
    if not (np.isfinite(cells).all() and np.isfinite(additive).all()):
        raise InferenceError("Activations or gradients of the target layer are not finite.")
    return SaliencyMap(
        cells=cells,
        transform=_cell_grid(model_input.transform, cells.shape),
        method=method,
        status=_status(cells),
        in_logits=chosen.in_logits and _adds_up(cells, additive),
        completeness_residual=completeness_residual(evidence),
        notices=_notices(method, cells, additive),
    )


def _adds_up(cells: FloatArray, additive: FloatArray) -> bool:
    """Whether the cells add up to the same as the contributions G⊙A do: only then are they logits."""
    total, expected = float(cells.sum(dtype=np.float64)), float(additive.sum(dtype=np.float64))
    return abs(total - expected) <= SAME * max(1.0, abs(expected))


def _notices(method: CamMethod, cells: FloatArray, additive: FloatArray) -> tuple[Notice, ...]:
    """Warn where Grad-CAM is not the map of contributions.

    The two are equal where the gradient is the same in all cells, as before global average pooling. Before
    Flatten, a global maximum or attention it is not, and Grad-CAM averages over what makes the difference.
    """
    difference = float(np.abs(cells - additive).max())
    if method is not CamMethod.GRADCAM or difference <= SAME * float(np.abs(additive).max()):
        return ()
    message = (
        "The gradient differs between the cells of this model's target layer, and Grad-CAM averages over it: "
        "its map can peak where the evidence is not. The method hirescam keeps each cell's own gradient."
    )
    return (Notice("gradcam_not_faithful", message),)


def completeness_residual(evidence: Evidence) -> float | None:
    """|Σ G⊙A + bias_evidence − z| / max(1, |z|): how much of the score the record does not account for.

    A property of the record, and so of HiResCAM; 0 for piecewise-linear heads. None if it is not finite.
    """
    explained = float(np.einsum("hwk,hwk->", evidence.activations, evidence.gradients, dtype=np.float64))
    residual = abs(explained + evidence.bias_evidence - evidence.score) / max(1.0, abs(evidence.score))
    return residual if np.isfinite(residual) else None


def colour_anchor(saliency: SaliencyMap, reference: ReferenceLogit | None) -> ColourAnchor:
    """The local evidence that is drawn in the last colour.

    Parameters
    ----------
    saliency : SaliencyMap
    reference : ReferenceLogit or None
        The manifest's. It is in logits, so it is used only for maps in logits.

    Returns
    -------
    ColourAnchor
        Without a reference, the map's own peak, divided by the share of :data:`DEFAULT_REFERENCE` that its
        positive evidence reaches: a map with little evidence looks weak also then.
    """
    if reference is not None and saliency.in_logits:
        return ColourAnchor(reference.value, f"manifest: {reference.source}")
    local = saliency.local_evidence
    peak, total = float(local.max()), float(local.mean())
    if peak <= 0.0:
        return ColourAnchor(DEFAULT_REFERENCE, "default: the map is empty")
    source = f"default: this map's peak, at {DEFAULT_REFERENCE:g} or more of positive evidence in all"
    return ColourAnchor(peak * max(1.0, DEFAULT_REFERENCE / total), source)


def _status(cells: FloatArray) -> MapStatus:
    if cells.max() <= 0.0:
        return MapStatus.NO_POSITIVE_EVIDENCE
    return MapStatus.DEGENERATE if np.ptp(cells) <= 1e-6 * np.abs(cells).max() else MapStatus.OK


def _cell_grid(model_grid: PixelTransform, shape: tuple[int, ...]) -> PixelTransform:
    return model_grid.resized((shape[0], shape[1]))
