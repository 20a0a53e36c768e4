"""`mammo doctor` and `mammo model`: what works, what does not, what to do; what a model declares."""

import json
import subprocess
import sys
from importlib import metadata

import pytest
from typer.testing import CliRunner, Result

from mammo_core import cli, diagnosis
from mammo_core.diagnosis import State, diagnose
from mammo_core.errors import ModelIntegrityError
from mammo_core.models.provider import ModelProvider
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel, FixedModel
from tests.cloud import UPLOADS, Cloud
from tests.doors import client_of, service_with


def states(service: AnalysisService) -> dict[str, State]:
    return {finding.part: finding.state for finding in diagnose(service)}


def mammo(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments), env={"COLUMNS": "200"})


def test_all_parts_of_this_installation_work() -> None:
    found = states(service_with(FakeModel()))

    assert found.pop("S3") is State.ABSENT
    assert set(found.values()) == {State.OK}
    assert set(found) == {
        "mammo-core",
        "JPEG 2000 in DICOM",
        "JPEG-LS in DICOM",
        "lossless and 12-bit JPEG in DICOM",
        "TensorFlow",
        "model",
        "analysis of the sample",
        "reports",
    }


def test_a_codec_that_cannot_be_loaded_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "CODECS", {"JPEG 3000": ("jpeg_3000", "pyjpeg3000")})

    (broken,) = [f for f in diagnose(service_with(FakeModel())) if f.state is State.FAILED]

    assert (broken.part, broken.found) == ("JPEG 3000", "pyjpeg3000 cannot be loaded")
    assert broken.advice == "make clean demo, or reinstall mammo-core"


def test_without_tensorflow_it_is_said_what_that_leaves_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "find_spec", lambda name: None)

    (absent,) = [f for f in diagnose(service_with(FakeModel())) if f.part == "TensorFlow"]

    assert (absent.state, absent.advice) == (
        State.ABSENT,
        "to compile or serve .keras files: make keras",
    )


def test_a_library_without_a_version_or_an_answer_does_not_end_the_looking(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """TensorFlow has several distributions, and a library may be copied without its metadata, or hang."""

    def unknown(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    def hangs(*command: object, **options: object) -> None:
        raise subprocess.TimeoutExpired("python", 60)

    monkeypatch.setattr(metadata, "version", unknown)
    monkeypatch.setattr(diagnosis, "find_spec", lambda name: True)
    found = {finding.part: finding for finding in diagnose(service_with(FakeModel()))}
    monkeypatch.setattr(subprocess, "run", hangs)
    hanging = states(service_with(FakeModel()))

    assert State.FAILED not in {finding.state for finding in found.values()}
    assert found["TensorFlow"].found == "of an unknown version"
    assert found["JPEG-LS in DICOM"].found == "pyjpegls of an unknown version"
    assert {part for part, state in hanging.items() if state is State.FAILED} == set(diagnosis.CODECS)


def test_a_model_that_cannot_be_used_leaves_the_other_parts_looked_at() -> None:
    error = ModelIntegrityError("The digest differs.")
    service = AnalysisService(Settings(), ModelProvider(FixedModel(error)))

    found = states(service)

    assert [part for part, state in found.items() if state is State.FAILED] == [
        "model",
        "analysis of the sample",
    ]
    assert found["reports"] is State.OK


def test_a_picture_that_cannot_be_drawn_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mammo_core.render.overlay", None)

    assert states(service_with(FakeModel()))["analysis of the sample"] is State.FAILED


def test_buckets_that_are_named_are_asked_for(cloud: Cloud) -> None:
    assert cloud.files(UPLOADS) == {}, "it is there"

    found = states(service_with(FakeModel(), upload_bucket=UPLOADS, result_bucket="not-there"))

    assert (found["UPLOAD_BUCKET"], found["RESULT_BUCKET"]) == (State.OK, State.FAILED)


def test_the_command_ends_with_1_if_a_part_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mammo_core.service.build_service", lambda settings: service_with(FakeModel()))
    good = mammo("doctor")
    monkeypatch.setattr(diagnosis, "CODECS", {"JPEG 3000": ("jpeg_3000", "pyjpeg3000")})
    bad = mammo("doctor")

    assert (good.exit_code, bad.exit_code) == (0, 1), good.output
    assert "pyjpeg3000 cannot be loaded" in bad.output


def test_the_card_is_what_the_api_tells_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mammo_core.service.build_service", lambda settings: service_with(FakeModel()))

    as_json, as_text = mammo("model", "--json"), mammo("model")

    card = client_of(service_with(FakeModel())).get("/model").json()
    assert json.loads(as_json.output) == card
    for told in (card["id"], card["sha256"], card["intended_use"], card["disclaimer"]):
        assert told in as_text.output


def test_a_model_that_is_not_there_is_no_card(tmp_path_factory: pytest.TempPathFactory) -> None:
    result = mammo("model", str(tmp_path_factory.mktemp("empty") / "model.mammo"))

    assert result.exit_code == 1
    assert result.output.startswith("mammo: ")
