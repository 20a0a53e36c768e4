"""The Python door: the same answer as over HTTP, by the same names."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import mammo_core
from mammo_core import analyze, python_api
from mammo_core.errors import InvalidRequestError, NotFoundError
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel
from tests.doors import client_of, comparable, service_with

ROOT = Path(__file__).resolve().parents[2]
PNG = to_png(make_phantom(seed=3, shape=(320, 256)))


@pytest.fixture(autouse=True)
def _fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    python_api._service.cache_clear()
    monkeypatch.setattr(python_api, "build_service", lambda settings: service_with(FakeModel()))


@pytest.mark.parametrize("named", [False, True], ids=["bytes", "path"])
def test_the_answer_is_that_of_the_api(named: bool, tmp_path: Path) -> None:
    path = tmp_path / "scan.png"
    path.write_bytes(PNG)
    query = {"method": "hirescam", "images": "overlay,bbox", "laterality": "R"}

    answer = analyze(path if named else PNG, **query)

    over_http = client_of(service_with(FakeModel())).post("/analyze", params=query, content=PNG).json()
    assert comparable(answer.model_dump(mode="json")) == comparable(over_http)
    assert answer.images.overlay
    assert answer.explanation.method == "hirescam"


def test_the_name_of_a_file_may_hint(tmp_path: Path) -> None:
    path = tmp_path / "R_MLO.png"
    path.write_bytes(PNG)

    assert analyze(str(path)).view_analysis.laterality.source == "file_name"


@pytest.mark.parametrize(
    ("options", "told"),
    [({"method": "guess"}, "method: "), ({"colour": "red"}, "colour: "), ({"images": "photo"}, "images: ")],
)
def test_a_wrong_option_is_named(options: dict[str, str], told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told):
        analyze(PNG, **options)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_bytes_of_any_kind_are_bytes(kind: type[bytearray] | type[memoryview]) -> None:
    assert analyze(kind(PNG)).input.sha256 == analyze(PNG).input.sha256


def test_threads_share_one_model_and_another_model_or_environment_is_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[str | None] = []

    def build(settings: Settings) -> AnalysisService:
        time.sleep(0.1)  # as long as threads need to meet
        made.append(settings.model_uri)
        return service_with(FakeModel())

    monkeypatch.setattr(python_api, "build_service", build)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda data: analyze(data, images=""), 4 * [PNG]))
    assert len({answer.analysis_id for answer in answers}) == 1
    assert made == [None]

    monkeypatch.setenv("MODEL_URI", "file:///one.mammo")
    analyze(PNG, images="")
    analyze(PNG, images="", model="file:///one.mammo")
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        analyze(PNG, images="", model="own.mammo")

    folders = (tmp_path.resolve() / folder for folder in ("here", "there"))
    assert made[1:] == ["file:///one.mammo", *((folder / "own.mammo").as_uri() for folder in folders)]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        analyze(tmp_path / "nothing.png")


def test_the_package_itself_stays_light() -> None:
    program = "import sys, mammo_core; print(sorted({'numpy', 'pydantic', 'PIL'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert told.strip() == "[]"


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("2", "2")])
def test_products_of_matrices_take_one_thread_through_every_door_unless_it_is_said(
    given: str | None, used: str
) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if given is not None:
        environment["OPENBLAS_NUM_THREADS"] = given
    for door in ("handler", "mammo_core.cli", "mammo_core.python_api"):
        # NumPy must not be there before it is said.
        program = (
            f"import sys, mammo_core; assert 'numpy' not in sys.modules; import {door}, os; "
            "print(os.environ['OPENBLAS_NUM_THREADS'])"
        )
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == used


def test_the_package_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        mammo_core.analyse  # noqa: B018 - asking is the test
