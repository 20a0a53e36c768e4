"""From the weights of a run to a compiled bundle."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mammo_core.compiler.perturbation import randomise
from mammo_core.models.manifest import Head as Activation
from mammo_core.models.manifest import Manifest, OperatingPoint
from training.bundle import digest, keras_bytes
from training.mammogram.heads import TARGET
from training.mammogram.inputs import SPEC
from training.mammogram.learning import load_weights
from training.mammogram.network import Design, build, exported
from training.mammogram.runs import SETTINGS


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
        training_data="not declared",
        intended_use="to be measured",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Networks with the weights of runs; their mean score is the model's.

    Parameters
    ----------
    networks : tuple of keras.Model
        Of :func:`training.mammogram.network.build`, with concepts.
    """

    networks: tuple[Any, ...]

    @classmethod
    def read(cls, weights: Sequence[Path]) -> "Trained":
        """Take epochs of runs, ``weights_NNN.npz`` in the runs' folders."""
        return cls(tuple(_network(path) for path in weights))

    def saved(self, *, slope: float = 1.0, offset: float = 0.0) -> bytes:
        """The Keras file, with a calibration in its last unit."""
        return keras_bytes(exported(self.networks, slope=slope, offset=offset))

    def randomised(self, seed: int) -> "Trained":
        """The same networks as if they had never been trained: what a map shows without learning."""
        random = np.random.default_rng(seed)
        for network in self.networks:
            for layer in network.layers:
                if layer.trainable_weights:
                    randomise(layer, random)
        return self


def _network(weights: Path) -> Any:  # noqa: ANN401 - Keras is untyped
    design = Design.of(json.loads(weights.with_name(SETTINGS).read_text())["design"])
    network = build(design, seed=0)
    load_weights(network, weights)
    return network


def export(weights: Sequence[Path], out: Path, *, random: int | None = None, float16: bool = False) -> None:
    """Compile weights of runs as they are, to be measured.

    Parameters
    ----------
    weights : sequence of Path
        As in :meth:`Trained.read`.
    out : Path
        The bundle, ``.mammo``.
    random : int or None
        Seed of random weights to take instead of those of the runs, for a baseline.
    float16 : bool
        Whether weights are stored in 16 bits.
    """
    trained = Trained.read(weights)
    if random is not None:
        trained = trained.randomised(random)
    saved = trained.saved()
    compile_bundle(saved, plain_manifest(saved, out.stem), out, float16=float16)


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
