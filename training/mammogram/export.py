"""From the weights of a run to a compiled bundle."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mammo_core.compiler.perturbation import randomise
from mammo_core.models.manifest import Head as Activation
from mammo_core.models.manifest import Manifest, OperatingPoint
from training.bundle import digest, keras_bytes
from training.mammogram.heads import ABOVE, TARGET
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


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A network with the weights of a run, and what it takes to give it one output.

    Parameters
    ----------
    network : keras.Model
        Of :func:`training.mammogram.network.build`.
    design : Design
    zero : float
        Logit of a cell that counts as no evidence.
    """

    network: Any
    design: Design
    zero: float

    @classmethod
    def read(cls, folder: Path, weights: Path, collection: Collection) -> "Trained":
        """Take the weights of a run.

        Parameters
        ----------
        folder : Path
            Of the run.
        weights : Path
            One of its epochs.
        collection : Collection
            What it was trained on.
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
        return cls(network, design, zero)

    def saved(self, *, slope: float = 1.0, offset: float = 0.0) -> bytes:
        """The Keras file, with a calibration in its last unit."""
        return keras_bytes(exported(self.network, self.design, zero=self.zero, slope=slope, offset=offset))

    def randomised(self, seed: int) -> "Trained":
        """The same network as it would be if it had never been trained: what a map shows without learning."""
        random = np.random.default_rng(seed)
        for layer in self.network.layers:
            if layer.weights and layer.name != ABOVE:
                randomise(layer, random)
        return self


def export(
    folder: Path, weights: Path, collection: Collection, out: Path, *, random: int | None = None
) -> None:
    """Compile a run's weights as they are, to be measured.

    Parameters
    ----------
    folder, weights, collection
        As in :meth:`Trained.read`.
    out : Path
        The bundle, ``.mammo``.
    random : int or None
        Seed of random weights to take instead of those of the run, for a baseline.
    """
    trained = Trained.read(folder, weights, collection)
    if random is not None:
        trained = trained.randomised(random)
    saved = trained.saved()
    compile_bundle(saved, plain_manifest(saved, out.stem), out)


def pooled_of(network: object, score: float) -> float:
    """The average of the layer ``evidence`` that gives a score."""
    kernel, bias = network.get_layer("score").get_weights()  # type: ignore[attr-defined] # Keras is untyped
    return (score - float(bias[0])) / float(kernel[0, 0])


def compile_bundle(weights: bytes, manifest: Manifest, out: Path, *, float16: bool = False) -> None:
    """Compile in a process of its own: one that has traced before gives other bytes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as temporary:
        model = Path(temporary) / f"{out.stem}.keras"
        model.write_bytes(weights)
        model.with_suffix(".manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n")
        command = [sys.executable, "-m", "mammo_core", "compile", str(model), "-o", str(out)]
        command += ["--float16"] if float16 else []
        subprocess.run(command, check=True)  # noqa: S603 - our own command
