"""A model is loaded once, however many threads ask, and a load that failed is tried again."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import pytest

from mammo_core.errors import MammoError, ModelUnavailableError, NotFoundError
from mammo_core.models import provider
from mammo_core.models.protocol import Model
from mammo_core.models.provider import ModelProvider, load_model
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel

THREADS = 16


class Loader:
    """Counts its calls; the first ``failures`` of them fail, and none is quick."""

    def __init__(self, *, failures: int = 0) -> None:
        self.calls = 0
        self._failures = failures

    def __call__(self) -> Model:
        self.calls += 1
        sleep(0.02)
        if self.calls <= self._failures:
            raise ModelUnavailableError("not yet")
        return FakeModel()


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
    loader = Loader()

    ModelProvider(loader)

    assert loader.calls == 0


def test_many_threads_load_one_model_once() -> None:
    loader = Loader()

    models = at_once(ModelProvider(loader).get)

    assert loader.calls == 1
    assert len(models) == THREADS
    assert all(model is models[0] for model in models)
    assert isinstance(models[0], FakeModel)


def test_a_failed_load_is_told_and_tried_again() -> None:
    loader = Loader(failures=1)
    models = ModelProvider(loader)

    with pytest.raises(ModelUnavailableError, match="not yet"):
        models.get()
    first, second = models.get(), models.get()

    assert first is second
    assert loader.calls == 2


def test_a_failed_load_fails_one_thread_and_not_those_that_wait() -> None:
    loader = Loader(failures=1)

    answers = at_once(ModelProvider(loader).get)

    assert loader.calls == 2
    assert sum(isinstance(answer, ModelUnavailableError) for answer in answers) == 1
    assert sum(isinstance(answer, FakeModel) for answer in answers) == THREADS - 1


def test_the_settings_name_the_files_that_are_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def fetch(*args: object, **pins: object) -> None:
        asked.extend([args, pins])
        raise NotFoundError("enough")

    monkeypatch.setattr(provider, "fetch", fetch)

    with pytest.raises(NotFoundError):
        load_model(Settings(model_uri="s3://b/m.keras", model_sha256="ab" * 32, manifest_sha256="cd" * 32))

    assert asked == [("s3://b/m.keras",), {"model_sha256": "ab" * 32, "manifest_sha256": "cd" * 32}]
