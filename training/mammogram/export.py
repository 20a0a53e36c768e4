"""From the weights of a run to a compiled bundle."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mammo_core.models.manifest import Head as Activation
from mammo_core.models.manifest import Manifest, OperatingPoint
from training.bundle import digest, keras_bytes
from training.mammogram.heads import TARGET
from training.mammogram.inputs import SPEC
from training.mammogram.learning import load_weights
from training.mammogram.network import Design, Head, build, exported
from training.mammogram.runs import SETTINGS, split
from training.mammogram.validation import predict
from training.mammogram.views import Collection

UNUSUAL = 0.1
"""Share of healthy views whose strongest cells, on average, are no evidence at all."""
SAMPLED = 240
"""Healthy views, from those that were learnt from, on which that is looked up."""


def plain_manifest(weights: bytes, name: str) -> Manifest:
    """Declare a model that is to be measured, not shipped: no cuts, no calibration."""
    return Manifest(
        id=name,
        version="0",
        input=SPEC,
        classes=("no cancer", "cancer"),
        positive="cancer",
        head=Activation.SIGMOID,
        threshold=OperatingPoint(threshold=0.5, source="default"),
        target_layer=TARGET,
        weights_sha256=digest(weights),
        training_data="a fold of a cross-validation",
        licence="research, non-commercial",
    )


def export(folder: Path, weights: Path, collection: Collection, out: Path) -> None:
    """Compile a run's weights as they are, to be measured.

    Parameters
    ----------
    folder : Path
        Of the run.
    weights : Path
        One of its epochs.
    collection : Collection
        What it was trained on.
    out : Path
        The bundle, ``.mammo``.
    """
    settings = json.loads((folder / SETTINGS).read_text())
    design = Design.of(settings["design"])
    network = build(design, seed=0)
    load_weights(network, weights)
    zero = 0.0
    if design.head is Head.STRONGEST:
        learnt, _ = split(collection.views, settings["fold"])
        healthy = [view for view in learnt if view.healthy]
        sampled = healthy[:: max(1, len(healthy) // SAMPLED)]
        _, scores = predict(network, [collection.image(view) for view in sampled])
        zero = pooled_of(network, float(np.quantile(scores, UNUSUAL)))
    saved = keras_bytes(exported(network, design, zero=zero))
    compile_bundle(saved, plain_manifest(saved, out.stem), out)


def pooled_of(network: object, score: float) -> float:
    """The average of the layer ``evidence`` that gives a score."""
    kernel, bias = network.get_layer("score").get_weights()  # type: ignore[attr-defined] # Keras is untyped
    return (score - float(bias[0])) / float(kernel[0, 0])


def compile_bundle(weights: bytes, manifest: Manifest, out: Path) -> None:
    """Compile in a process of its own: one that has traced before gives other bytes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary:
        model = Path(temporary) / f"{out.stem}.keras"
        model.write_bytes(weights)
        model.with_suffix(".manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n")
        command = [sys.executable, "-m", "mammo_core", "compile", str(model), "-o", str(out)]
        subprocess.run(command, check=True)  # noqa: S603 - our own command
