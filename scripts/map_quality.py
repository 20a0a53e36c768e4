"""How well the map-quality checks tell a right map from a wrong one: the figures of docs/explanation.md.

The model of phantoms, which tests use, explains phantoms with a mass. Each of its maps is checked as it is,
and once more moved down by a third of its height, so that it has the same values in the wrong place.

It takes a model whose maps are known to be right: that of phantoms finds nearly every mass of a phantom. The
embedded model learnt from mammograms and misses some, so a doubt about its map as it is may be right, and
nothing is told of the checks. ``--model`` measures it, or another.
"""

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from mammo_core.checking import check_map
from mammo_core.interpretation import interpret
from mammo_core.map_quality import MapQuality, QualityChecks
from mammo_core.options import AnalysisOptions
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.pipeline import Analysis
from mammo_core.records import ModelOutput
from mammo_core.service import build_service
from mammo_core.settings import Settings

FIRST_SEED = 5_000_000
"""Apart from the seeds with which that model was made."""


def moved(output: ModelOutput) -> ModelOutput:
    """The same prediction, its evidence moved down by a third of the grid."""
    evidence = output.evidence
    if evidence is None:
        raise SystemExit("The model gave no evidence.")
    rows = evidence.activations.shape[0] // 3
    activations, gradients = (
        np.roll(tensor, rows, axis=0) for tensor in (evidence.activations, evidence.gradients)
    )
    return replace(output, evidence=replace(evidence, activations=activations, gradients=gradients))


def checked(analysis: Analysis, output: ModelOutput) -> MapQuality:
    """Interpret a prediction and check its map in full."""
    model, anatomy = analysis.model, analysis.anatomy
    interpretation = interpret(
        output,
        analysis.model_input,
        analysis.mammogram,
        anatomy,
        manifest=model.manifest,
        options=AnalysisOptions(),
    )
    score = output.evidence.score if output.evidence is not None else None
    return check_map(
        interpretation,
        analysis.model_input,
        anatomy.breast,
        score=score,
        model=model,
        checks=QualityChecks.FULL,
    )


def main() -> None:
    """Print a row for the right maps and one for the wrong ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantoms", type=int, default=40)
    parser.add_argument("--model", type=Path, default=Path("tests/fixtures/phantom.mammo"))
    arguments = parser.parse_args()
    phantoms: int = arguments.phantoms
    service = build_service(Settings(model_uri=arguments.model.resolve().as_uri()))
    found: dict[str, list[MapQuality]] = {"as it is": [], "moved": []}
    for seed in range(FIRST_SEED, FIRST_SEED + phantoms):
        options = AnalysisOptions(images=(), quality_checks=QualityChecks.OFF)
        analysis = service.examine(to_png(make_phantom(seed=seed)), options)
        if not analysis.interpretation.regions.value:
            continue
        found["as it is"].append(checked(analysis, analysis.output))
        found["moved"].append(checked(analysis, moved(analysis.output)))
    for name, maps in found.items():
        drops = [m.measured.occlusion_drops[0].value for m in maps if m.measured.occlusion_drops]
        agreement = [m.measured.occlusion_agreement.value for m in maps]
        orderings = [m.measured.ordering.value for m in maps if m.measured.ordering.value is not None]
        print(f"maps {name}: {len(maps)}, {dict(Counter(str(m.status) for m in maps))}")
        print(f"  doubts {dict(Counter(doubt.code for m in maps for doubt in m.doubts))}")
        print(f"  occlusion drop of the first region, median {median(d for d in drops if d is not None):.2f}")
        print(f"  agreement with occlusion, median {median(a for a in agreement if a is not None):.2f}")
        print(
            f"  better than chance: deletion {sum(o.deletion.gap > 0 for o in orderings)}, "
            f"insertion {sum(o.insertion.gap > 0 for o in orderings)} of {len(orderings)}"
        )
        print(f"  forward passes {min(m.forwards for m in maps)} to {max(m.forwards for m in maps)}")


if __name__ == "__main__":
    main()
