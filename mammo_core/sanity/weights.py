"""Checks that change the network's weights, and so need the Keras file."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mammo_core.compiler.network import Network
from mammo_core.compiler.perturbation import kept_weights, randomise, scale, weighted_layers
from mammo_core.compiler.running import evidence_of, run_traced
from mammo_core.records import CamMethod, Evidence, FloatArray
from mammo_core.sanity.maps import Probe, alike, cells_of, tissue_cells
from mammo_core.sanity.results import Outcome, Result

Explain = Callable[[FloatArray], Evidence]

MOST_ALIKE = 0.2
"""Rank correlation with the original that a map of random weights may have."""
STAGES, SEEDS = 10, (1, 2, 3, 4, 5, 6)
SURE = 50.0
"""Logits at which a sigmoid has had no gradient in 32 bits for long."""
AGREE = 1e-3
NO_SCORE = 1e-6


def explainer(network: Network) -> Explain:
    """The evidence of an image, by the weights that the network has at that moment."""
    function, _ = network.trace(portable=True)

    def explain(image: FloatArray) -> Evidence:
        return evidence_of(run_traced(function, network, image))

    return explain


def check_randomisation(network: Network, explain: Explain, probes: list[Probe], method: CamMethod) -> Result:
    """Make the weights random layer by layer from the head down; the map must not stay what it was [1]_.

    A map that survives shows the image, not the model. Absolute maps are compared, over tissue.

    References
    ----------
    .. [1] Adebayo et al., Sanity Checks for Saliency Maps, arXiv:1810.03292
    """
    original = [cells_of(explain(probe.model_input.tensor), method) for probe in probes]

    def remaining() -> float:
        return float(
            np.mean(
                [
                    _alike(cells, cells_of(explain(probe.model_input.tensor), method), probe)
                    for cells, probe in zip(original, probes, strict=True)
                ]
            )
        )

    stages = _stages(network)
    found = np.array([_cascade(network, stages, remaining, np.random.default_rng(seed)) for seed in SEEDS])
    means = found.mean(axis=0)
    value = float(means[-1])
    return Result(
        check="weight randomisation",
        outcome=Outcome.PASSED if value <= MOST_ALIKE else Outcome.FAILED,
        summary=f"With all weights random the map's rank correlation with the original is {value:.2f}.",
        value=value,
        limit=MOST_ALIKE,
        details=tuple(
            (f"down to {stage[-1].name}", float(mean)) for stage, mean in zip(stages, means, strict=True)
        ),
    )


def check_saturation(network: Network, explain: Explain, probes: list[Probe]) -> Result:
    """Scale the last layer until the score is ±50 logits: the gradient must grow with it, not vanish."""
    before = [explain(probe.model_input.tensor) for probe in probes]
    number = int(np.argmax([abs(evidence.score) for evidence in before]))
    image, original = probes[number].model_input.tensor, before[number]
    if abs(original.score) < NO_SCORE:
        return Result("saturation", Outcome.NOT_POSSIBLE, "The score of every input is 0: nothing to scale.")
    details: list[tuple[str, float]] = []
    worst = 0.0
    for score in (SURE, -SURE):
        factor = score / original.score
        with kept_weights(network):
            scale(weighted_layers(network)[-1], factor)
            scaled = explain(image)
        if abs(scaled.score - score) > AGREE * SURE:
            return Result("saturation", Outcome.NOT_POSSIBLE, "The last layer with weights makes no logits.")
        details.append((f"largest gradient at {score:+.0f}", float(np.abs(scaled.gradients).max())))
        worst = max(worst, _difference(scaled.gradients, factor * original.gradients))
    return Result(
        check="saturation",
        outcome=Outcome.PASSED if worst <= AGREE else Outcome.FAILED,
        summary=f"At ±{SURE:.0f} logits the gradient differs from the scaled one by {worst:.1e} of its peak.",
        value=worst,
        limit=AGREE,
        details=tuple(details),
    )


def _stages(network: Network) -> list[list[Any]]:
    """Layers with weights from the head down, in at most :data:`STAGES` groups; the head is the first."""
    head, *rest = reversed(weighted_layers(network))
    groups = min(STAGES - 1, len(rest))
    numbers = [n * groups // len(rest) for n in range(len(rest))]
    return [[head], *([rest[n] for n, of in enumerate(numbers) if of == group] for group in range(groups))]


def _cascade(
    network: Network, stages: list[list[Any]], remaining: Callable[[], float], random: np.random.Generator
) -> list[float]:
    found = []
    with kept_weights(network):
        for stage in stages:
            for layer in stage:
                randomise(layer, random)
            found.append(remaining())
    return found


def _alike(original: FloatArray, now: FloatArray, probe: Probe) -> float:
    inside = tissue_cells(probe.model_input.tensor, original.shape)
    return alike(np.abs(original[inside]), np.abs(now[inside]))


def _difference(ours: FloatArray, expected: FloatArray) -> float:
    if not np.isfinite(ours).all():
        return float("inf")
    return float(np.abs(ours - expected).max() / np.abs(expected).max())
