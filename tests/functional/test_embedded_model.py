"""The embedded model, whichever it is, answers as its manifest declares, through every door."""

import json
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mammo_core import cli
from mammo_core.models.bundle import unpack
from mammo_core.models.manifest import Manifest
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import Phantom, make_phantom
from mammo_core.records import Laterality, ViewPosition
from mammo_core.service import AnalysisService, build_service
from mammo_core.settings import Settings
from tests.doors import call, client_of, comparable, v1_event, v2_event

ASSETS = resources.files("mammo_core.assets")
BUNDLE = (ASSETS / "default.mammo").read_bytes()
LARGEST_MB = 4.0


@cache
def service() -> AnalysisService:
    return build_service(Settings())


@cache
def manifest() -> Manifest:
    return unpack(BUNDLE).manifest


def test_the_sample_is_answered_with_what_the_manifest_declares() -> None:
    sample = (ASSETS / "sample.png").read_bytes()

    answer = client_of(service()).post("/analyze?images=", content=sample).json()

    declared = manifest()
    assert answer["model"]["id"] == declared.id
    assert answer["model"]["intended_use"] == declared.intended_use
    assert answer["model"]["backend"] == "litert"
    assert answer["threshold"] == declared.threshold.threshold
    assert answer["result"] == declared.classes[answer["confidence"] >= declared.threshold.threshold]
    assert answer["explanation"]["status"] == "ok"
    demonstrates = "demonstration_model" in [warning["code"] for warning in answer["warnings"]]
    assert demonstrates == declared.demonstration
    assert answer["findings"]["regions"], "the readiness check and the demonstration show them"


def test_a_model_that_ships_is_small_and_says_where_each_of_its_numbers_comes_from() -> None:
    declared = manifest()

    assert len(BUNDLE) <= LARGEST_MB * 1e6
    assert declared.compiled is not None
    assert declared.calibration is not None
    assert declared.rule_out is not None
    assert declared.rule_in is not None
    assert declared.reference_logit is not None
    assert declared.birads_like == (), "no categories of a weak score"
    assert all((declared.training_data, declared.intended_use, declared.performance, declared.licence))
    assert all(measurement.data for measurement in declared.performance)


@pytest.mark.parametrize("encode", [to_png, to_dicom])
def test_every_door_gives_the_same_answer_and_the_same_image_bytes(
    encode: Callable[[Phantom], bytes], tmp_path: Path
) -> None:
    data = encode(
        make_phantom(seed=12, view_position=ViewPosition.MLO, laterality=Laterality.RIGHT, shape=(640, 520))
    )
    file = tmp_path / "x.img"
    file.write_bytes(data)

    http = client_of(service()).post("/analyze", content=data).json()
    rest = json.loads(call(service(), v1_event("POST", "/analyze", body=data))["body"])
    gateway = json.loads(call(service(), v2_event("POST", "/analyze", body=data))["body"])
    result = CliRunner().invoke(cli.app, ["analyze", str(file), "--out", str(tmp_path / "out")])

    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "out" / "x.img.json").read_text())
    assert comparable(http) == comparable(rest) == comparable(gateway) == comparable(written)
    assert all(http["images"].values())
    for name, encoded in http["images"].items():
        assert (tmp_path / "out" / f"x.img.{name}.png").read_bytes() == b64decode(encoded)
