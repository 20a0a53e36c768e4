"""The embedded model finds the planted mass of phantoms that it was not trained on, through every door."""

import json
from base64 import b64decode
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mammo_core import cli
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import Phantom, make_phantom
from mammo_core.records import Laterality, ViewPosition
from mammo_core.service import AnalysisService, build_service
from mammo_core.settings import Settings
from tests.doors import call, client_of, comparable, v1_event, v2_event

VIEWS = [(view, side) for view in (ViewPosition.CC, ViewPosition.MLO) for side in ("L", "R")]


@cache
def service() -> AnalysisService:
    return build_service(Settings())


def phantom(seed: int, view: ViewPosition, side: str, *, lesion: bool = True) -> Phantom:
    return make_phantom(
        seed=seed, view_position=view, laterality=Laterality(side), shape=(640, 520), lesion=lesion
    )


def analysed(data: bytes) -> dict[str, Any]:
    answer = client_of(service()).post("/analyze?images=", content=data)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_the_sample_s_mass_lies_in_the_first_region() -> None:
    assets = resources.files("mammo_core.assets")
    truth = json.loads((assets / "sample.json").read_text())["lesion"]

    answer = analysed((assets / "sample.png").read_bytes())

    box = answer["findings"]["regions"][0]["bbox"]
    assert box["x1"] < truth["column"] < box["x2"]
    assert box["y1"] < truth["row"] < box["y2"]
    assert answer["result"] == "lesion"
    assert answer["explanation"]["status"] == "ok"


@pytest.mark.parametrize(("view", "side"), VIEWS)
def test_the_map_s_peak_lies_in_the_planted_mass(view: ViewPosition, side: str) -> None:
    for seed in (11, 14):
        made = phantom(seed, view, side)
        assert made.lesion is not None

        answer = analysed(to_png(made))

        peak = answer["findings"]["regions"][0]["peak_xy"]
        distance = ((peak["x"] - made.lesion.column) ** 2 + (peak["y"] - made.lesion.row) ** 2) ** 0.5
        assert distance * made.spacing_mm <= made.lesion.radius_mm + 3.0
        assert answer["confidence"] > answer["threshold"]


@pytest.mark.parametrize(("view", "side"), VIEWS)
def test_the_same_breast_without_the_mass_scores_lower(view: ViewPosition, side: str) -> None:
    healthy = analysed(to_png(phantom(11, view, side, lesion=False)))

    assert (
        healthy["confidence"] < healthy["threshold"] < analysed(to_png(phantom(11, view, side)))["confidence"]
    )


def test_every_answer_says_that_the_model_is_for_demonstration() -> None:
    answer = analysed(to_png(phantom(11, ViewPosition.CC, "L")))

    (warning,) = answer["warnings"]
    assert warning["code"] == "demonstration_model"
    assert answer["model"]["intended_use"] in warning["message"]
    assert answer["model"]["backend"] == "litert"


@pytest.mark.parametrize("encode", [to_png, to_dicom])
def test_every_door_gives_the_same_answer_and_the_same_image_bytes(
    encode: Callable[[Phantom], bytes], tmp_path: Path
) -> None:
    data = encode(phantom(12, ViewPosition.MLO, "R"))
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
