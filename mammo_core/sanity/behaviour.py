"""Checks that need the model only as it is served: determinism, and what a mirrored image changes."""

import numpy as np

from mammo_core.compiler.running import evidence_of
from mammo_core.models.protocol import Model
from mammo_core.records import CamMethod, ModelOutput
from mammo_core.sanity.maps import Probe, alike, cells_of, tissue_cells
from mammo_core.sanity.results import Outcome, Result


def check_determinism(model: Model, probes: list[Probe]) -> Result:
    """Run each input twice, with all the others in between, and compare bytes."""
    first = [_bytes_of(model.run(probe.model_input)) for probe in probes]
    again = [_bytes_of(model.run(probe.model_input)) for probe in probes]
    different = sum(one != other for one, other in zip(first, again, strict=True))
    return Result(
        check="determinism",
        outcome=Outcome.FAILED if different else Outcome.PASSED,
        summary=f"{different} of {len(probes)} inputs gave other bytes the second time.",
        value=float(different),
        limit=0.0,
    )


def check_flip(model: Model, probes: list[Probe], method: CamMethod) -> Result:
    """Mirror each image left to right and compare with the mirrored map.

    A model that is shown each breast with its chest wall at the left sees the same twice; another one need
    not be symmetric.
    """
    agreements, differences = [], []
    for probe in probes:
        evidence = evidence_of(model.run(probe.model_input))
        mirrored = evidence_of(model.run(probe.mirrored))
        cells = cells_of(evidence, method)
        inside = tissue_cells(probe.model_input.tensor, cells.shape)
        back = cells_of(mirrored, method)
        if not _turned(probe):
            back = back[:, ::-1]
        agreements.append(alike(cells[inside], back[inside]))
        differences.append(abs(mirrored.score - evidence.score))
    mean = float(np.mean(agreements))
    return Result(
        check="flip",
        outcome=Outcome.REPORTED,
        summary=f"Mirrored images: rank correlation of the maps {mean:.2f}, scores differ by at most "
        f"{max(differences):.3g} logits.",
        value=mean,
        details=(
            *((f"{probe.name}: maps", value) for probe, value in zip(probes, agreements, strict=True)),
            *((f"{probe.name}: logits", value) for probe, value in zip(probes, differences, strict=True)),
        ),
    )


def _bytes_of(output: ModelOutput) -> tuple[object, ...]:
    evidence = evidence_of(output)
    arrays = (evidence.activations.tobytes(), evidence.gradients.tobytes())
    return output.probabilities, output.logits, evidence.score, evidence.bias_evidence, *arrays


def _turned(probe: Probe) -> bool:
    """Whether preprocessing mirrored one of the two, so that their maps lie alike."""
    scales = [each.transform.column.scale for each in (probe.model_input, probe.mirrored)]
    return scales[0] * scales[1] < 0.0
