"""Image quality is measured in numbers that move with what they name, and nothing is called good."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.anatomy.breast import breast_on
from mammo_core.anatomy.quality import measure_quality
from mammo_core.anatomy.records import CutEdge, ImageQuality, PectoralMuscle
from mammo_core.anatomy.reduce import reduced
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import Side, Sourced, ViewPosition
from tests.conftest import AIR, TISSUE, breast_pixels

NO_MUSCLE: Sourced[PectoralMuscle] = Sourced.unknown("no wedge")
CC, MLO = ViewPosition.CC, ViewPosition.MLO


def quality_of(
    pixels: NDArray[np.uint16],
    view: ViewPosition | None = CC,
    pectoral: Sourced[PectoralMuscle] = NO_MUSCLE,
) -> ImageQuality:
    values, transform = reduced(pixels)
    breast = breast_on(values, transform)
    assert breast is not None
    return measure_quality(pixels, values, breast, pectoral, view)


def test_the_share_of_clipped_pixels_is_that_which_was_painted() -> None:
    pixels = breast_pixels()
    tissue = int((pixels == TISSUE).sum())
    pixels[100:140, 20:60] = 65_535
    pixels[180:200, 20:60] = 0

    quality = quality_of(pixels)

    white, black = quality.clipped_white, quality.clipped_black
    assert (white.value, black.value) == pytest.approx((1600 / tissue, 800 / tissue), rel=0.06)
    assert (white.source, white.detail) == ("pixels", "share of the breast at 99.5% of full scale and above")
    assert (black.source, black.detail) == ("pixels", "share of the breast at 0.5% of full scale and below")


def test_an_even_breast_has_no_contrast_and_one_with_bright_tissue_has_more() -> None:
    flat, mixed = breast_pixels(), breast_pixels()
    mixed[100:200, 10:80] = 50_000

    assert quality_of(flat).contrast.value == pytest.approx(0.0, abs=0.05)
    contrast = quality_of(mixed).contrast
    assert contrast.value == pytest.approx((50_000 - TISSUE) / 65_535, abs=0.03)
    assert contrast.detail == "5th to 95th percentile of the breast, share of full scale"


def test_a_blurred_image_is_less_sharp() -> None:
    from scipy import ndimage

    pixels = make_phantom(seed=3, shape=(1024, 832)).pixels
    sharpness = [
        quality_of(ndimage.gaussian_filter(pixels, sigma) if sigma else pixels).sharpness.value
        for sigma in (0.0, 1.0, 2.0, 4.0)
    ]

    assert None not in sharpness
    assert np.all(np.diff([s for s in sharpness if s is not None]) < -0.005)


def test_sharpness_of_one_value_cannot_be_measured() -> None:
    assert quality_of(breast_pixels()).sharpness == Sourced.unknown("the middle of the breast has one value")


def test_sharpness_of_a_very_small_breast_cannot_be_measured() -> None:
    pixels = np.full((64, 64), AIR, dtype=np.uint16)
    pixels[24:40, 0:8] = TISSUE

    assert quality_of(pixels).sharpness == Sourced.unknown("the breast is too small to measure on")


class TestACutOffBreast:
    @pytest.mark.parametrize("side", Side)
    def test_is_none_where_all_of_the_skin_is_seen(self, side: Side) -> None:
        assert quality_of(breast_pixels(chest_wall=side)).cut_off == Sourced(
            (), "pixels", "top, bottom and anterior edge, cut over more than 5% of the breast's extent"
        )

    @pytest.mark.parametrize("side", Side)
    @pytest.mark.parametrize("view", [CC, MLO, None])
    def test_names_the_edges_that_cut_it(self, side: Side, view: ViewPosition | None) -> None:
        pixels = breast_pixels((320, 240), reach=1.03)[80:240]
        cut = quality_of(pixels if side is Side.LEFT else pixels[:, ::-1].copy(), view).cut_off

        every = (CutEdge.TOP, CutEdge.BOTTOM, CutEdge.ANTERIOR)
        assert cut.value == (every if view is CC else (CutEdge.ANTERIOR,))

    def test_is_not_told_without_a_chest_wall(self) -> None:
        values, transform = reduced(breast_pixels())
        breast = breast_on(values, transform)
        assert breast is not None
        unknown = replace(breast, chest_wall=Sourced.unknown("a test"))

        quality = measure_quality(breast_pixels(), values, unknown, NO_MUSCLE, CC)

        assert quality.cut_off == Sourced.unknown("the chest-wall side is not known")


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (MLO, Sourced(False, "pixels", "no wedge")),
        (CC, Sourced.unknown("a pectoral muscle is expected on MLO, this is CC")),
        (None, Sourced.unknown("the view is not known")),
    ],
)
def test_a_pectoral_muscle_is_expected_on_oblique_views_only(
    view: ViewPosition | None, expected: Sourced[bool]
) -> None:
    assert quality_of(breast_pixels(), view).pectoral_visible == expected
