"""The default model's network explains itself exactly, and a run that was cut off goes on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from mammo_core.compiler.compile import compile_model
from mammo_core.evaluation.statistics import auc
from mammo_core.explain.methods import METHODS
from mammo_core.models.bundle import unpack
from mammo_core.models.litert import CompiledGraph
from mammo_core.models.store import read_files
from mammo_core.records import CamMethod
from tests.training_views import collection
from training.bundle import keras_bytes
from training.mammogram.batches import Mix
from training.mammogram.export import plain_manifest
from training.mammogram.learning import (
    Recipe,
    cell_loss,
    energy_loss,
    has_lesion,
    save_weights,
    score_loss,
)
from training.mammogram.network import SMOOTH_CELLS, STRONGEST, Design, Head, Layout, build, exported
from training.mammogram.probe import begin, probe
from training.mammogram.runs import LOG, WEIGHTS, Run, execute
from training.mammogram.validation import predict

pytestmark = pytest.mark.tf

SMALL = Layout(widths=(4, 4, 4, 4), depths=(0, 0, 0, 0), join=4)
RUN = Run(
    fold=0,
    design=Design(SMALL, head=Head.CONCEPTS),
    mix=Mix(1, 0, 2, 1),
    recipe=Recipe(steps=2),
    epochs=2,
    measured_every=2,
)


def weights_of(folder: Path, epoch: int) -> list[NDArray[np.float32]]:
    with np.load(folder / WEIGHTS.format(epoch)) as saved:
        return [saved[name] for name in saved.files]


def concepts_of(head: Head, seed: int) -> Any:  # noqa: ANN401 - Keras is untyped
    network = build(Design(SMALL, head=head), seed=seed)
    weights = np.random.default_rng(seed).normal(0.0, 0.5, (9, 1))
    network.get_layer("score").set_weights([weights, np.array([-0.1 * seed])])
    network.get_layer("logits").bias.assign([0.5])
    return network


@pytest.mark.parametrize(
    "heads", [(Head.CONCEPTS,), (Head.GATED,), (Head.GATED, Head.CONCEPTS)], ids=lambda heads: "+".join(heads)
)
def test_the_compiled_map_is_the_explanation_and_adds_up_to_the_mean_score(
    heads: tuple[Head, ...], tmp_path: Path
) -> None:
    networks = [concepts_of(head, seed) for seed, head in enumerate(heads, start=3)]
    image = collection().image(collection().views[0])
    found = [predict(network, [image]) for network in networks]
    heat = np.mean([heats[0] for heats, _ in found], axis=0)
    score = float(np.mean([scores[0] for _, scores in found]))
    bias = float(np.mean([network.get_layer("score").bias for network in networks]))
    path = tmp_path / "model.keras"
    path.write_bytes(keras_bytes(exported(networks, slope=2.0, offset=-1.0)))
    manifest = plain_manifest(path.read_bytes(), "test")
    path.with_suffix(".manifest.json").write_text(manifest.model_dump_json())

    bundle = unpack(compile_model(read_files(path)))
    shape = (*heat.shape, 1)
    graph = CompiledGraph(bundle.graph, spec=manifest.input, outputs=1, target_shape=shape)
    tensors = graph.run(image[None, ..., None], np.ones(1, dtype=np.float32))

    assert tensors["logits"][0] == pytest.approx(2.0 * score - 1.0, abs=1e-4)
    maps = [
        METHODS[method].function(tensors["activations"], tensors["gradients"])
        for method in (CamMethod.GRADCAM, CamMethod.HIRESCAM)
    ]
    assert maps[0].max() > 0.0
    assert np.abs(maps[0] - maps[1]).max() <= 1e-6 * maps[0].max()
    added = float(maps[1].sum()) + float(tensors["bias_evidence"])
    assert added == pytest.approx(float(tensors["logits"][0]), abs=1e-4)
    smooth = ndimage.gaussian_filter(heat - bias, SMOOTH_CELLS, mode="reflect", truncate=3.0)
    assert maps[1] * maps[1].size == pytest.approx(2.0 * smooth, abs=1e-3 * float(np.abs(smooth).max()))
    assert np.argmax(maps[0]) == np.argmax(smooth)


@pytest.mark.parametrize("head", [Head.CONCEPTS, Head.GATED])
def test_no_concept_is_seen_at_the_border_and_spreading_loses_nothing(head: Head) -> None:
    import keras

    network = concepts_of(head, 3)
    outputs = [network.get_layer(name).output for name in ("peaks", "evidence")]
    image = collection().image(collection().views[0])
    peaks, evidence = (
        np.asarray(each)[0] for each in keras.Model(network.inputs[0], outputs)(image[None, ..., None])
    )
    assert peaks[1:-1, 1:-1].max() > 0.0
    assert peaks[0].max() == peaks[-1].max() == peaks[:, 0].max() == peaks[:, -1].max() == 0.0
    assert evidence.mean((0, 1)) == pytest.approx(peaks.mean((0, 1)), rel=1e-5)
    row, column = 30, 20
    around = peaks[row - 1 : row + 2, column - 1 : column + 2]
    weights = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]])[..., None] / 16.0
    assert evidence[row, column] == pytest.approx((weights * around).sum((0, 1)), rel=1e-5, abs=1e-7)


def test_a_gated_concept_counts_by_the_root_of_the_probability_of_a_lesion() -> None:
    import keras

    network = concepts_of(Head.GATED, 3)
    outputs = [network.get_layer(name).output for name in ("concepts", "lesion", "gated")]
    image = collection().image(collection().views[0])
    found, lesion, gated = (
        np.asarray(each) for each in keras.Model(network.inputs[0], outputs)(image[None, ..., None])
    )
    assert np.ptp(lesion) > 0.0
    assert gated == pytest.approx(found * np.sqrt(lesion), rel=1e-3, abs=1e-6)


def test_only_the_strongest_cells_explain_the_score() -> None:
    network = build(Design(SMALL), seed=3)
    import keras

    image = collection().image(collection().views[0])
    evidence = keras.Model(network.inputs[0], network.get_layer("evidence").output)
    found = np.asarray(evidence(image[None, ..., None]))[0, :, :, 0]
    cells = network.predict_on_batch(image[None, ..., None])["cells"]
    strongest = np.sort(cells[0].ravel())[-STRONGEST:]
    assert (found[cells[0] >= strongest.min()] != 0.0).all()
    assert (found[cells[0] < strongest.min() - 1.0] == 0.0).all()
    assert found.mean() == pytest.approx(np.average(cells[0], weights=found / cells[0]), abs=1e-4)


class PowerCut(Exception):
    """Stands for whatever ends a process."""


def cut_off(text: str) -> None:
    raise PowerCut(text)


def test_a_run_that_was_cut_off_goes_on_as_if_it_was_not(tmp_path: Path) -> None:
    views, whole, resumed = collection(), tmp_path / "whole", tmp_path / "resumed"
    execute(RUN, views, whole)
    with pytest.raises(PowerCut):
        execute(RUN, views, resumed, tell=cut_off)
    assert not (resumed / WEIGHTS.format(2)).exists()

    execute(RUN, views, resumed)

    for ours, theirs in zip(weights_of(resumed, 2), weights_of(whole, 2), strict=True):
        assert np.array_equal(ours, theirs)
    records = [json.loads(line) for line in (resumed / LOG).read_text().splitlines()]
    assert [record["epoch"] for record in records] == [1, 2]
    assert records[1].keys() >= {"auc", "film_auc", "pointing", "planted", "cell_loss", "score_loss"}
    with pytest.raises(ValueError, match="other settings"):
        execute(replace(RUN, seed=9), views, resumed)


def test_stage_2_begins_with_the_layers_of_stage_1_and_a_regression_on_its_concepts(tmp_path: Path) -> None:
    first, design = build(Design(SMALL), seed=5), Design(SMALL, head=Head.CONCEPTS)
    save_weights(tmp_path / "weights.npz", [np.asarray(weight) for weight in first.weights])
    (tmp_path / "settings.json").write_text(json.dumps({"design": Design(SMALL).as_record()}))
    network, views = build(design, seed=6), collection(24)
    bright = views.images["rsna"]
    for stripe in range(60, 400, 16):  # a contrast that nothing else has
        bright[[v.number for v in views.views if v.positive], stripe : stripe + 8, 30:250] = 60_000

    begin(network, design, tmp_path / "weights.npz", tmp_path / "settings.json")
    probe(network, views, views.views)

    for name in ("stride4_convolution", "join8_mix_norm", "logits"):
        for ours, theirs in zip(
            network.get_layer(name).get_weights(), first.get_layer(name).get_weights(), strict=True
        ):
            assert np.array_equal(ours, theirs)
    digital = [view for view in views.views if view.source == "rsna"]
    _, scores = predict(network, [views.image(view) for view in digital])
    assert auc(scores.astype(np.float64), np.array([bool(v.positive) for v in digital])) > 0.9


def test_losses_of_cells_scores_and_energy_are_what_their_formulas_say() -> None:
    shares = np.zeros((2, 2, 2), dtype=np.float32)
    shares[0, 0, 0] = 1.0
    heat = np.array([[[3.0, 1.0], [-5.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]], dtype=np.float32)
    assert np.asarray(energy_loss(heat, shares)) == pytest.approx([-np.log(4.0 / 5.0), 0.0], abs=1e-6)
    assert np.asarray(has_lesion(shares)).tolist() == [1.0, 0.0]

    cells = np.full((2, 2, 2), np.log(0.25 / 0.75), dtype=np.float32)
    missed, wrong = -np.log(0.25), 0.25**2 * -np.log(0.75)
    found = np.asarray(cell_loss(cells, shares, 0.5 * shares))
    assert found == pytest.approx([0.5 * missed + 3.0 * wrong, 4.0 * wrong], rel=1e-5)

    scores, labels = np.array([0.0, 2.0], np.float32), np.array([1.0, 0.0], np.float32)
    smooth = np.log1p(np.exp(2.0)) - 0.05 * 2.0
    assert np.asarray(score_loss(scores, labels, 0.1)) == pytest.approx([np.log(2.0), smooth], rel=1e-5)
