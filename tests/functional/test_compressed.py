"""A compressed mammogram gets the answer of the uncompressed one, through the public door."""

from io import BytesIO
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from mammo_core.imaging import codec_process
from mammo_core.phantom.files import to_dicom
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import FakeModel
from tests.builders_dicom import SYNTAXES, Stored
from tests.builders_images import make_dicom
from tests.doors import client_of, service_with

LOSSLESS = (
    DeflatedExplicitVRLittleEndian,
    RLELossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEG2000Lossless,
)
OF_THE_FILE = ("analysis_id", "cold_start", "input", "request_id", "timings_ms")
"""What differs between two files, or two requests, of the same pixels."""


def phantom_in(uid: UID) -> bytes:
    phantom = pydicom.dcmread(BytesIO(to_dicom(make_phantom(seed=3, shape=(256, 208)))))
    stored = Stored(phantom.pixel_array.astype(np.int64), bits=12)
    syntax = next(syntax for syntax in SYNTAXES if syntax.uid == uid)
    return make_dicom(
        stored.values,
        transfer_syntax=uid,
        codestream=None if syntax.encode is None else syntax.encode(stored),
        tags={"ImageLaterality": "L", "ViewPosition": "CC"},
    )


def answer_to(data: bytes) -> dict[str, Any]:
    response = client_of(service_with(FakeModel())).post("/analyze?quality_checks=off", content=data)
    assert response.status_code == 200, response.text
    return {name: value for name, value in response.json().items() if name not in OF_THE_FILE}


@pytest.mark.parametrize("uid", LOSSLESS, ids=lambda uid: uid.name)
def test_every_lossless_transfer_syntax_gets_the_answer_of_the_uncompressed_file(uid: UID) -> None:
    expected = answer_to(phantom_in(ExplicitVRLittleEndian))
    assert expected["images"]["overlay"]
    assert expected["warnings"] == []

    assert answer_to(phantom_in(uid)) == expected


def test_the_answer_says_how_the_pixels_were_decompressed() -> None:
    response = client_of(service_with(FakeModel())).post("/analyze", content=phantom_in(JPEG2000Lossless))

    assert response.json()["input"]["preprocessing"][:2] == [
        "decompressed: JPEG 2000 Image Compression (Lossless Only)",
        "stored values: 12 of 16 bits, unsigned",
    ]


def test_a_decoder_that_breaks_is_a_problem_of_the_file_and_the_next_file_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = client_of(service_with(FakeModel()))
    with monkeypatch.context() as broken:
        broken.setattr(codec_process, "PROGRAM", "import os; os.abort()")
        refused = client.post("/analyze", content=phantom_in(JPEG2000Lossless))

    assert refused.status_code == 422
    assert refused.json()["code"] == "unreadable_image"
    assert client.post("/analyze", content=phantom_in(JPEG2000Lossless)).status_code == 200
