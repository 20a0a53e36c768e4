"""What an answer says of an image whose truth is known, through crop, flip and resize."""

import base64
import io
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mammo_core.anatomy.breast import find_breast
from mammo_core.imaging.decode import decode
from mammo_core.imaging.preprocess import prepare
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import Laterality, ViewPosition
from mammo_core.schemas import Answer
from mammo_core.testing import MANIFEST, SQUARE, FakeModel
from tests.doors import client_of, service_with

SHAPE = (512, 416)


def answer_to(data: bytes, model: FakeModel | None = None, query: str = "") -> dict[str, Any]:
    answer = client_of(service_with(model or FakeModel())).post(f"/analyze{query}", content=data)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def looked_at(data: bytes) -> dict[str, float]:
    """Where the model's square lies on the source image."""
    mammogram = decode(data)
    transform = prepare(mammogram, MANIFEST.input, find_breast(mammogram.pixels)).transform
    box = transform.box_to_source(SQUARE)
    return {"x1": box.left, "y1": box.top, "x2": box.right, "y2": box.bottom}


@pytest.mark.parametrize("laterality", [Laterality.LEFT, Laterality.RIGHT])
@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
def test_the_first_region_is_what_the_model_looked_at_on_the_source_image(
    laterality: Laterality, view: ViewPosition
) -> None:
    data = to_png(make_phantom(seed=3, view_position=view, laterality=laterality, shape=SHAPE))
    truth = looked_at(data)

    body = answer_to(data)

    (region,) = body["findings"]["regions"]
    cell = max(body["explanation"]["cell_size_px"].values())
    for side, value in region["bbox"].items():
        assert value == pytest.approx(truth[side], abs=cell), "to the cell"
    for point in (region["peak_xy"], region["centroid"]):
        assert truth["x1"] < point["x"] < truth["x2"]
        assert truth["y1"] < point["y"] < truth["y2"]
    right = laterality is Laterality.RIGHT
    assert body["view_analysis"]["breast_mask"]["value"]["chest_wall_side"]["value"] == (
        "right" if right else "left"
    )
    assert any("mirrored" in step for step in body["input"]["preprocessing"]) is right


def test_a_right_breast_gives_the_mirrored_answer_of_a_left_one() -> None:
    answers = {
        side: answer_to(to_png(make_phantom(seed=3, laterality=side, shape=SHAPE)))
        for side in (Laterality.LEFT, Laterality.RIGHT)
    }

    left, right = answers[Laterality.LEFT], answers[Laterality.RIGHT]

    assert right["confidence"] == left["confidence"]
    (one,), (other,) = left["findings"]["regions"], right["findings"]["regions"]
    assert other["bbox"]["x1"] == SHAPE[1] - one["bbox"]["x2"]
    assert other["bbox"]["y1"] == one["bbox"]["y1"]
    assert other["share_of_evidence"] == pytest.approx(one["share_of_evidence"])


def test_the_evidence_adds_up_to_the_score() -> None:
    body = answer_to(to_png(make_phantom(seed=3, shape=SHAPE)))

    explanation, (region,) = body["explanation"], body["findings"]["regions"]
    assert body["confidence"] == pytest.approx(1 / (1 + math.exp(-explanation["score"])))
    assert explanation["completeness"]["residual"] < 1e-5
    assert (
        region["evidence_logit"]["value"]
        <= explanation["score"] - explanation["completeness"]["bias_evidence"]
    )
    assert region["evidence_logit"]["value"] > 0
    assert region["confidence"]["value"] == pytest.approx(
        1 / (1 + math.exp(-region["evidence_logit"]["value"]))
    )
    assert 0 < region["share_of_evidence"] <= 1
    assert region["peak"] == 1.0
    assert region["type"] == {
        "label": "region_of_attention",
        "score": None,
        "source": "the pixel spacing at the breast is not known",
    }


def test_a_map_a_hundred_times_weaker_looks_weak_and_counts_less() -> None:
    data = to_png(make_phantom(seed=3, shape=SHAPE))
    strong = answer_to(data)
    weak = answer_to(data, FakeModel(weights=(0.64, -0.16)))

    def heat(body: dict[str, Any]) -> float:
        """Mean distance of the overlay from grey."""
        with Image.open(io.BytesIO(base64.b64decode(body["images"]["overlay"]))) as image:
            picture = np.asarray(image.convert("RGB"), dtype=np.float64)
        return float(np.ptp(picture, axis=2).mean())

    assert heat(strong) > 20 * heat(weak)
    assert strong["findings"]["num_regions"] == 1
    assert weak["findings"]["num_regions"] == 0
    assert weak["explanation"]["reference_logit"] == strong["explanation"]["reference_logit"]


def test_a_dicom_file_gives_millimetres_and_its_tags_win() -> None:
    phantom = make_phantom(seed=3, laterality=Laterality.RIGHT, view_position=ViewPosition.MLO, shape=SHAPE)
    body = answer_to(to_dicom(phantom), query="?laterality=L&view=MLO&quality_checks=off")

    spacing = body["input"]["pixel_spacing_mm"]
    assert spacing["source"] == "detector"
    assert spacing["value"]["x"] == pytest.approx(phantom.spacing_mm, rel=1e-3)
    (region,) = body["findings"]["regions"]
    assert region["area_mm2"]["value"] == pytest.approx(region["area_px"] * phantom.spacing_mm**2, rel=1e-3)
    for millimetres in (region["area_mm2"], body["explanation"]["cell_size_mm"]):
        assert (millimetres["source"], millimetres["detail"]) == (spacing["source"], spacing["detail"])
    view = body["view_analysis"]
    assert (view["laterality"]["value"], view["laterality"]["source"]) == ("R", "dicom_tag")
    assert (view["view_position"]["value"], view["view_position"]["source"]) == ("MLO", "dicom_tag")
    assert [(w["code"], w["message"]) for w in body["warnings"]] == [
        ("laterality_mismatch", "The request says L, the file's tag says R; the file's tag is used.")
    ]


def test_a_raster_image_has_no_millimetres() -> None:
    body = answer_to(to_png(make_phantom(seed=3, shape=SHAPE)))

    for value in (
        body["input"]["pixel_spacing_mm"],
        body["explanation"]["cell_size_mm"],
        body["findings"]["regions"][0]["area_mm2"],
        body["findings"]["assessment"]["birads_like"],
    ):
        assert value["value"] is None
        assert value["reason"]


def test_an_inverted_film_is_turned_and_gives_the_same_regions() -> None:
    phantom = make_phantom(seed=3, shape=SHAPE)
    upright = to_png(phantom, bits=16)
    inverted = to_png(replace(phantom, pixels=65535 - phantom.pixels), bits=16)

    body = answer_to(inverted, query="?quality_checks=off")

    assert (
        body["findings"]["regions"] == answer_to(upright, query="?quality_checks=off")["findings"]["regions"]
    )
    assert [warning["code"] for warning in body["warnings"]] == ["inverted_corrected"]


def test_no_positive_evidence_is_a_state_with_pictures_and_without_regions() -> None:
    body = answer_to(to_png(make_phantom(seed=3, shape=SHAPE)), FakeModel(weights=(-64.0, -16.0)))

    assert body["explanation"]["status"] == "no_positive_evidence"
    assert body["findings"]["num_regions"] == 0
    assert all(body["images"].values())
    assert body["result"] == "benign"


def test_an_answer_has_the_fields_of_its_schema_and_the_first_four_of_old_clients() -> None:
    body = answer_to(to_png(make_phantom(seed=3, shape=SHAPE)), query="?images=")

    assert Answer.model_validate(body).model_dump(mode="json") == body
    assert list(body)[:4] == ["result", "confidence", "images", "findings"]


def test_the_analysis_id_depends_on_image_model_and_options() -> None:
    one, other = (to_png(make_phantom(seed=seed, shape=SHAPE)) for seed in (3, 4))

    ids = [
        answer_to(data, query=q)["analysis_id"]
        for data, q in ((one, ""), (one, ""), (other, ""), (one, "?max_side=99"))
    ]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
