"""Inverted films are turned, and nothing else is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.anatomy.polarity import upright
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import ImageFormat, Notice, ViewPosition
from tests.conftest import breast_pixels, make_mammogram

RASTER = [f for f in ImageFormat if f is not ImageFormat.DICOM]


def inverted(pixels: NDArray[np.uint16]) -> NDArray[np.uint16]:
    return (65_535 - pixels).astype(np.uint16)


@pytest.mark.parametrize("image_format", RASTER)
def test_white_air_is_made_dark_and_the_answer_says_so(image_format: ImageFormat) -> None:
    pixels = breast_pixels()
    mammogram = make_mammogram(inverted(pixels), image_format=image_format)
    assert mammogram.pixels[0, -1] > 60_000, "the fixture has white air"

    turned = upright(mammogram)

    assert np.array_equal(turned.pixels, pixels)
    assert turned.pixels.dtype == np.uint16
    assert turned.steps == ("inverted: 60% of the image is near white, 40% near black",)
    assert turned.notices == (
        Notice("inverted_corrected", "The image has white air and dark tissue; it was inverted."),
    )
    assert (turned.sha256, turned.image_format) == (mammogram.sha256, image_format)


def test_what_was_given_is_not_changed() -> None:
    pixels = inverted(breast_pixels())
    mammogram = make_mammogram(pixels)

    upright(mammogram)

    assert np.array_equal(mammogram.pixels, pixels)


def test_a_turned_image_is_left_as_it_is_the_second_time() -> None:
    once = upright(make_mammogram(inverted(breast_pixels())))

    assert upright(once) is once


@pytest.mark.parametrize("image_format", ImageFormat)
def test_dark_air_is_left_as_it_is(image_format: ImageFormat) -> None:
    mammogram = make_mammogram(breast_pixels(), image_format=image_format)

    assert upright(mammogram) is mammogram


def test_dicom_says_its_polarity_itself() -> None:
    mammogram = make_mammogram(inverted(breast_pixels()), image_format=ImageFormat.DICOM)

    assert upright(mammogram) is mammogram


@pytest.mark.parametrize("level", [0, 30_000, 65_535])
def test_an_image_of_one_value_is_left_as_it_is(level: int) -> None:
    mammogram = make_mammogram(np.full((80, 70), level, dtype=np.uint16))

    assert upright(mammogram) is mammogram


def test_a_bright_label_and_dense_tissue_are_not_taken_for_air() -> None:
    pixels = breast_pixels()
    pixels[10:40, 180:230] = 65_535
    pixels[130:190, 20:80] = 64_500
    mammogram = make_mammogram(pixels)

    assert upright(mammogram) is mammogram


def test_air_that_is_not_quite_white_is_still_the_brightest_of_an_inverted_film() -> None:
    film = np.clip(inverted(breast_pixels()).astype(np.int64) - 12_000, 0, None).astype(np.uint16)

    assert upright(make_mammogram(film)).notices != ()


@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
@pytest.mark.parametrize("seed", range(3))
def test_a_phantom_comes_back_after_it_was_inverted(seed: int, view: ViewPosition) -> None:
    pixels = make_phantom(seed=seed, view_position=view, shape=(512, 416)).pixels

    assert upright(make_mammogram(pixels)).notices == ()
    assert np.array_equal(upright(make_mammogram(inverted(pixels))).pixels, pixels)


def test_a_film_whose_air_lies_at_no_end_of_the_range_is_turned_if_only_that_makes_a_mammogram() -> None:
    pixels = make_phantom(seed=3, shape=(512, 416)).pixels
    columns = np.arange(416)[None, :]
    film = np.where(pixels > 0, pixels, 5_000 + 10 * columns).astype(np.uint16)
    film[500:, 400:], film[:4, 400:] = 0, 65_535
    dark = (film < 0.03 * 65_535).mean()
    assert dark < 0.05, "no air near black"

    turned = upright(make_mammogram(inverted(film)))

    assert upright(make_mammogram(film)).notices == ()
    assert np.array_equal(turned.pixels, film)
    assert turned.steps == ("inverted: it looks like a mammogram only with dark and bright exchanged",)


def test_a_breast_with_more_white_than_air_is_left_as_it_is_if_it_looks_like_a_mammogram() -> None:
    pixels = breast_pixels(reach=0.95)
    pixels[pixels > 10_000] = 65_535
    shaded = np.linspace(0, 9_000, 320).astype(np.uint16)[:, None]
    pixels = np.where(pixels > 10_000, pixels - shaded, pixels).astype(np.uint16)
    pixels[60:260, :150] = 65_535
    assert (pixels > 63_000).mean() > (pixels < 2_000).mean()

    assert upright(make_mammogram(pixels)).notices == ()
