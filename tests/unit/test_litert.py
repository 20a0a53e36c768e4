"""The LiteRT backend runs the embedded bundle, and refuses graphs that are not what a manifest describes."""

import hashlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from mammo_core.errors import ConfigurationError, InferenceError, ModelIntegrityError
from mammo_core.geometry import PixelTransform
from mammo_core.models import rehearsal
from mammo_core.models.bundle import Bundle, pack, unpack
from mammo_core.models.litert import CompiledGraph, LiteRTModel
from mammo_core.models.manifest import Compilation, Head, Manifest
from mammo_core.models.protocol import Model, ModelIdentity
from mammo_core.models.rehearsal import rehearse
from mammo_core.models.store import ModelFiles, fetch
from mammo_core.records import FloatArray, ModelInput
from tests import phantom_model
from tests.conftest import make_bundle
from tests.graphs import with_a_huge_image, with_a_missing_input

DATA = phantom_model.BUNDLE


def bundle() -> Bundle:
    return unpack(DATA)


def compilation_of(manifest: Manifest) -> Compilation:
    assert manifest.compiled is not None
    return manifest.compiled


def files() -> ModelFiles:
    return fetch(phantom_model.URI)


def image(seed: int = 0) -> FloatArray:
    spec = bundle().manifest.input
    shape = (1, spec.rows, spec.columns, spec.channels)
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def model_input(seed: int = 0) -> ModelInput:
    spec = bundle().manifest.input
    return ModelInput(image(seed), PixelTransform.identity((spec.rows, spec.columns)), ())


def graph_of(
    graph: bytes | None = None,
    *,
    outputs: int = 1,
    target_shape: tuple[int, int, int] | None = None,
    **spec: int,
) -> CompiledGraph:
    """The graph of phantoms, or another one, described by what is given."""
    manifest = bundle().manifest
    return CompiledGraph(
        graph or bundle().graph,
        spec=manifest.input.model_copy(update=spec),
        outputs=outputs,
        target_shape=target_shape or compilation_of(manifest).target_shape,
    )


class TestABundle:
    def test_satisfies_the_protocol(self) -> None:
        model: Model = LiteRTModel(files())

        assert model.manifest == bundle().manifest
        assert model.identity == ModelIdentity(
            hashlib.sha256(DATA).hexdigest(), bundle().manifest_sha256, "litert"
        )

    def test_gives_a_record_of_the_declared_shapes(self) -> None:
        output = LiteRTModel(files()).run(model_input())
        evidence = output.evidence

        assert evidence is not None
        assert evidence.target_layer == bundle().manifest.target_layer
        assert evidence.activations.shape == compilation_of(bundle().manifest).target_shape
        assert evidence.gradients.shape == evidence.activations.shape
        assert evidence.activations.dtype == evidence.gradients.dtype == np.float32
        assert np.abs(evidence.gradients).max() > 0.0
        assert output.logits == (evidence.score,)
        assert output.probabilities[1] == pytest.approx(1 / (1 + np.exp(-evidence.score)))
        assert output.unavailable is None

    def test_gives_the_same_bits_every_time_and_keeps_none_of_the_last_image(self) -> None:
        model = LiteRTModel(files())
        first = model.run(model_input())
        other = model.run(model_input(1))
        again = model.run(model_input())

        assert first.evidence is not None
        assert again.evidence is not None
        assert other.logits != first.logits
        assert again.logits == first.logits
        assert np.array_equal(again.evidence.activations, first.evidence.activations)
        assert np.array_equal(again.evidence.gradients, first.evidence.gradients)

    def test_answers_many_threads_each_with_its_own_numbers(self) -> None:
        model = LiteRTModel(files())
        alone = [model.run(model_input(seed)).logits for seed in range(8)]

        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(lambda seed: model.run(model_input(seed)).logits, list(range(8)) * 4))

        assert len(set(alone)) == 8
        assert together == alone * 4

    def test_scores_several_images_as_it_scores_each(self) -> None:
        model = LiteRTModel(files())
        images = np.concatenate([image(seed) for seed in range(3)])

        scores = model.explained_scores(images)

        each = [model.run(model_input(seed)).evidence for seed in range(3)]
        assert scores.tolist() == [evidence.score for evidence in each if evidence is not None]
        assert scores.dtype == np.float32

    def test_passes_the_rehearsal(self) -> None:
        rehearse(bundle().graph)


class TestRefused:
    def test_is_a_graph_that_litert_cannot_load(self) -> None:
        with pytest.raises(ModelIntegrityError, match=r"LiteRT cannot load the graph \(ValueError\)"):
            graph_of(unpack(make_bundle()).graph)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: graph_of(outputs=2),
            lambda: graph_of(target_shape=(4, 3, 2)),
            lambda: graph_of(rows=64),
            lambda: graph_of(channels=3),
        ],
        ids=["outputs", "target shape", "rows", "channels"],
    )
    def test_is_a_graph_of_other_shapes_than_declared(self, make: Callable[[], CompiledGraph]) -> None:
        with pytest.raises(ModelIntegrityError, match="The manifest describes tensors of the shapes"):
            make()

    def test_is_a_graph_without_its_manifest(self) -> None:
        for manifest in (None, bundle().manifest.model_copy(update={"compiled": None})):
            with pytest.raises(ModelIntegrityError, match="needs the manifest of its bundle"):
                LiteRTModel(replace(files(), manifest=manifest))

    def test_is_everything_without_litert(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)

        with pytest.raises(ConfigurationError, match="install the package ai-edge-litert"):
            LiteRTModel(files())

    def test_is_an_image_of_another_shape(self) -> None:
        graph = graph_of()

        with pytest.raises(InferenceError, match=r"LiteRT could not run the model \(ValueError\)"):
            graph.run(np.zeros((1, 8, 8, 1), np.float32), np.ones(1, np.float32))

    def test_is_an_image_of_another_kind_and_the_next_one_is_answered(self) -> None:
        graph, selector = graph_of(), np.ones(1, np.float32)

        with pytest.raises(InferenceError) as kept:
            graph.run(image().astype(np.float64), selector)

        # An error that somebody keeps must not hold on to the graph's memory.
        assert kept.value.__cause__ is not None
        assert graph.run(image(), selector)["logits"].shape == (1,)

    def test_in_a_rehearsal_is_a_graph_that_reads_memory_which_is_not_its_own(self) -> None:
        """LiteRT does not check that an operator has the inputs that it needs; what comes of it is chance."""
        with pytest.raises(ModelIntegrityError, match=r"LiteRT (crashes on|cannot run) the compiled graph"):
            rehearse(with_a_missing_input(bundle().graph))

    def test_in_a_rehearsal_is_a_graph_that_wants_more_memory_than_there_is(self) -> None:
        with pytest.raises(ModelIntegrityError, match=r"LiteRT (crashes on|cannot run) the compiled graph"):
            rehearse(with_a_huge_image(bundle().graph))

    def test_in_a_rehearsal_is_what_takes_half_of_the_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Up to the interpreter's first use, the program is the real one."""
        limits = rehearsal.PROGRAM.partition("interpreter = ")[0]
        take = "taken = bytearray(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') // 2 + LIBRARIES)"
        monkeypatch.setattr(rehearsal, "PROGRAM", limits + take)
        with pytest.raises(ModelIntegrityError, match="cannot run the compiled graph"):
            rehearse(b"anything")
        monkeypatch.setattr(rehearsal, "PROGRAM", limits + "taken = bytearray(1 << 20)")
        rehearse(b"anything")

    @pytest.mark.parametrize(
        ("ending", "message"),
        [
            ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", r"crashes on .* \(signal 11\)"),
            ("raise ValueError('no graph')", "cannot run the compiled graph"),
            ("import time; time.sleep(60)", "did not come to an end within"),
        ],
    )
    def test_in_a_rehearsal_is_what_ends_in_any_other_way(
        self, ending: str, message: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rehearsal, "PROGRAM", ending)
        monkeypatch.setattr(rehearsal, "DEADLINE_S", 3.0)

        with pytest.raises(ModelIntegrityError, match=message):
            rehearse(b"anything")

    def test_in_a_rehearsal_is_what_litert_refuses_itself(self) -> None:
        with pytest.raises(ModelIntegrityError, match="cannot run the compiled graph"):
            rehearse(b"\x1c\0\0\0TFL3 and no more")

    def test_in_a_rehearsal_is_not_an_installation_without_litert(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rehearsal, "PROGRAM", "sys.exit(NOT_INSTALLED)")

        rehearse(b"anything")


def repacked(**changes: object) -> ModelFiles:
    """The graph of phantoms under a manifest that says something else of it."""
    opened = bundle()
    changed = unpack(pack(opened.graph, opened.manifest.model_copy(update=changes)))
    return ModelFiles(changed.graph, ".mammo", "0" * 64, changed.manifest, changed.manifest_sha256)


class TestAManifestOfAnotherModel:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"classes": ("a", "b", "c"), "positive": "c"}, "names 3 classes, the model has 1 outputs"),
            ({"positive": "no lesion"}, "gives the score of the second class"),
            ({"head": Head.SOFTMAX}, "A softmax of one output is always 1"),
        ],
    )
    def test_is_refused_when_the_bundle_is_loaded(self, changes: dict[str, object], message: str) -> None:
        with pytest.raises(ModelIntegrityError, match=message):
            LiteRTModel(repacked(**changes))

    def test_with_another_head_gives_no_score(self, monkeypatch: pytest.MonkeyPatch) -> None:
        model = LiteRTModel(files())
        right = CompiledGraph.run

        def softmax(self: CompiledGraph, image: FloatArray, selector: FloatArray) -> dict[str, FloatArray]:
            return {**right(self, image, selector), "probabilities": np.array([0.25], dtype=np.float32)}

        monkeypatch.setattr(CompiledGraph, "run", softmax)

        with pytest.raises(ModelIntegrityError, match="declares a sigmoid head"):
            model.run(model_input())


def test_a_graph_runs_on_the_processors_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    from ai_edge_litert import interpreter

    asked: list[int] = []
    right = interpreter.Interpreter

    def make(*, model_content: bytes, num_threads: int) -> object:
        asked.append(num_threads)
        return right(model_content=model_content, num_threads=num_threads)

    monkeypatch.setattr(interpreter, "Interpreter", make)
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 2, 5}, raising=False)

    graph_of()

    assert asked == [3]


def test_a_graph_is_tried_out_without_the_environment_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setattr(
        rehearsal,
        "PROGRAM",
        "import os, signal\nif 'AWS_SECRET_ACCESS_KEY' in os.environ: os.kill(os.getpid(), signal.SIGKILL)",
    )

    rehearse(b"anything")
