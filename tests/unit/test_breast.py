"""The breast is found where it is, on either side, beside labels and borders, and nowhere in noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mammo_core.anatomy.breast import find_breast
from mammo_core.anatomy.reduce import WORKING_SIDE, reduced
from mammo_core.geometry import Box, PixelTransform, resample
from mammo_core.records import BreastMask, Side
from tests.conftest import AIR, TISSUE, breast_pixels

SHAPE = (320, 240)


def found(pixels: NDArray[np.uint16]) -> BreastMask:
    breast = find_breast(pixels)
    assert breast is not None
    return breast


def dice(breast: BreastMask, truth: NDArray[np.bool_]) -> float:
    """Overlap of the mask, read at each source pixel, with the truth; 1 if they are the same."""
    onto = PixelTransform.identity((truth.shape[0], truth.shape[1]))
    mask = resample(breast.inside.astype(np.float32), breast.transform, onto) >= 0.5
    return float(2 * (mask & truth).sum() / (mask.sum() + truth.sum()))


def with_noise(pixels: NDArray[np.uint16], seed: int = 0) -> NDArray[np.uint16]:
    noise = np.random.default_rng(seed).normal(scale=500.0, size=pixels.shape)
    return np.clip(pixels + noise, 0, 65_535).astype(np.uint16)


class TestABreast:
    @pytest.mark.parametrize("side", Side)
    @pytest.mark.parametrize("shape", [SHAPE, (1500, 1203), (96, 64)])
    def test_is_found_at_its_side(self, side: Side, shape: tuple[int, int]) -> None:
        pixels = with_noise(breast_pixels(shape, chest_wall=side))
        truth = pixels > (AIR + TISSUE) / 2

        breast = found(pixels)

        assert 0.3 < truth.mean() < 0.5, "the fixture is a breast in air"
        assert dice(breast, truth) > 0.94
        assert breast.fraction == pytest.approx(truth.mean(), rel=0.12)
        assert breast.chest_wall.value is side
        assert breast.chest_wall.source == "pixels"
        assert breast.box == breast.box.whole(shape)
        assert (breast.box.left == 0.0) is (side is Side.LEFT)
        assert (breast.box.right == shape[1]) is (side is Side.RIGHT)

    def test_has_a_box_that_does_not_cut_the_skin(self) -> None:
        pixels = breast_pixels()
        rows, columns = np.nonzero(pixels == TISSUE)

        box = found(pixels).box

        assert box.top <= rows.min() and rows.max() + 1 <= box.bottom
        assert box.left <= columns.min() and columns.max() + 1 <= box.right
        assert box.height <= np.ptp(rows) + 1 + 8
        assert box.width <= np.ptp(columns) + 1 + 8

    def test_is_told_apart_from_a_label(self) -> None:
        pixels = breast_pixels()
        pixels[10:40, 180:230] = 65_535

        breast = found(pixels)

        assert breast.box.right < 180
        assert dice(breast, pixels == TISSUE) > 0.95
        assert breast.chest_wall.value is Side.LEFT

    def test_is_told_apart_from_a_label_that_nearly_touches_it(self) -> None:
        pixels = breast_pixels()
        pixels[159:160, 140:200] = TISSUE  # a scratch from the nipple to the label
        pixels[130:190, 200:235] = 65_535

        assert found(pixels).box.right < 200

    @pytest.mark.parametrize("side", Side)
    def test_keeps_its_chest_wall_beside_the_dark_border_of_a_film(self, side: Side) -> None:
        pixels = np.pad(breast_pixels(chest_wall=side), ((6, 6), (15, 15)), constant_values=AIR)

        breast = found(pixels)

        assert breast.chest_wall.value is side
        assert breast.box.left >= 10
        assert breast.box.right <= pixels.shape[1] - 10

    def test_has_no_holes_where_it_holds_dark_fat(self) -> None:
        pixels = breast_pixels()
        truth = pixels == TISSUE
        pixels[140:180, 40:80] = AIR

        assert dice(found(pixels), truth) > 0.95

    def test_is_found_whole_although_dense_tissue_is_much_brighter_than_fat(self) -> None:
        pixels = breast_pixels()
        truth = pixels == TISSUE
        pixels[100:220, 10:100][truth[100:220, 10:100]] = 62_000
        pixels[truth & (pixels == TISSUE)] = 12_000

        assert dice(found(with_noise(pixels)), truth) > 0.95

    def test_that_is_cut_off_at_both_ends_tells_no_chest_wall(self) -> None:
        pixels = np.full(SHAPE, AIR, dtype=np.uint16)
        pixels[40:280] = TISSUE

        chest_wall = found(pixels).chest_wall

        assert chest_wall.value is None
        assert chest_wall.reason == "both ends of the breast mask are equally straight"


@pytest.mark.parametrize("level", [0, 900, 30_000, 65_535])
def test_an_image_of_one_value_shows_no_breast(level: int) -> None:
    assert find_breast(np.full(SHAPE, level, dtype=np.uint16)) is None


@pytest.mark.parametrize("shape", [(64, 64), (100, 80), SHAPE, (900, 700)])
@pytest.mark.parametrize("seed", range(5))
def test_noise_shows_no_breast(shape: tuple[int, int], seed: int) -> None:
    random = np.random.default_rng(seed)
    uniform = random.integers(0, 65_536, shape).astype(np.uint16)
    bell = np.clip(random.normal(20_000, 5_000, shape), 0, 65_535).astype(np.uint16)
    specks = np.where(random.random(shape) > 0.95, 65_535, 0).astype(np.uint16)

    assert [find_breast(pixels) for pixels in (uniform, bell, specks)] == [None, None, None]


def test_a_label_alone_is_no_breast() -> None:
    pixels = np.full(SHAPE, AIR, dtype=np.uint16)
    pixels[10:30, 180:230] = 65_535

    assert find_breast(pixels) is None


def test_air_that_is_nearly_as_bright_as_the_rest_shows_no_breast() -> None:
    pixels = np.full(SHAPE, 20_000, dtype=np.uint16)
    pixels[100:200, 0:100] = 20_900

    assert find_breast(pixels) is None


@settings(max_examples=40)
@given(
    st.integers(64, 200),
    st.integers(64, 200),
    st.floats(0.3, 0.9),
    st.sampled_from(Side),
)
def test_a_mirrored_image_has_a_mirrored_mask(rows: int, columns: int, reach: float, side: Side) -> None:
    pixels = with_noise(breast_pixels((rows, columns), chest_wall=side, reach=reach))

    ours, mirrored = found(pixels), found(np.ascontiguousarray(pixels[:, ::-1]))

    assert np.array_equal(ours.inside[:, ::-1], mirrored.inside)
    box = ours.box
    assert mirrored.box == Box(box.top, columns - box.right, box.bottom, columns - box.left)
    assert {ours.chest_wall.value, mirrored.chest_wall.value} in ({Side.LEFT, Side.RIGHT}, {None})


class TestTheReducedImage:
    def test_of_a_small_one_is_itself(self) -> None:
        pixels = np.arange(24, dtype=np.uint16).reshape(4, 6) * 1000

        values, transform = reduced(pixels)

        assert transform.shape == transform.source_shape == (4, 6)
        assert values == pytest.approx(pixels / 65_535, abs=1e-7)

    @pytest.mark.parametrize("shape", [(4096, 3328), (1001, 777), (64, 30_000), (30_000, 64), (385, 384)])
    def test_is_an_average_of_all_of_it(self, shape: tuple[int, int]) -> None:
        pixels = np.random.default_rng(0).integers(0, 65_536, shape, dtype=np.uint16)

        values, transform = reduced(pixels)

        assert transform.source_shape == shape
        assert transform.shape == values.shape
        assert max(values.shape) <= WORKING_SIDE
        assert values.dtype == np.float32
        assert float(values.mean()) == pytest.approx(float(pixels.mean()) / 65_535, abs=2e-3)

    @pytest.mark.parametrize("shape", [(4096, 3328), (1001, 777), (2999, 64)])
    @pytest.mark.parametrize(("down", "across"), [(0.0, 0.0), (0.5, 0.3), (1.0, 1.0)])
    def test_shows_a_mark_where_its_transform_says(
        self, shape: tuple[int, int], down: float, across: float
    ) -> None:
        pixels = np.zeros(shape, dtype=np.uint16)
        top, left = round(down * (shape[0] - 16)), round(across * (shape[1] - 16))
        pixels[top : top + 16, left : left + 16] = 65_535

        values, transform = reduced(pixels)

        rows, columns = np.mgrid[0 : values.shape[0], 0 : values.shape[1]] + 0.5
        centre = (values * rows).sum() / values.sum(), (values * columns).sum() / values.sum()
        assert centre == pytest.approx(transform.to_grid(top + 8, left + 8), abs=0.26)
