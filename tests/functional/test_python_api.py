"""The Python door: the same answer as over HTTP, by the same names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mammo_core
from mammo_core import analyze, python_api
from mammo_core.errors import InvalidRequestError, NotFoundError
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import FakeModel
from tests.doors import client_of, comparable, service_with

ROOT = Path(__file__).resolve().parents[2]
PNG = to_png(make_phantom(seed=3, shape=(320, 256)))


@pytest.fixture(autouse=True)
def _fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    python_api._service.cache_clear()
    monkeypatch.setattr("mammo_core.service.build_service", lambda settings: service_with(FakeModel()))
    monkeypatch.setattr(python_api, "_service", python_api._service.__wrapped__)


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
