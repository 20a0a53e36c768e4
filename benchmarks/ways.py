"""One way to a map, in a fresh process: ``python -m benchmarks.ways WAY FOLDER RUNS`` prints JSON.

Times are of the system's monotonic clock, which the process that started this one reads, too.
"""

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, perf_counter

import numpy as np

from mammo_core.records import FloatArray

Run = Callable[[FloatArray], object]
Opened = tuple[Run, tuple[int, ...]]


def keras_eager(folder: Path) -> Opened:
    """The recipe of keras.io: a sub-model and a GradientTape, run operation by operation."""
    import keras
    import tensorflow as tf

    network = keras.saving.load_model(folder / "model.keras", compile=False)
    target = json.loads((folder / "target.json").read_text())
    inside = keras.Model(network.inputs, [network.get_layer(target).output, network.outputs[0]])

    def run(image: FloatArray) -> FloatArray:
        with tf.GradientTape() as tape:
            activations, predictions = inside(image, training=False)
            score = predictions[:, 0]
        gradients = tape.gradient(score, activations)
        weights = tf.reduce_mean(gradients, axis=(0, 1, 2))
        return np.asarray(tf.nn.relu(activations[0] @ weights[:, None])[..., 0])

    return run, network.input_shape[1:]


def keras_fused(folder: Path) -> Opened:
    """The project's Keras backend: prediction and gradient in one traced function."""
    from mammo_core.models.keras import KerasModel
    from mammo_core.models.store import read_files

    return _served(KerasModel(read_files(folder / "model.keras")))


def compiled(folder: Path) -> Opened:
    """The project's LiteRT backend, through the store and its digests."""
    from mammo_core.models.litert import LiteRTModel
    from mammo_core.models.store import fetch

    return _served(LiteRTModel(fetch((folder / "model.mammo").resolve().as_uri())))


def plain(folder: Path) -> Opened:
    """LiteRT with as many threads, and the score alone: no explanation."""
    import os

    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(
        model_content=(folder / "plain.tflite").read_bytes(), num_threads=len(os.sched_getaffinity(0))
    )
    interpreter.allocate_tensors()
    [image_in], [score_out] = interpreter.get_input_details(), interpreter.get_output_details()

    def run(image: FloatArray) -> object:
        interpreter.set_tensor(image_in["index"], image)
        interpreter.invoke()
        return interpreter.get_tensor(score_out["index"])

    return run, tuple(image_in["shape"][1:])


def _served(model: object) -> Opened:
    from mammo_core.explain.methods import gradcam
    from mammo_core.geometry import PixelTransform
    from mammo_core.models.protocol import Model
    from mammo_core.records import ModelInput

    def run(image: FloatArray) -> FloatArray:
        served: Model = model  # type: ignore[assignment]  # one of the two backends
        evidence = served.run(ModelInput(image, PixelTransform.identity(image.shape[1:3]), ())).evidence
        if evidence is None:
            raise RuntimeError("no map")
        return np.maximum(gradcam(evidence.activations, evidence.gradients), 0.0)

    spec = model.manifest.input  # type: ignore[attr-defined]  # one of the two backends
    return run, (spec.rows, spec.columns, spec.channels)


WAYS: dict[str, Callable[[Path], Opened]] = {
    "Keras eager": keras_eager,
    "Keras fused": keras_fused,
    "compiled": compiled,
    "plain": plain,
}


def main() -> None:
    """Load, make the first map, make some more, and tell."""
    way, folder, runs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    run, shape = WAYS[way](folder)
    image = np.random.default_rng(0).random((1, *shape), dtype=np.float32)
    run(image)
    first = monotonic()
    took = []
    for _ in range(runs):
        start = perf_counter()
        run(image)
        took.append(perf_counter() - start)
    told = {
        "first": first,
        "warm_ms": 1000.0 * float(np.median(took)),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
