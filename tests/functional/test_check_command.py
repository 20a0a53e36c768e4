"""`mammo check` passes a model whose map depends on its weights, and fails one whose map is the image."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from typer.testing import CliRunner, Result

from mammo_core.cli import app
from mammo_core.compiler.compile import compile_model
from mammo_core.compiler.network import open_network
from mammo_core.compiler.perturbation import kept_weights, randomise, weighted_layers
from mammo_core.models.manifest import Orientation
from mammo_core.records import Evidence, FloatArray
from mammo_core.sanity import weights
from mammo_core.sanity.check import NEEDS_KERAS
from mammo_core.sanity.maps import probes
from mammo_core.sanity.results import Outcome
from tests.conftest import make_manifest
from tests.networks import Network, applied, conv, randomised, saved

pytestmark = pytest.mark.tf

SIZE = (96, 80)


@pytest.fixture(autouse=True)
def _same_weights() -> None:
    keras.utils.set_random_seed(11)


def network_of(*chain: Any) -> Network:  # noqa: ANN401 - Keras is untyped
    image = keras.Input((*SIZE, 1))
    return randomised(keras.Model(image, applied(image, [*chain])))


def sound() -> Network:
    """Channels that see edges and not how bright the tissue is: the map depends on all weights."""
    network = network_of(
        conv(12, "c1", strides=2),
        layers.BatchNormalization(name="norm"),
        conv(16, "c2", strides=2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(1, "sigmoid", name="score"),
    )
    kernel = np.asarray(network.get_layer("c1").kernel)
    network.get_layer("c1").kernel.assign(kernel - kernel.mean(axis=(0, 1), keepdims=True))
    return network


def blind() -> Network:
    """The layer to explain is the image: no weight can change its map but in size."""
    return network_of(
        layers.ReLU(name="image"), layers.GlobalAveragePooling2D(), layers.Dense(1, "sigmoid", name="score")
    )


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def report_of(network: Network, folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit status, and results by the name of their check."""
    path = folder / "m.keras"
    network.save(path)
    done = check(path, "--json", *arguments)
    report = json.loads(done.stdout)
    results = {result.pop("check"): result for result in report.pop("results")}
    assert done.stderr == ""
    return done.exit_code, {**report, **results}


class TestASoundModel:
    def test_passes_each_check(self, tmp_path: Path) -> None:
        status, report = report_of(sound(), tmp_path)

        randomisation, saturation = report["weight randomisation"], report["saturation"]
        assert (status, report["passed"]) == (0, True)
        assert (report["backend"], report["target_layer"], report["method"]) == ("keras", "c2", "gradcam")
        assert len(report["inputs"]) == 4
        assert [
            report[name]["outcome"] for name in ("determinism", "saturation", "weight randomisation")
        ] == ["passed"] * 3
        assert randomisation["value"] <= randomisation["limit"] == 0.2
        assert [each["name"] for each in randomisation["details"]] == [
            "down to score",
            "down to c2",
            "down to norm",
            "down to c1",
        ]
        assert randomisation["value"] == randomisation["details"][-1]["value"]
        assert [each["name"] for each in saturation["details"]] == [
            "largest gradient at +50",
            "largest gradient at -50",
        ]
        assert all(each["value"] > 1e-3 for each in saturation["details"])
        assert report["flip"]["outcome"] == "reported"
        assert -1.0 < report["flip"]["value"] < 1.0

    def test_is_told_in_a_table(self, tmp_path: Path) -> None:
        sound().save(tmp_path / "m.keras")

        done = check(tmp_path / "m.keras", "--method", "hirescam")

        assert done.exit_code == 0, done.output
        assert done.stdout.startswith("unnamed 0 (keras), layer c2, hirescam\n")
        for words in ("determinism", "saturation", "weight randomisation: down to c1", "flip", "passed"):
            assert words in done.stdout

    def test_is_left_with_its_weights(self) -> None:
        network = open_network(saved(sound())).explaining("c2")
        before = [np.asarray(weight) for weight in network.keras.weights]
        explain = weights.explainer(network)
        image = probes(network.manifest.input)[0].model_input.tensor
        map_before = explain(image).gradients

        with pytest.raises(RuntimeError, match="in the middle"), kept_weights(network):
            for layer in weighted_layers(network):
                randomise(layer, np.random.default_rng(0))
            assert not np.array_equal(explain(image).gradients, map_before)
            raise RuntimeError("in the middle")

        after = [np.asarray(weight) for weight in network.keras.weights]
        assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
        assert np.array_equal(explain(image).gradients, map_before)

    def test_with_the_chest_wall_always_at_the_left_does_not_see_a_mirrored_image(
        self, tmp_path: Path
    ) -> None:
        manifest = make_manifest(rows=SIZE[0], columns=SIZE[1], target_layer="c2")
        spec = manifest.input.model_copy(update={"orientation": Orientation.CHEST_WALL_LEFT})
        text = manifest.model_copy(update={"input": spec}).model_dump_json()
        (tmp_path / "m.manifest.json").write_text(text)

        _, report = report_of(sound(), tmp_path)

        assert report["flip"]["value"] == pytest.approx(1.0)
        assert [each["value"] for each in report["flip"]["details"][4:]] == pytest.approx([0.0] * 4, abs=1e-4)


class TestAnUnsoundModel:
    def test_whose_map_is_the_image_fails(self, tmp_path: Path) -> None:
        status, report = report_of(blind(), tmp_path)

        assert (status, report["passed"]) == (1, False)
        assert report["weight randomisation"]["outcome"] == "failed"
        assert report["weight randomisation"]["value"] == pytest.approx(1.0)
        assert report["determinism"]["outcome"] == "passed"

    def test_whose_gradient_does_not_grow_with_its_score_fails(self) -> None:
        """As behind a sigmoid, whose slope is 0 where the score is large."""
        network = open_network(saved(sound())).explaining("c2")
        explain = weights.explainer(network)
        inputs = probes(network.manifest.input)

        def vanishing(image: FloatArray) -> Evidence:
            evidence = explain(image)
            slope = np.float32(abs(evidence.score) < 17.0)
            return replace(evidence, gradients=slope * evidence.gradients)

        result = weights.check_saturation(network, vanishing, inputs)

        assert result.outcome is Outcome.FAILED
        assert result.value == pytest.approx(1.0)
        assert [value for _, value in result.details] == [0.0, 0.0]

    def test_without_a_map_cannot_be_checked(self, tmp_path: Path) -> None:
        network_of(layers.Flatten(), layers.Dense(1, "sigmoid")).save(tmp_path / "m.keras")

        done = check(tmp_path / "m.keras")

        assert (done.exit_code, done.stdout) == (1, "")
        assert done.stderr == (
            "mammo: The network has no layer with a spatial output that its score depends on.\n"
        )


class TestABundle:
    def test_is_checked_for_what_its_file_allows(self, tmp_path: Path) -> None:
        (tmp_path / "m.mammo").write_bytes(compile_model(saved(sound())))

        done = check(tmp_path / "m.mammo", "--json")

        report = json.loads(done.stdout)
        assert done.exit_code == 0, done.output
        assert (report["backend"], report["passed"]) == ("litert", True)
        assert [(each["check"], each["outcome"]) for each in report["results"]] == [
            ("determinism", "passed"),
            ("saturation", "not_possible"),
            ("weight randomisation", "not_possible"),
            ("flip", "reported"),
        ]
        assert {each["summary"] for each in report["results"][1:3]} == {NEEDS_KERAS}

    def test_that_is_damaged_is_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "m.mammo").write_bytes(b"text")

        done = check(tmp_path / "m.mammo")

        assert (done.exit_code, done.stderr) == (
            1,
            "mammo: The bundle cannot be opened (BadZipFile): it is truncated or corrupt.\n",
        )


@pytest.mark.parametrize("name", ["none.keras", "m.onnx"])
def test_wrong_usage_has_status_2(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.onnx").write_bytes(b"")

    assert check(tmp_path / name).exit_code == 2
