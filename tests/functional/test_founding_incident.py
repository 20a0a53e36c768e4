"""The founding incident: whatever breaks after the score leaves the score answered, and is told."""

import base64
import io
import sys
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageFont

from mammo_core.errors import ModelUnavailableError
from mammo_core.explain import methods
from mammo_core.models.provider import ModelProvider
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import CamMethod
from mammo_core.render.colour import colour_table
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel, FixedModel
from tests.doors import client_of, log_lines, service_with

PNG = to_png(make_phantom(seed=3, shape=(320, 256)))
PICTURES = ("original", "overlay", "heatmap_only", "bbox", "cancer_type")
HEAT = ("overlay", "heatmap_only")
Break = Callable[[pytest.MonkeyPatch], None]


def broken(*_args: object, **_kwargs: object) -> NoReturn:
    raise RuntimeError("broken by a test: /secret/path")


def without(module: str) -> Break:
    """The module cannot be imported, as if it had not been copied into the image."""

    def apply(patch: pytest.MonkeyPatch) -> None:
        for name in [n for n in sys.modules if n == module or n.startswith(f"{module}.")]:
            patch.delitem(sys.modules, name)
        patch.setitem(sys.modules, module, None)
        parent, _, child = module.rpartition(".")
        if parent:
            patch.delattr(sys.modules[parent], child, raising=False)

    return apply


def break_font(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ImageFont, "load_default", broken)


def break_cam(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(methods.METHODS, CamMethod.GRADCAM, methods.Method(broken, in_logits=True))


def break_classifier(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("mammo_core.findings.region_type.shipped", broken)


def analysed(client: TestClient) -> dict[str, Any]:
    answer = client.post("/analyze?max_side=200", files={"file": ("x.png", PNG, "image/png")})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


CASES: dict[str, tuple[Break, tuple[str, ...]]] = {
    "the renderer": (without("mammo_core.render"), PICTURES),
    "the album": (without("mammo_core.render.album"), PICTURES),
    "matplotlib": (without("matplotlib"), HEAT),
    "the font": (break_font, ()),
    "the CAM": (break_cam, ("overlay", "heatmap_only", "bbox", "cancer_type")),
    "the CAM's module": (without("mammo_core.explain"), ("overlay", "heatmap_only", "bbox", "cancer_type")),
    "the regions": (without("mammo_core.findings.regions"), ("bbox", "cancer_type")),
    "the region types": (without("mammo_core.findings.region_type"), ()),
    "the region types' numbers": (break_classifier, ()),
    **{f"the picture {name}": (without(f"mammo_core.render.{name}"), (name,)) for name in PICTURES},
}


@pytest.mark.parametrize("case", CASES)
def test_what_breaks_after_the_score_costs_only_itself_and_is_told_once(
    case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it, missing = CASES[case]
    client = client_of(service_with(FakeModel()))
    whole = analysed(client)
    assert all(whole["images"][name] for name in PICTURES), "the fixture draws all pictures"
    assert whole["findings"]["num_regions"] == 1, "the fixture finds its region"
    capsys.readouterr()

    colour_table.cache_clear()  # a process that cannot import matplotlib has no tables yet
    break_it(monkeypatch)
    answer = analysed(client)
    lines = log_lines(capsys)
    ready = client.get("/ready")

    assert answer["confidence"] == whole["confidence"]
    assert answer["result"] == whole["result"]
    for name in PICTURES:
        status = answer["image_status"][name]
        if name in missing:
            assert answer["images"][name] is None
            assert status["status"] in {"failed", "unavailable"}
            assert status["reason"]
            assert "secret" not in status["reason"]
        else:
            assert status["status"] == "ok"
            picture = Image.open(io.BytesIO(base64.b64decode(answer["images"][name])))
            assert picture.size == (status["width"], status["height"]) == (160, 200)
    assert [line["level"] for line in lines] == ["WARNING"]
    assert lines[0]["problems"]
    assert "secret" not in str(lines)
    assert ready.status_code == 200
    assert ready.json()["status"] == "degraded"


def test_a_broken_font_is_replaced_and_each_picture_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    break_font(monkeypatch)

    answer = analysed(client_of(service_with(FakeModel())))

    assert [answer["image_status"][name]["status"] for name in PICTURES] == ["ok"] * 5
    assert all("font" in answer["image_status"][name]["reason"] for name in PICTURES)


def test_a_model_without_a_target_layer_still_answers_with_its_score(
    capsys: pytest.CaptureFixture[str],
) -> None:
    client = client_of(service_with(FakeModel(unavailable="the network has no spatial layer")))

    answer = analysed(client)

    assert answer["confidence"] == analysed(client_of(service_with(FakeModel())))["confidence"]
    assert answer["explanation"]["status"] == "unavailable"
    assert "the network has no spatial layer" in answer["explanation"]["reason"]
    assert answer["findings"]["num_regions"] is None
    assert [name for name in PICTURES if answer["images"][name] is not None] == ["original"]
    assert next(line["level"] for line in log_lines(capsys)) == "WARNING"
    assert client.get("/ready").json()["status"] == "degraded"


def test_without_weights_there_is_no_score_and_no_stand_in(capsys: pytest.CaptureFixture[str]) -> None:
    no_weights = ModelUnavailableError(
        "The model's weights cannot be fetched: S3 has no such object (NoSuchKey)."
    )
    client = client_of(AnalysisService(Settings(), ModelProvider(FixedModel(no_weights))))

    answers = [client.post("/analyze", content=PNG), client.get("/ready"), client.get("/model")]

    for answer in answers:
        assert answer.status_code == 503
        assert answer.json()["code"] == "model_unavailable"
        assert int(answer.headers["retry-after"]) > 0
    assert client.get("/health").status_code == 200
    assert [line["level"] for line in log_lines(capsys)] == ["ERROR", "ERROR", "ERROR", "INFO"]
