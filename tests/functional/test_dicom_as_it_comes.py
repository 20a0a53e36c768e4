"""DICOM of every origin through the public door: accepted with a warning, or refused by a name."""

from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

from mammo_core.phantom.files import to_dicom
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import FakeModel
from tests.builders_images import FOR_PROCESSING, SECONDARY_CAPTURE, TOMOSYNTHESIS, make_code, make_dicom
from tests.doors import client_of, service_with

SHAPE = (256, 208)
STORED = pydicom.dcmread(BytesIO(to_dicom(make_phantom(seed=3, shape=SHAPE)))).pixel_array
NO_BREAST = np.random.default_rng(5).integers(0, 4096, SHAPE)
"""Noise: nothing but tags could make a mammogram of it."""
TAGS: dict[str, object] = {"ImageLaterality": "L", "ViewPosition": "CC"}


def answer(data: bytes, query: str = "") -> tuple[int, dict[str, Any]]:
    response = client_of(service_with(FakeModel())).post(
        f"/analyze?images=&quality_checks=off{query}", content=data
    )
    body: dict[str, Any] = response.json()
    return response.status_code, body


def warnings_of(data: bytes, query: str = "") -> list[str]:
    status, body = answer(data, query)
    assert status == 200, body
    return [warning["code"] for warning in body["warnings"]]


def view_code(modifier: str) -> list[Dataset]:
    view = make_code("399162004", "SCT")
    view.ViewModifierCodeSequence = [make_code(modifier, "SCT")]
    return [view]


@pytest.mark.parametrize(
    ("tags", "codes"),
    [
        ({}, []),
        ({"Modality": None}, ["modality_missing"]),
        ({"Modality": "OT", "SOPClassUID": SECONDARY_CAPTURE}, ["secondary_capture"]),
        ({"ViewCodeSequence": view_code("399163009")}, ["view_modifier_magnification"]),
        ({"ViewCodeSequence": view_code("399055006")}, ["view_modifier_spot_compression"]),
        ({"ViewCodeSequence": view_code("399209000")}, ["view_modifier_implant_displaced"]),
        ({"BreastImplantPresent": "YES"}, ["implant_present"]),
        ({"BurnedInAnnotation": "YES"}, ["burned_in_annotation"]),
        ({"Laterality": "R"}, ["laterality_contradiction"]),
        ({"BitsStored": 10, "HighBit": 9}, ["bits_stored_exceeded"]),
        ({"WindowCenter": [2048, 9], "WindowWidth": [4096, 3]}, []),
    ],
)
def test_a_mammogram_with_unusual_tags_is_analysed_with_a_warning(
    tags: dict[str, object], codes: list[str]
) -> None:
    assert warnings_of(make_dicom(STORED, tags={**TAGS, **tags})) == codes


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_mammogram_without_preamble_meta_information_and_sop_class_is_analysed(
    syntax: pydicom.uid.UID,
) -> None:
    data = make_dicom(STORED, transfer_syntax=syntax, preamble=False, tags={**TAGS, "SOPClassUID": None})

    assert warnings_of(data) == ["sop_class_missing"]


@pytest.mark.parametrize(
    "tags", [{}, {"Modality": None}, {"Modality": "OT", "SOPClassUID": SECONDARY_CAPTURE}]
)
def test_no_tag_makes_a_mammogram_of_what_does_not_look_like_one(tags: dict[str, object]) -> None:
    data = make_dicom(NO_BREAST, tags={**TAGS, **tags})

    status, body = answer(data)

    assert (status, body["code"]) == (422, "unsuitable_image")
    assert body["detail"].startswith("The image does not look like a mammogram: ")
    assert "accepted_unsuitable" in warnings_of(data, "&accept_unsuitable=true")


@pytest.mark.parametrize(
    ("tags", "named"),
    [
        ({"PresentationIntentType": "FOR PROCESSING"}, "received FOR PROCESSING"),
        ({"SOPClassUID": FOR_PROCESSING, "PresentationIntentType": None}, "received FOR PROCESSING"),
        ({"SOPClassUID": TOMOSYNTHESIS}, "Breast Tomosynthesis Image Storage"),
        ({"NumberOfFrames": 2}, "NumberOfFrames (0028,0008): 1 is expected, received 2"),
        ({"Modality": "CT"}, "MG is expected, received CT"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "(colour)"),
    ],
)
def test_what_is_refused_by_its_tags_is_refused_whatever_is_wished(
    tags: dict[str, object], named: str
) -> None:
    for query in ("", "&accept_unsuitable=true"):
        status, body = answer(make_dicom(STORED, tags={**TAGS, **tags}), query)

        assert (status, body["code"]) == (422, "unsuitable_image")
        assert named in body["detail"]


def test_tags_that_name_two_breasts_leave_it_to_the_pixels() -> None:
    region = make_code("76752008", "SCT")
    region.AnatomicRegionModifierSequence = [make_code("24028007", "SCT")]

    status, body = answer(make_dicom(STORED, tags={**TAGS, "AnatomicRegionSequence": [region]}))

    assert status == 200
    assert body["view_analysis"]["laterality"]["source"] == "pixels"
    assert [warning["code"] for warning in body["warnings"]] == ["laterality_contradiction"]


def test_pixels_that_are_not_compressed_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", None)

    assert warnings_of(make_dicom(STORED, tags=TAGS)) == []
