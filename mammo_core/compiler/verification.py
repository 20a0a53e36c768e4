"""A compiled graph against the Keras model that it was made from.

Scores and activations are compared as they are. Maps are compared at the same activations, because the
gradient of a maximum jumps where inputs are equal but for rounding: with Keras under the same portable
gradients (a mistake of the converter or of a kernel shows), and with TensorFlow's own gradients (a mistake of
the portable gradients shows) by methods that do not ask which of two equal inputs is the larger.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mammo_core.compiler.conversion import SERVE_WITH_KERAS
from mammo_core.compiler.network import Network
from mammo_core.compiler.running import evidence_of, run_traced
from mammo_core.compiler.tracing import Outline
from mammo_core.errors import CompilationError
from mammo_core.explain.methods import METHODS
from mammo_core.explain.saliency import completeness_residual
from mammo_core.models.litert import CompiledGraph
from mammo_core.models.manifest import CamAgreement, InputSpec, Scaling, Verification
from mammo_core.models.outputs import output_of, selector_of
from mammo_core.phantom.prepared import prepared
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import CamMethod, Evidence, FloatArray, Laterality, ModelOutput, ViewPosition

TOLERANCE, FLOAT16_TOLERANCE = 1e-4, 5e-2
"""Of probabilities, logits, and a cell as a share of the map's largest."""
ACTIVATION_TOLERANCE = 1e-3
"""Of activations. Rounding grows from layer to layer: with random weights ResNet50 at 384 pixels differs by
1.1e-4, and Keras with oneDNN from Keras without by 5e-5. A wrong kernel or constant is off by far more."""
INDIFFERENT_TO_TIES = (CamMethod.GRADCAM, CamMethod.XGRADCAM)
SEED = 2026
"""Of the noise, and the first of the phantoms."""
RANGES = {Scaling.UNIT: (0.0, 1.0), Scaling.BYTE: (0.0, 255.0), Scaling.SYMMETRIC: (-1.0, 1.0)}
NOT_EMPTY = 1e-12
REMAINS = 0.1
"""Share of the map of absolute values below which a map is what cancelling left over."""
CONSTANT = 1e-6
"""A map whose cells differ by less, as a share of the largest, localises nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What the compiled graph and Keras gave for one input.

    Parameters
    ----------
    compiled, keras : ModelOutput
    same_activations : Evidence
        Of Keras, by the same portable gradients, at the activations of the compiled graph.
    tensorflow : Evidence
        The same, differentiated by TensorFlow itself.
    """

    compiled: ModelOutput
    keras: ModelOutput
    same_activations: Evidence
    tensorflow: Evidence

    @property
    def evidence(self) -> Evidence:
        """Of the compiled graph."""
        return evidence_of(self.compiled)


def verify(graph: bytes, network: Network, outline: Outline, *, float16: bool) -> Verification:
    """Run both on phantoms and noise and compare what they give.

    Parameters
    ----------
    graph : bytes
        For LiteRT.
    network : Network
        Its manifest names the target layer.
    outline : Outline
        Of the trace that the graph was made from.
    float16 : bool
        Whether the graph's weights have 16 bits: the comparison is less strict.

    Returns
    -------
    Verification

    Raises
    ------
    CompilationError
        If they disagree; the message says where and by how much.
    """
    probes = _probes(network.manifest.input)
    comparisons = _compare(graph, network, outline, list(probes.values()))
    report = Verification(
        inputs=tuple(probes),
        maps=sum(_is_map(_cells(CamMethod.HIRESCAM, each.evidence)) for each in comparisons),
        probability_difference=_largest("the score", map(_probability_difference, comparisons)),
        logit_difference=_largest("a logit", map(_logit_difference, comparisons)),
        activation_difference=_largest("an activation", map(_activation_difference, comparisons)),
        cams=tuple(_agreement(method, comparisons) for method in METHODS),
        tensorflow_difference=_largest(
            "a map",
            (
                _map_difference(method, each.evidence, each.tensorflow)
                for each in comparisons
                for method in INDIFFERENT_TO_TIES
            ),
        ),
        tolerance=FLOAT16_TOLERANCE if float16 else TOLERANCE,
        activation_tolerance=FLOAT16_TOLERANCE if float16 else ACTIVATION_TOLERANCE,
        completeness_residual=_completeness(comparisons),
    )
    _refuse_disagreement(report)
    return report


def _probes(spec: InputSpec) -> dict[str, FloatArray]:
    """Inputs (1, rows, columns, channels) by what they are."""
    low, high = RANGES[spec.scaling]
    shape = (1, spec.rows, spec.columns, spec.channels)
    noise = np.random.default_rng(SEED).uniform(low, high, size=(2, *shape)).astype(np.float32)
    views = {
        f"phantom {SEED + n} {view}": make_phantom(
            seed=SEED + n, view_position=view, laterality=Laterality.LEFT, shape=(640, 520), lesion=True
        )
        for n, view in enumerate((ViewPosition.CC, ViewPosition.MLO))
    }
    return {
        **{name: prepared(phantom, spec).tensor for name, phantom in views.items()},
        "uniform noise": noise[0],
        "dim noise": np.float32(0.25) * (noise[1] - np.float32(low)) + np.float32(low),
    }


def _compare(graph: bytes, network: Network, outline: Outline, probes: list[FloatArray]) -> list[Comparison]:
    manifest, selector = network.manifest, selector_of(network.manifest, network.outputs)
    if outline.target_shape is None:
        raise CompilationError("The layer to explain has no shape.")
    compiled = CompiledGraph(
        graph, spec=manifest.input, outputs=network.outputs, target_shape=outline.target_shape
    )
    whole, _ = network.trace(portable=True)
    ours = network.trace_from_target(outline, portable=True)
    tensorflow = network.trace_from_target(outline, portable=False)

    def comparison(probe: FloatArray) -> Comparison:
        tensors = compiled.run(probe, selector)
        activations = tensors["activations"]
        return Comparison(
            output_of(tensors, manifest, selector=selector, unavailable=None),
            run_traced(whole, network, probe),
            evidence_of(run_traced(ours, network, probe, activations)),
            evidence_of(run_traced(tensorflow, network, probe, activations)),
        )

    return [comparison(probe) for probe in probes]


def _cells(method: CamMethod, evidence: Evidence) -> FloatArray:
    return METHODS[method].function(evidence.activations, evidence.gradients)


def _is_map(cells: FloatArray) -> bool:
    largest = float(np.abs(cells).max())
    return largest > NOT_EMPTY and float(np.ptp(cells)) > CONSTANT * largest


def _difference(compiled: FloatArray, keras: FloatArray) -> float:
    """Largest difference, as a share of the largest value."""
    largest = float(np.abs(keras).max())
    difference = float(np.abs(compiled - keras).max())
    return difference / largest if largest > NOT_EMPTY else difference


def _map_difference(method: CamMethod, compiled: Evidence, keras: Evidence) -> float:
    """Largest difference of a cell, as a share of the map's largest.

    Where contributions cancel out, or the method leaves those of one sign out, what remains holds the
    rounding of all that was there: such a map is not expected to be as exact.
    """
    ours, theirs = _cells(method, compiled), _cells(method, keras)
    there = METHODS[method].function(np.abs(keras.activations), np.abs(keras.gradients))
    largest = max(float(np.abs(theirs).max()), REMAINS * float(there.max()))
    difference = float(np.abs(ours - theirs).max())
    return difference / largest if largest > NOT_EMPTY else difference


def _probability_difference(comparison: Comparison) -> float:
    compiled, keras = comparison.compiled.probabilities, comparison.keras.probabilities
    return float(np.abs(np.subtract(compiled, keras)).max())


def _logit_difference(comparison: Comparison) -> float:
    compiled, keras = np.array(comparison.compiled.logits), np.array(comparison.keras.logits)
    return float((np.abs(compiled - keras) / np.maximum(1.0, np.abs(keras))).max())


def _activation_difference(comparison: Comparison) -> float:
    return _difference(comparison.evidence.activations, evidence_of(comparison.keras).activations)


def _agreement(method: CamMethod, comparisons: list[Comparison]) -> CamAgreement:
    differences = (_map_difference(method, each.evidence, each.same_activations) for each in comparisons)
    return CamAgreement(method=method, largest_difference=_largest(f"the map of {method}", differences))


def _completeness(comparisons: list[Comparison]) -> float | None:
    residuals = [completeness_residual(each.evidence) for each in comparisons]
    known = [residual for residual in residuals if residual is not None]
    return max(known) if len(known) == len(residuals) else None


def _largest(what: str, differences: Iterable[float]) -> float:
    """The largest difference of all inputs; one that is no number is one too many."""
    # Not max(): it passes over NaN.
    largest = float(np.max(list(differences)))
    if not np.isfinite(largest):
        raise CompilationError(
            f"The maps of the two cannot be compared: {what} is not finite. {SERVE_WITH_KERAS}"
        )
    return largest


def _refuse_disagreement(report: Verification) -> None:
    differences = {
        "probabilities": report.probability_difference,
        "logits": report.logit_difference,
        "activations": report.activation_difference,
        "TensorFlow's own gradient": report.tensorflow_difference,
        **{f"the map of {cam.method}": cam.largest_difference for cam in report.cams},
    }
    accepted = dict.fromkeys(differences, report.tolerance)
    accepted["activations"] = report.activation_tolerance or report.tolerance
    worst = max(differences, key=lambda name: differences[name] / accepted[name])
    if differences[worst] > accepted[worst]:
        raise CompilationError(
            f"Compiled and Keras model disagree: {worst} by {differences[worst]:.2g}, at most "
            f"{accepted[worst]:.0e} is accepted. No bundle is written. {SERVE_WITH_KERAS}"
        )
