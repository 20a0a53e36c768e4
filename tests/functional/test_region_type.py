"""What an answer says of a region's type, through the HTTP door: from a head, from pixels, or nothing."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mammo_core.findings.region_classifier import shipped
from mammo_core.models.manifest import Manifest
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import AGAINST, EVERYWHERE, MANIFEST, FakeModel
from tests.doors import client_of, service_with

SMALL = make_phantom(seed=3, shape=(512, 416))
FINE = to_dicom(make_phantom(seed=3, shape=(1440, 1170)))
PNG = to_png(SMALL)
KINDS = {"malignant": "mass", "calcified": "calcification"}


def with_kinds(kinds: dict[str, str]) -> FakeModel:
    """The fake with a head of three classes; its probabilities do not know what they mean."""
    declared = {**MANIFEST.model_dump(), "classes": ("benign", "calcified", "malignant")}
    return FakeModel(manifest=Manifest.model_validate({**declared, "lesion_classes": kinds}))


def answer_to(data: bytes, model: FakeModel, query: str = "") -> dict[str, Any]:
    answer = client_of(service_with(model)).post(f"/analyze{query}", content=data)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def types(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [region["type"] for region in body["findings"]["regions"]]


def picture(body: dict[str, Any], name: str) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(base64.b64decode(body["images"][name]))) as opened:
        return np.asarray(opened.convert("RGB"))


def test_a_head_that_tells_kinds_gives_each_region_its_label_and_probability() -> None:
    body = answer_to(PNG, with_kinds(KINDS))

    assert types(body) == [{"label": "mass", "score": body["scores"]["malignant"], "source": "model head"}]


def test_a_type_changes_the_picture_and_neither_the_score_nor_any_other_number_of_a_region() -> None:
    plain, typed = answer_to(PNG, with_kinds({})), answer_to(PNG, with_kinds(KINDS))

    assert types(plain) != types(typed)
    assert (picture(plain, "cancer_type") != picture(typed, "cancer_type")).any()
    assert (picture(plain, "bbox") == picture(typed, "bbox")).all()
    for name in ("result", "confidence", "scores", "threshold", "explanation"):
        assert plain[name] == typed[name], name
    for body in (plain, typed):
        for region in body["findings"]["regions"]:
            del region["type"]
    assert plain["findings"] == typed["findings"]


def test_pixels_in_millimetres_are_asked_and_the_measured_accuracy_stands_beside_the_answer() -> None:
    body = answer_to(FINE, FakeModel(square=EVERYWHERE), "?images=")

    found = types(body)
    assert found
    for each in found:
        assert each["label"] in {"indeterminate", *shipped().named}
        assert (each["score"] is None) == (each["label"] == "indeterminate")
        assert each["source"].endswith(shipped().source)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PNG, "the pixel spacing at the breast is not known"),
        (to_dicom(SMALL), "pixels larger than 0.3 mm show no fine detail"),
    ],
    ids=["no spacing", "coarse pixels"],
)
def test_without_fine_pixels_of_known_size_there_is_no_type(data: bytes, reason: str) -> None:
    body = answer_to(data, FakeModel(), "?images=")

    assert types(body) == [{"label": "region_of_attention", "score": None, "source": reason}]


def test_bright_tissue_is_never_shown_as_attention() -> None:
    """A model that finds nothing gives no region, no type and no heat, however bright the image is."""
    pixels = SMALL.pixels.copy()
    pixels[200:300, 60:160] = 65_000
    bright = io.BytesIO()
    Image.fromarray(pixels).save(bright, "PNG")

    body = answer_to(bright.getvalue(), FakeModel(square=EVERYWHERE, weights=AGAINST))

    assert body["explanation"]["status"] == "no_positive_evidence"
    assert types(body) == []
    overlay = picture(body, "overlay").astype(np.int64)
    assert overlay.max() > 200, "the bright square is drawn"
    assert (np.ptp(overlay, axis=2) == 0).mean() > 0.9, "in grey: colour is left to the bar at the side"
    row, column = (round(v * body["image_status"]["overlay"]["scale"]) for v in (250, 110))
    assert np.ptp(overlay[row, column]) == 0
