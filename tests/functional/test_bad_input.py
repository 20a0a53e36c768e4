"""Every kind of bad image has its status and code, through the public door, and does no harm to the next."""

import base64
import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import FakeModel
from tests.doors import client_of, service_with

PHANTOM = make_phantom(seed=3, shape=(256, 208))
PNG = to_png(PHANTOM)
GREY = (PHANTOM.pixels >> 8).astype(np.uint8)

JSON_EXPECTED = (
    'A JSON body {"image": "<base64>"} or {"s3": {"bucket": …, "key": …}} with no other name was expected; '
    "options go into the query."
)


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def header_only_png(width: int, height: int) -> bytes:
    """A PNG whose header promises pixels that are not there."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def dicom_without_pixels() -> bytes:
    import pydicom

    dataset = pydicom.dcmread(io.BytesIO(to_dicom(PHANTOM)))
    del dataset.PixelData
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset)
    return buffer.getvalue()


def colour_photograph() -> bytes:
    rows, columns = np.mgrid[0:256, 0:208]
    photograph = np.stack([rows % 256, columns, 255 - rows], axis=-1).astype(np.uint8)
    return encoded(Image.fromarray(photograph), "PNG")


def two_page_tiff() -> bytes:
    page = Image.fromarray(GREY)
    return encoded(page, "TIFF", save_all=True, append_images=[page])


Case = tuple[Callable[[], bytes], int, str | None]
CASES: dict[str, Case] = {
    "truncated PNG": (lambda: PNG[: len(PNG) // 2], 422, "unreadable_image"),
    "text file called .png": (
        lambda: b"These are not the pixels you are looking for.\n",
        415,
        "unsupported_media",
    ),
    "0 bytes": (lambda: b"", 422, "unreadable_image"),
    "1×1 px": (lambda: encoded(Image.new("L", (1, 1)), "PNG"), 422, "unsuitable_image"),
    "30,000×30,000 px header": (lambda: header_only_png(30_000, 30_000), 413, "payload_too_large"),
    "RGBA": (lambda: encoded(Image.fromarray(GREY).convert("RGBA"), "PNG"), 200, None),
    "palette": (lambda: encoded(Image.fromarray(GREY).convert("P"), "PNG"), 200, None),
    "16-bit": (lambda: to_png(PHANTOM, bits=16), 200, None),
    "CMYK JPEG": (lambda: encoded(Image.fromarray(GREY).convert("CMYK"), "JPEG"), 422, "unsuitable_image"),
    "two-page TIFF": (two_page_tiff, 422, "unsuitable_image"),
    "DICOM without pixels": (dicom_without_pixels, 422, "unreadable_image"),
    "black image": (lambda: encoded(Image.new("L", (256, 256)), "PNG"), 422, "unsuitable_image"),
    "colour photograph": (colour_photograph, 422, "unsuitable_image"),
}


@pytest.mark.parametrize("case", CASES)
def test_an_image_is_answered_with_its_status_and_code_and_the_next_request_is_right(case: str) -> None:
    make, status, code = CASES[case]
    client = client_of(service_with(FakeModel()))

    answer = client.post("/analyze?max_side=128", files={"file": ("x.png", make(), "image/png")})
    following = client.post("/analyze?max_side=128", files={"file": ("x.png", PNG, "image/png")})

    assert answer.status_code == status, answer.text
    if code is None:
        assert answer.json()["confidence"] > 0
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == code
        assert set(answer.json()) == {"type", "title", "status", "detail", "code", "request_id"}
    assert following.status_code == 200, following.text


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"image": "###"}', "image: base64 was expected; the text is not base64."),
        ('{"image": "a"}', "image: base64 was expected; the text is not base64."),
        ('{"image": "päd"}', "image: base64 was expected; the text is not base64."),
        (
            '{"picture": ""}',
            JSON_EXPECTED,
        ),
        (
            "not json",
            JSON_EXPECTED,
        ),
        ("", JSON_EXPECTED),
    ],
)
def test_a_json_body_of_another_form_is_an_invalid_request(body: str, detail: str) -> None:
    client = client_of(service_with(FakeModel()))

    answer = client.post("/analyze", content=body.encode(), headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
        400,
        "invalid_request",
        detail,
    )


def test_base64_of_a_text_is_decoded_and_then_refused_as_an_image() -> None:
    client = client_of(service_with(FakeModel()))

    answer = client.post("/analyze", json={"image": base64.b64encode(b"hello").decode()})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media")


@pytest.mark.parametrize(
    ("files", "detail"),
    [
        (
            {"picture": ("x.png", PNG, "image/png")},
            "A multipart field `file` with the image was expected; it is missing.",
        ),
        (None, "The multipart body cannot be read; one field `file` was expected."),
    ],
)
def test_a_multipart_body_without_the_field_file_is_an_invalid_request(
    files: dict[str, tuple[str, bytes, str]] | None, detail: str
) -> None:
    client = client_of(service_with(FakeModel()))

    if files is None:
        answer = client.post("/analyze", content=b"--x", headers={"content-type": "multipart/form-data"})
    else:
        answer = client.post("/analyze", files=files)

    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
        400,
        "invalid_request",
        detail,
    )


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("method=guessing", "method"),
        ("images=overlay,selfie", "images"),
        ("max_side=20000", "max_side"),
        ("colormap=grey", "colormap"),
        ("view=sideways", "view"),
        ("colour=red", "a parameter is not known; known are method, colormap, view"),
        ("Doe^Jane=1", "a parameter is not known"),
    ],
)
def test_an_unknown_option_is_named_and_its_value_is_not_repeated(query: str, named: str) -> None:
    client = client_of(service_with(FakeModel()))

    answer = client.post(f"/analyze?{query}", files={"file": ("x.png", PNG, "image/png")})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert named in answer.json()["detail"]
    assert query.partition("=")[2].split(",")[-1] not in answer.json()["detail"].split()
    assert "Doe" not in answer.text


def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    client = client_of(service_with(FakeModel(), max_image_bytes=1000))

    answer = client.post("/analyze", content=PNG, headers={"content-type": "image/png"})

    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    assert f"{len(PNG):,} bytes" in answer.json()["detail"]


def test_an_unsuitable_image_is_analysed_on_request_and_the_answer_says_so() -> None:
    client = client_of(service_with(FakeModel()))
    black = encoded(Image.new("L", (256, 256)), "PNG")

    answer = client.post("/analyze?accept_unsuitable=true&max_side=128", content=black)

    assert answer.status_code == 200, answer.text
    assert [w["code"] for w in answer.json()["warnings"]] == ["accepted_unsuitable", "orientation_unknown"]
    assert answer.json()["findings"]["tissue"]["breast_fraction"] == {
        "value": None,
        "source": None,
        "detail": None,
        "reason": "no breast was found",
    }
