"""The model of phantoms finds the planted mass of phantoms that it was not trained on."""

import json
from functools import cache
from importlib import resources
from typing import Any

import pytest

from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import Phantom, make_phantom
from mammo_core.records import Laterality, ViewPosition
from mammo_core.service import AnalysisService, build_service
from tests.doors import client_of
from tests.phantom_model import phantom_settings

VIEWS = [(view, side) for view in (ViewPosition.CC, ViewPosition.MLO) for side in ("L", "R")]


@cache
def service() -> AnalysisService:
    return build_service(phantom_settings())


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
