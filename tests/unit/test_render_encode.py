"""Encoded pictures hold the pixels that were drawn."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mammo_core.records import PictureFormat
from mammo_core.render.encode import encode


def tripled(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(values[:, :, None], 3, axis=2)


def decoded(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(
    ("colours", "mode"),
    [(0, "L"), (1, "P"), (56, "P"), (57, "RGB")],
    ids=["grey", "grey and a colour", "256 colours", "257 colours"],
)
def test_a_png_is_lossless_and_as_narrow_as_its_colours_allow(colours: int, mode: str) -> None:
    pixels = tripled((np.arange(1200) % 200).reshape(40, 30).astype(np.uint8))
    pixels.reshape(-1, 3)[:colours] = [(250, n, 7) for n in range(colours)] or pixels[0, :0]
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) == 200 + colours
    image = decoded(encode(Image.fromarray(pixels), PictureFormat.PNG))
    assert image.mode == mode
    assert (np.asarray(image.convert("RGB")) == pixels).all()
    assert image.info == {}


def test_an_indexed_png_is_hardly_larger_than_a_grey_one() -> None:
    smooth = np.add.outer(np.arange(200), np.arange(200)).astype(np.float64) / 4.0
    noise = np.random.default_rng(5).normal(0.0, 3.0, smooth.shape)
    pixels = tripled(np.clip(smooth + noise + 20.0, 0, 240).astype(np.uint8))
    plain = encode(Image.fromarray(pixels), PictureFormat.PNG)
    pixels[50, 20:80] = (230, 159, 0)
    assert len(encode(Image.fromarray(pixels), PictureFormat.PNG)) < 1.1 * len(plain)


@pytest.mark.parametrize("picture_format", [PictureFormat.JPEG, PictureFormat.WEBP])
@pytest.mark.parametrize("coloured", [False, True])
def test_lossy_formats_come_close_and_get_smaller_with_quality(
    picture_format: PictureFormat, coloured: bool
) -> None:
    ramp = np.tile(np.arange(0, 200, 4), (60, 1)) + np.random.default_rng(2).integers(0, 9, (60, 50))
    pixels = tripled(ramp.astype(np.uint8))
    if coloured:
        pixels[20:40, 20:40] = (230, 159, 0)
    image = Image.fromarray(pixels)
    fine, coarse = (encode(image, picture_format, quality=quality) for quality in (90, 40))
    assert len(coarse) < len(fine)
    back = decoded(fine)
    assert back.format == picture_format.value.upper()
    assert back.getexif() == {}
    assert np.abs(np.asarray(back.convert("RGB")).astype(int) - pixels).mean() < 3.0


def test_a_grey_jpeg_has_one_channel() -> None:
    assert (
        decoded(encode(Image.fromarray(np.full((9, 9, 3), 77, dtype=np.uint8)), PictureFormat.JPEG)).mode
        == "L"
    )
