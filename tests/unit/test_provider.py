"""A model is loaded once, however many threads ask, and a load that failed is tried again."""

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from mammo_core.errors import (
    ConfigurationError,
    MammoError,
    ModelIntegrityError,
    ModelUnavailableError,
    NotFoundError,
    StorageUnavailableError,
)
from mammo_core.models import provider
from mammo_core.models.bundle import pack, unpack
from mammo_core.models.protocol import Model
from mammo_core.models.provider import LOOK_AGAIN_S, ConfiguredSource, Held, ModelProvider
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel
from tests.phantom_model import BUNDLE

THREADS = 16


class Source:
    """Counts its loads; the first ``failures`` of them fail, and none is quick."""

    def __init__(self, *, failures: int = 0, error: MammoError | None = None) -> None:
        self.loads = 0
        self.looks = 0
        self.moved = False
        self._failures = failures
        self._error = error or ModelUnavailableError("not yet")

    def load(self) -> Model:
        self.loads += 1
        sleep(0.02)
        if self.loads <= self._failures:
            raise self._error
        return FakeModel()

    def changed(self) -> bool:
        self.looks += 1
        return self.moved


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def at_once(ask: Callable[[], object]) -> list[object]:
    """Ask in many threads that start together; an error is returned as the answer."""
    barrier = Barrier(THREADS)

    def run(_: int) -> object:
        barrier.wait(timeout=10)
        try:
            return ask()
        except MammoError as error:
            return error

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_nothing_is_loaded_before_it_is_asked_for() -> None:
    source = Source()

    ModelProvider(source)

    assert source.loads == 0


def test_many_threads_load_one_model_once() -> None:
    source = Source()

    held = at_once(ModelProvider(source).get)

    assert source.loads == 1
    assert all(isinstance(each, Held) for each in held)
    models = {id(each.model) for each in held if isinstance(each, Held)}
    assert len(held) == THREADS
    assert len(models) == 1
    loaded = [each.load_ms for each in held if isinstance(each, Held) and each.load_ms is not None]
    assert len(loaded) == 1, "one request waited for the load itself"
    assert loaded[0] >= 20.0


def test_a_failed_load_is_told_and_tried_again() -> None:
    source = Source(failures=1)
    models = ModelProvider(source)

    with pytest.raises(ModelUnavailableError, match="not yet"):
        models.get()
    first, second = models.get(), models.get()

    assert first.model is second.model
    assert source.loads == 2


def test_a_failed_load_fails_one_thread_and_not_those_that_wait() -> None:
    source = Source(failures=1)

    answers = at_once(ModelProvider(source).get)

    assert source.loads == 2
    assert sum(isinstance(answer, ModelUnavailableError) for answer in answers) == 1
    assert sum(isinstance(answer, Held) for answer in answers) == THREADS - 1


def test_a_failure_that_a_retry_cannot_help_is_repeated_without_fetching_for_a_minute() -> None:
    source, clock = Source(failures=1, error=ModelIntegrityError("another digest")), Clock()
    models = ModelProvider(source, clock=clock)

    for _ in range(4):
        with pytest.raises(ModelIntegrityError, match="another digest"):
            models.get()
    assert source.loads == 1

    clock.now += LOOK_AGAIN_S
    assert isinstance(models.get().model, FakeModel)
    assert source.loads == 2


def test_the_source_is_looked_at_once_a_minute_and_a_moved_one_is_loaded() -> None:
    source, clock = Source(), Clock()
    models = ModelProvider(source, clock=clock)
    first = models.get().model

    clock.now += LOOK_AGAIN_S - 1
    assert models.get().model is first
    assert source.looks == 0
    clock.now += 1
    assert models.get().model is first
    assert models.get().model is first
    assert source.looks == 1

    source.moved = True
    clock.now += LOOK_AGAIN_S
    swapped = models.get()

    assert swapped.model is not first
    assert swapped.load_ms is not None
    assert models.get().model is swapped.model
    assert (source.loads, source.looks) == (2, 2)


@pytest.mark.parametrize(
    "error", [StorageUnavailableError("S3 is down"), ModelIntegrityError("another digest")]
)
def test_a_moved_source_that_cannot_be_loaded_leaves_the_model_in_service(
    error: MammoError, capsys: pytest.CaptureFixture[str]
) -> None:
    source, clock = Source(), Clock()
    models = ModelProvider(source, clock=clock)
    first = models.get().model
    source.moved, source._failures, source._error = True, 2, error

    clock.now += LOOK_AGAIN_S
    assert models.get().model is first
    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["level"], line["message"]) == ("WARNING", "model_kept")
    assert line["detail"].startswith(error.code)

    source.moved, clock.now = False, clock.now + LOOK_AGAIN_S
    assert models.get().model is first


def test_a_source_that_moved_to_what_cannot_be_loaded_is_followed_again_when_it_is_mended() -> None:
    source, clock = Source(), Clock()
    models = ModelProvider(source, clock=clock)
    first = models.get().model
    source.moved, source._failures, source._error = True, 2, ModelIntegrityError("another digest")
    clock.now += LOOK_AGAIN_S
    assert models.get().model is first

    source._failures = 0
    clock.now += LOOK_AGAIN_S

    assert models.get().model is not first


def test_only_one_request_waits_for_the_new_model() -> None:
    source, clock = Source(), Clock()
    models = ModelProvider(source, clock=clock)
    first = models.get().model
    source.moved = True
    clock.now += LOOK_AGAIN_S

    held = [each for each in at_once(models.get) if isinstance(each, Held)]

    assert source.loads == 2
    assert sum(each.load_ms is not None for each in held) == 1
    assert {id(first)} < {id(each.model) for each in held}


class TestTheConfiguredSource:
    def test_fetches_what_the_settings_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[object] = []

        def fetch(*args: object, **pins: object) -> None:
            asked.extend([args, pins])
            raise NotFoundError("enough")

        monkeypatch.setattr(provider, "fetch", fetch)
        settings = Settings(model_uri="s3://b/m.keras", model_sha256="ab" * 32, manifest_sha256="cd" * 32)

        with pytest.raises(NotFoundError):
            ConfiguredSource(settings).load()

        assert asked == [("s3://b/m.keras",), {"model_sha256": "ab" * 32, "manifest_sha256": "cd" * 32}]

    def test_serves_the_embedded_model_by_litert_and_never_looks_for_another(self) -> None:
        source = ConfiguredSource(Settings())

        model = source.load()

        assert model.identity.backend == "litert"
        assert model.manifest.compiled is not None
        assert not source.changed()

    def test_follows_a_pointer_again_whose_model_could_not_be_loaded(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = BUNDLE
        pointer = tmp_path / "current.json"

        def point_at(content: bytes) -> None:
            digest = hashlib.sha256(content).hexdigest()
            (tmp_path / f"{digest}.mammo").write_bytes(content)
            pointer.write_text(json.dumps({"key": f"{digest}.mammo", "sha256": digest}))

        def busy(_graph: bytes) -> None:
            raise ModelUnavailableError("no process now")

        point_at(data)
        clock = Clock()
        models = ModelProvider(ConfiguredSource(Settings(model_uri=pointer.as_uri())), clock=clock)
        first = models.get().model
        other = unpack(data)
        point_at(pack(other.graph, other.manifest.model_copy(update={"version": "another, and longer"})))

        with monkeypatch.context() as patch:
            patch.setattr(provider, "rehearse", busy)
            clock.now += LOOK_AGAIN_S
            assert models.get().model is first
        clock.now += LOOK_AGAIN_S

        assert models.get().model.manifest.version == "another, and longer"

    def test_tries_out_a_graph_unless_it_is_known_or_nothing_is_served_yet(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = BUNDLE
        digest = hashlib.sha256(data).hexdigest()
        model, pointer = tmp_path / "m.mammo", tmp_path / "current.json"
        model.write_bytes(data)
        pointer.write_text(json.dumps({"key": "m.mammo", "sha256": digest}))
        tried: list[str] = []
        monkeypatch.setattr(provider, "rehearse", lambda _graph: tried.append("tried"))

        def tries(**settings: str) -> int:
            tried.clear()
            ConfiguredSource(Settings.model_validate(settings)).load()
            return len(tried)

        assert tries() == 0
        assert tries(model_uri=model.as_uri(), model_sha256=digest) == 0
        assert tries(model_uri=pointer.as_uri()) == 0
        assert tries(model_uri=model.as_uri()) == 1
        source = ConfiguredSource(Settings(model_uri=pointer.as_uri()))
        source.load()
        tried.clear()
        source.load()
        assert len(tried) == 1

    def test_has_no_model_yet_if_its_pointer_is_not_there(self, tmp_path: Path) -> None:
        """Not ``not_found``: it is not what the caller named that is missing."""
        settings = Settings(model_uri=(tmp_path / "current.json").as_uri())

        with pytest.raises(ModelUnavailableError) as caught:
            ConfiguredSource(settings).load()

        assert caught.value.message == "The model's pointer cannot be read: The file does not exist."

    def test_takes_no_digest_of_a_pointer_for_the_pin_that_hdf5_needs(self, tmp_path: Path) -> None:
        pointer = tmp_path / "current.json"
        pointer.write_text(json.dumps({"key": "m.h5", "sha256": "ab" * 32}))

        with pytest.raises(ConfigurationError, match="only with MODEL_SHA256 set"):
            ConfiguredSource(Settings(model_uri=pointer.as_uri())).load()


def test_a_bug_in_a_new_model_costs_no_request_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    source, clock = Source(), Clock()
    models = ModelProvider(source, clock=clock)
    first = models.get().model
    source.moved = True

    def broken() -> Model:
        raise KeyError("a bug")

    source.load = broken  # type: ignore[method-assign]  # the loader of the new model
    clock.now += LOOK_AGAIN_S

    assert models.get().model is first
    assert "KeyError at" in capsys.readouterr().err
