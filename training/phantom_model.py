"""Train the model of tests on phantoms: ``python -m training.phantom_model --out tests/fixtures``.

Phantoms are made from seeds that are used for nothing else, a small network learns to find the planted mass,
its cuts are chosen on validation phantoms, its performance is measured on test phantoms, and the bundle is
written. Of real mammograms it knows nothing.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mammo_core.evaluation.statistics import Labels, auc
from mammo_core.models.manifest import Head, Manifest, Measurement, ReferenceLogit
from mammo_core.records import FloatArray
from training.bundle import digest, keras_bytes
from training.cases import SPEC, Case, make_cases, make_pairs
from training.learning import Plan, train
from training.measure import Cuts, choose_cuts, is_hit, labels_of
from training.network import GAIN, TARGET, Trainable, exported, predict

TRAINING, VALIDATION, TEST = 1_000_000, 2_000_000, 3_000_000
"""First seeds. Seeds below a million are left to tests and demonstrations."""
MEASURED = 400
"""Phantoms in each of validation and test."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Phantoms with the network's scores (0 to 1) and cells."""

    cases: list[Case]
    labels: Labels
    scores: FloatArray
    cells: FloatArray
    hits: Labels
    """Of the cases with a mass, in their order."""
    data: str


def main() -> None:
    """Train, measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the bundle, phantom.mammo")
    parser.add_argument("--pairs", type=int, default=1000, help="breasts, each with and without a mass")
    parser.add_argument("--patch-epochs", type=int, default=Plan().patch_epochs)
    parser.add_argument("--view-epochs", type=int, default=Plan().view_epochs)
    parser.add_argument("--seed", type=int, default=1, help="of weights, order and augmentation")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes that make phantoms"
    )
    arguments = parser.parse_args()

    started = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - started:6.1f} s  {text}", flush=True)

    pairs = make_pairs(range(TRAINING, TRAINING + arguments.pairs), workers=arguments.workers)
    tell(f"{len(pairs)} pairs of phantoms")
    plan = Plan(arguments.patch_epochs, arguments.view_epochs)
    network, _ = train(
        pairs, seed=arguments.seed, plan=plan, report=lambda n, loss: tell(f"epoch {n}: loss {loss:.4f}")
    )
    validation = _scored(network, "validation", VALIDATION, arguments.workers)
    test = _scored(network, "test", TEST, arguments.workers)
    tell("measured")
    weights = keras_bytes(exported(network))
    manifest = make_manifest(validation, test, weights=weights, pairs=arguments.pairs)
    _write(arguments.out, weights, manifest)
    for measurement in manifest.performance:
        tell(f"{measurement.metric}: {measurement.value} ({measurement.data})")
    tell(f"{len(weights) / 1000:.0f} kB, sha256 {digest(weights)}")


def make_manifest(validation: Scored, test: Scored, *, weights: bytes, pairs: int) -> Manifest:
    """Declare the model: cuts and reference from ``validation``, performance on ``test``."""
    cuts = choose_cuts(validation.scores, validation.labels)
    return Manifest(
        id="phantom-cnn",
        version="0.1.0",
        input=SPEC,
        classes=("no lesion", "lesion"),
        positive="lesion",
        head=Head.SIGMOID,
        threshold=cuts.middle.point(f"largest sensitivity + specificity on {validation.data}"),
        rule_out=cuts.low.point(_source("sensitivity", cuts, validation.data)),
        rule_in=cuts.high.point(_source("specificity", cuts, validation.data)),
        target_layer=TARGET,
        reference_logit=_reference(validation, cuts),
        weights_sha256=digest(weights),
        training_data=f"synthetic phantoms only, {pairs} breasts with and without a mass (seeds {TRAINING} to "  # noqa: E501 - one sentence
        f"{TRAINING + pairs - 1}); it says nothing about real mammograms",
        performance=_performance(test, cuts),
        intended_use="software demonstration and tests, not real mammograms",
        demonstration=True,
        licence="Apache-2.0",
    )


def _scored(network: Trainable, name: str, first: int, workers: int) -> Scored:
    cases = make_cases(range(first, first + MEASURED), workers=workers)
    cells, logits = predict(network, cases)
    found = [is_hit(case, each) for case, each in zip(cases, cells, strict=True) if case.lesion is not None]
    return Scored(
        cases=cases,
        labels=labels_of(cases),
        scores=(1.0 / (1.0 + np.exp(-logits.astype(np.float64)))).astype(np.float32),
        cells=cells,
        hits=np.array(found, dtype=np.bool_),
        data=f"{name} phantoms, n={MEASURED}, seeds {first} to {first + MEASURED - 1}",
    )


def _source(what: str, cuts: Cuts, data: str) -> str:
    source = f"{what} of at least {cuts.level:.0%} on {data}"
    if cuts.level > 0.9:
        source += "; raised from 90 %, at which the two cuts would change places"
    return source


def _reference(scored: Scored, cuts: Cuts) -> ReferenceLogit:
    """Typical peak of a found mass, in logits: the head's weights are the gain times the network's."""
    peaks = scored.cells[scored.labels].max(axis=(1, 2))
    found = scored.hits & (scored.scores[scored.labels] >= cuts.middle.threshold)
    return ReferenceLogit(
        value=round(float(np.median(peaks[found])) * GAIN, 1),
        source=f"median peak of the local evidence in {int(found.sum())} found masses of {scored.data}",
    )


def _performance(test: Scored, cuts: Cuts) -> tuple[Measurement, ...]:
    positive, negative = test.scores[test.labels], test.scores[~test.labels]
    values = {
        "AUC": auc(test.scores.astype(np.float64), test.labels),
        "pointing game of Grad-CAM, peak within 3 mm of the mass": float(test.hits.mean()),
        f"sensitivity at {cuts.middle.threshold}": float((positive >= cuts.middle.threshold).mean()),
        f"specificity at {cuts.middle.threshold}": float((negative < cuts.middle.threshold).mean()),
        f"sensitivity at {cuts.low.threshold}": float((positive >= cuts.low.threshold).mean()),
        f"specificity at {cuts.high.threshold}": float((negative < cuts.high.threshold).mean()),
    }
    return tuple(Measurement(metric=name, value=round(v, 4), data=test.data) for name, v in values.items())


def _write(folder: Path, weights: bytes, manifest: Manifest) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary:
        model = Path(temporary) / "phantom.keras"
        model.write_bytes(weights)
        model.with_suffix(".manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n")
        # In a process of its own: one that has traced before gives other bytes.
        command = [
            sys.executable,
            "-m",
            "mammo_core",
            "compile",
            str(model),
            "-o",
            str(folder / "phantom.mammo"),
        ]
        subprocess.run(command, check=True)  # noqa: S603 - our own command


if __name__ == "__main__":
    main()
