"""`mammo compile` writes the same bundle each time, takes its options, or says in one line why not."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers
from typer.testing import CliRunner, Result

from mammo_core.cli import app
from mammo_core.models.bundle import Bundle, unpack
from tests.conftest import make_manifest
from tests.networks import SHAPE, Network, conv, fresh

pytestmark = pytest.mark.tf


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A Conv/MaxPool/Flatten/Dense network."""
    path = tmp_path / "model.keras"
    fresh("flatten").network.save(path)
    return path


def compile_(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["compile", *map(str, arguments)])


def written(path: Path) -> Bundle:
    return unpack(path.read_bytes())


def without_kernel() -> Network:
    image = keras.Input((*SHAPE, 1))
    values = layers.Flatten()(keras.ops.erf(conv(4, "c1")(image)))
    return keras.Model(image, layers.Dense(1, "sigmoid")(values))


def test_two_processes_write_identical_bytes_and_nothing_to_standard_error(
    model: Path, tmp_path: Path
) -> None:
    outputs = [tmp_path / f"{n}.mammo" for n in range(2)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "mammo_core", "compile", str(model), "-o", str(output)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for output in outputs
    ]
    told = [process.communicate(timeout=300) for process in running]

    assert [process.returncode for process in running] == [0, 0], told
    first, second = (output.read_bytes() for output in outputs)
    assert first == second
    assert len(first) > 10_000
    assert [errors for _, errors in told] == ["", ""]
    assert told[0][0].replace("0.mammo", "1.mammo") == told[1][0]


def test_the_report_is_printed(model: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.mammo"

    done = compile_(model, "-o", output)

    lines = done.stdout.replace("\n", " ")
    assert done.exit_code == 0, done.output
    assert f"{output}  0.02 MB target layer c2, 8 × 6 × 5 verified on 4 inputs (4 with a map)" in lines
    assert "completeness residual" in lines
    assert written(output).manifest.absent
    assert "manifest: none; the bundle takes the whole image, stretched, with values 0-1" in lines
    assert "write model.manifest.json (docs/models.md)" in lines


def test_options_choose_layer_precision_and_manifest(model: Path, tmp_path: Path) -> None:
    declared = tmp_path / "elsewhere.json"
    declared.write_text(make_manifest(target_layer="c2").model_dump_json())
    output = tmp_path / "m.mammo"

    done = compile_(model, "-o", output, "--target-layer", "c1", "--float16", "--manifest", declared)

    manifest = written(output).manifest
    assert done.exit_code == 0, done.output
    assert "manifest: none" not in done.output
    assert (manifest.id, manifest.target_layer, manifest.absent) == ("test", "c1", False)
    assert manifest.compiled is not None
    assert manifest.compiled.float16
    assert manifest.compiled.target_shape == (32, 24, 4)


def test_the_manifest_beside_the_model_is_used(model: Path, tmp_path: Path) -> None:
    (tmp_path / "model.manifest.json").write_text(make_manifest(target_layer="c1").model_dump_json())
    output = tmp_path / "m.mammo"

    assert compile_(model, "-o", output).exit_code == 0
    assert written(output).manifest.target_layer == "c1"


@pytest.mark.parametrize(
    ("network", "status", "message"),
    [
        (
            without_kernel,
            1,
            "mammo: The model cannot be compiled: LiteRT has no kernel for Erf. The .keras file itself can "
            "be served: the Keras backend is slower and gives the same answer.\n",
        ),
        (
            lambda: keras.Sequential(
                [keras.Input((*SHAPE, 1)), layers.Flatten(), layers.Dense(1, "sigmoid")]
            ),
            1,
            "mammo: The network has no layer with a spatial output that its score depends on. "
            "The .keras file itself can be served: for its score, without a map.\n",
        ),
    ],
    ids=["an operation without a kernel", "no convolution"],
)
def test_a_refusal_is_one_line_and_no_bundle(
    network: object, status: int, message: str, tmp_path: Path
) -> None:
    path, output = tmp_path / "m.keras", tmp_path / "m.mammo"
    assert callable(network)
    network().save(path)

    done = compile_(path, "-o", output)

    assert (done.exit_code, done.stderr) == (status, message)
    assert done.stdout == ""
    assert not output.exists()


def test_a_corrupt_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(b"no model")

    done = compile_(tmp_path / "m.keras", "-o", tmp_path / "m.mammo")

    assert (done.exit_code, done.stderr) == (
        1,
        "mammo: Keras cannot load the .keras file (ValueError): it is damaged or of another kind.\n",
    )


@pytest.mark.parametrize(("name", "output"), [("none.keras", "m.mammo"), ("model.keras", "m.tflite")])
def test_wrong_usage_has_status_2(model: Path, name: str, output: str) -> None:
    assert compile_(model.with_name(name), "-o", model.with_name(output)).exit_code == 2


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(np.zeros(4).tobytes())

    done = compile_(tmp_path / "m.onnx", "-o", tmp_path / "m.mammo")

    assert (done.exit_code, done.stderr) == (1, "mammo: A file ending in .keras or .h5 is expected.\n")
