"""What an answer says of how far its map can be trusted, through the doors."""

import io
import json
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from mammo_core import cli
from mammo_core.errors import InferenceError
from mammo_core.geometry import Box
from mammo_core.models.manifest import Aspect, Crop, InputSpec, Orientation, Scaling
from mammo_core.records import FloatArray
from mammo_core.testing import BIAS, MANIFEST, THRESHOLD, WEIGHTS, FakeModel
from tests.doors import call, client_of, comparable, log_lines, service_with, v1_event
from tests.unit.test_explain_doubts import BAD, codes

ROWS, COLUMNS = 128, 96
SPEC = InputSpec(
    rows=ROWS,
    columns=COLUMNS,
    channels=1,
    scaling=Scaling.UNIT,
    crop=Crop.NONE,
    orientation=Orientation.AS_IS,
    aspect=Aspect.STRETCH,
)
AS_IT_IS = MANIFEST.model_copy(update={"input": SPEC})
"""The input is the image, pixel by pixel, so that a hand can reckon from the file to the answer."""
CELL = Box(56.0, 16.0, 64.0, 24.0)
"""The only cell that the model looks at; 192 make its input."""
TISSUE, LESION = 51, 204
"""Grey levels: brightness 0.2 and 0.8."""
LABEL, FILM = np.s_[2:76, 68:94], 110
"""A label on the film, brighter than tissue but not so bright that it is taken for the breast."""


def breast() -> NDArray[np.uint8]:
    """Even tissue with a lesion of 4 × 4 pixels in the middle of the model's cell."""
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    inside = ((rows / ROWS - 0.5) / 0.42) ** 2 + (columns / COLUMNS / 0.6) ** 2 < 1.0
    pixels = np.where(inside, TISSUE, 0).astype(np.uint8)
    pixels[58:62, 18:22] = LESION
    return pixels


def png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def looking_at(square: Box | None) -> FakeModel:
    return FakeModel(manifest=AS_IT_IS, square=square)


def answered(client: TestClient, data: bytes, query: str = "") -> dict[str, Any]:
    answer = client.post(f"/analyze{query}", content=data)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def answer_to(data: bytes, query: str = "", model: FakeModel | None = None) -> dict[str, Any]:
    return answered(client_of(service_with(model or looking_at(CELL))), data, query)


def known(value: float, detail: str) -> dict[str, Any]:
    return {"value": pytest.approx(value, abs=1e-5), "source": "model", "detail": detail, "reason": None}


def unknown(reason: str) -> dict[str, Any]:
    return {"value": None, "source": None, "detail": None, "reason": reason}


DROP = "z of the image less z with the region filled in from the breast around it"
RESIDUAL = known(0.0, "|Σ G⊙A + bias_evidence − z| / max(1, |z|), of hirescam")
ON_TISSUE = known(1.0, "positive evidence on the breast mask, as a share of all of it")
BY_HAND = WEIGHTS[0] * (0.8 - 0.2) * 16 / (ROWS * COLUMNS)
"""The lesion's 16 pixels turn from 0.8 to the tissue's 0.2."""


def test_fast_is_the_default_and_its_numbers_are_those_of_a_hand() -> None:
    body = answer_to(png(breast()))

    fast = "not asked for: quality_checks is fast"
    assert body["explanation"]["score"] == pytest.approx(
        WEIGHTS[0] * (0.2 + 0.6 * 16 / 64 - THRESHOLD) / 192 + BIAS, abs=1e-6
    )
    assert body["explanation"]["quality"] == {
        "status": "good",
        "checks": "fast",
        "issues": [],
        "completeness": RESIDUAL,
        "evidence_on_tissue": ON_TISSUE,
        "occlusion_drop": known(BY_HAND, DROP),
        "deletion": unknown(fast),
        "insertion": unknown(fast),
        "occlusion_agreement": unknown(fast),
        "flip_agreement": unknown(fast),
        "flip_logit_change": unknown(fast),
        "forwards": 1,
    }
    (region,) = body["findings"]["regions"]
    assert region["occlusion_drop"] == body["explanation"]["quality"]["occlusion_drop"]
    assert body["warnings"] == []


def test_off_measures_what_costs_nothing_and_judges_nothing() -> None:
    body = answer_to(png(breast()), "?quality_checks=off")

    off = unknown("not asked for: quality_checks is off")
    assert body["explanation"]["quality"] == {
        "status": "not_checked",
        "checks": "off",
        "issues": [],
        "completeness": RESIDUAL,
        "evidence_on_tissue": ON_TISSUE,
        "occlusion_drop": off,
        "deletion": off,
        "insertion": off,
        "occlusion_agreement": off,
        "flip_agreement": off,
        "flip_logit_change": off,
        "forwards": 0,
    }
    assert [region["occlusion_drop"] for region in body["findings"]["regions"]] == [off]
    assert "quality" in body["timings_ms"]


def test_full_measures_the_order_and_the_mirror_too() -> None:
    body = answer_to(png(breast()), "?quality_checks=full")

    quality = body["explanation"]["quality"]
    assert quality["checks"] == "full"
    assert quality["occlusion_drop"] == known(BY_HAND, DROP)
    assert quality["deletion"] == quality["insertion"]
    assert quality["deletion"]["reason"] == (
        "the image scores less than 0.1 logits more than its blurred breast"
    )
    assert quality["occlusion_agreement"]["detail"].startswith("rank correlation over")
    # In the mirror the cell shows air, which speaks against: from 0.25 above the threshold to 0.1 below it.
    change = (0.1 * WEIGHTS[1] - 0.25 * WEIGHTS[0]) / 192
    assert quality["flip_logit_change"] == known(change, "the mirrored input, its map mirrored back")


def test_deletion_and_insertion_tell_area_chance_and_gap() -> None:
    pixels = breast()
    pixels[48:80, 8:32] = LESION
    body = answer_to(png(pixels), "?quality_checks=full", looking_at(Box(48.0, 8.0, 80.0, 32.0)))

    quality = body["explanation"]["quality"]
    deletion, insertion = quality["deletion"]["value"], quality["insertion"]["value"]
    assert deletion["gap"] == pytest.approx(deletion["random_area"] - deletion["area"])
    assert insertion["gap"] == pytest.approx(insertion["area"] - insertion["random_area"])
    assert min(deletion["gap"], insertion["gap"]) > 0.2
    assert quality["forwards"] > 76


class TestDoubt:
    @pytest.fixture
    def body(self) -> dict[str, Any]:
        """A bright label in the air, and a model that looks everywhere."""
        pixels = breast()
        pixels[LABEL] = FILM
        return answer_to(png(pixels), model=looking_at(None))

    def test_evidence_beside_the_breast_is_an_issue_and_a_warning(self, body: dict[str, Any]) -> None:
        quality, share = body["explanation"]["quality"], body["explanation"]["evidence_on_tissue"]

        percent = f"{100 * share:.0f} %"
        assert share < 0.5
        assert quality["status"] == "doubtful"
        assert f"Only {percent} of the map's positive evidence lies on the breast." in quality["issues"]
        assert [warning["message"] for warning in body["warnings"]] == quality["issues"]
        assert "map_evidence_off_tissue" in {warning["code"] for warning in body["warnings"]}

    def test_it_is_printed_on_the_overlay_and_on_no_other_picture(
        self, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mammo_core.explain.doubts.doubts", lambda *_args, **_kwargs: ())
        pixels = breast()
        pixels[LABEL] = FILM
        plain = answer_to(png(pixels), model=looking_at(None))

        assert plain["explanation"]["quality"]["status"] == "good"
        changed = {name for name in plain["images"] if plain["images"][name] != body["images"][name]}
        assert changed == {"overlay"}


@pytest.mark.parametrize("level", ["fast", "full"])
def test_a_model_that_cannot_be_asked_again_costs_no_score_and_one_warning_in_the_log(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    class Once(FakeModel):
        def explained_scores(self, images: FloatArray) -> NoReturn:
            raise InferenceError("LiteRT could not run the model (RuntimeError).")

    data = png(breast())
    whole = answer_to(data, f"?quality_checks={level}")
    client = client_of(service_with(Once(manifest=AS_IT_IS, square=CELL)))
    capsys.readouterr()

    body = answered(client, data, f"?quality_checks={level}")
    lines = log_lines(capsys)

    reason = "the occlusion drops could not be made: LiteRT could not run the model (RuntimeError)."
    for same in ("result", "confidence", "scores", "images", "image_status"):
        assert body[same] == whole[same]
    assert body["findings"]["regions"][0]["occlusion_drop"] == unknown(reason)
    assert body["explanation"]["quality"]["occlusion_drop"] == unknown(reason)
    assert body["explanation"]["quality"]["status"] == "not_checked"
    assert [line["level"] for line in lines] == ["WARNING"]
    assert lines[0]["problems"][0].startswith(f"{reason} [{__name__}:")
    assert len(lines[0]["problems"]) == (1 if level == "fast" else 3)
    assert client.get("/ready").json()["status"] == "degraded"


def test_an_unknown_level_is_refused_with_the_three_there_are() -> None:
    answer = client_of(service_with(FakeModel())).post("/analyze?quality_checks=best", content=b"x")

    assert answer.status_code == 400
    assert answer.json()["detail"] == (
        "The query is not valid. quality_checks: Input should be 'off', 'fast' or 'full'."
    )


def test_the_level_is_part_of_the_analysis_id() -> None:
    data = png(breast())

    ids = [
        answer_to(data, query)["analysis_id"]
        for query in ("", "?quality_checks=fast", "?quality_checks=off", "?quality_checks=full")
    ]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


@pytest.mark.parametrize("level", ["off", "fast", "full"])
def test_every_door_gives_the_same_numbers(
    level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_with(looking_at(CELL))
    monkeypatch.setattr("mammo_core.service.build_service", lambda settings: service)
    (tmp_path / "scan.png").write_bytes(png(breast()))

    direct = answered(client_of(service), png(breast()), f"?quality_checks={level}")
    event = v1_event("POST", "/analyze", body=png(breast()), query={"quality_checks": level})
    through_lambda = json.loads(call(service, event)["body"])
    command = ["analyze", str(tmp_path / "scan.png"), "--out", str(tmp_path), "--quality-checks", level]
    result = CliRunner().invoke(cli.app, command)

    assert result.exit_code == 0, result.output
    on_disk = json.loads((tmp_path / "scan.json").read_text())
    assert comparable(direct) == comparable(through_lambda) == comparable(on_disk)
    assert direct["explanation"]["quality"]["checks"] == level


def test_the_documents_define_every_field_and_name_every_warning() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "explanation.md").read_text("utf-8")
    explanation = answer_to(png(breast()))["explanation"]

    fields = [*explanation, *(f"quality.{name}" for name in explanation["quality"])]
    assert [name for name in fields if f"| `{name}` |" not in text] == []
    assert len(codes(BAD)) == 6
    assert [code for code in codes(BAD) if f"`{code}`" not in text] == []
