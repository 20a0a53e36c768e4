"""The network sees what its manifest says, and each pixel lies where the transform says."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mammo_core.anatomy.breast import find_breast
from mammo_core.geometry import Box, PixelTransform
from mammo_core.imaging.preprocess import FILTERS, prepare
from mammo_core.models.manifest import Aspect, Crop, InputSpec, Orientation, Resampling, Scaling
from mammo_core.records import BreastMask, Side, Sourced
from tests.conftest import breast_pixels, make_mammogram

RANGES = {Scaling.UNIT: (0.0, 1.0), Scaling.BYTE: (0.0, 255.0), Scaling.SYMMETRIC: (-1.0, 1.0)}


def spec_of(
    rows: int = 32,
    columns: int = 24,
    channels: Literal[1, 3] = 1,
    *,
    scaling: Scaling = Scaling.UNIT,
    crop: Crop = Crop.NONE,
    orientation: Orientation = Orientation.AS_IS,
    aspect: Aspect = Aspect.STRETCH,
    resampling: Resampling = Resampling.BILINEAR,
) -> InputSpec:
    return InputSpec(
        rows=rows,
        columns=columns,
        channels=channels,
        scaling=scaling,
        crop=crop,
        orientation=orientation,
        aspect=aspect,
        resampling=resampling,
    )


def breast_in(box: Box, side: Side | None, shape: tuple[int, int]) -> BreastMask:
    """A breast that fills its box."""
    grid = PixelTransform.identity(shape).cropped(box)
    return BreastMask(
        inside=np.ones(grid.shape, dtype=np.bool_),
        transform=grid,
        fraction=0.5,
        box=box,
        chest_wall=Sourced.unknown("test") if side is None else Sourced(side, "pixels"),
        method="test",
    )


def noise(shape: tuple[int, int], seed: int = 0) -> NDArray[np.uint16]:
    return np.random.default_rng(seed).integers(0, 65_536, shape, dtype=np.uint16)


class TestScaling:
    def test_has_a_range_for_every_member(self) -> None:
        assert set(RANGES) == set(Scaling)

    @pytest.mark.parametrize("scaling", Scaling)
    def test_maps_black_and_white_to_the_ends_and_grey_between(self, scaling: Scaling) -> None:
        pixels = np.array([[0, 65_535], [13_107, 32_768]], dtype=np.uint16).repeat(16, 0).repeat(16, 1)
        low, high = RANGES[scaling]

        seen = prepare(make_mammogram(pixels), spec_of(32, 32, scaling=scaling), None)

        assert seen.tensor.dtype == np.float32
        assert seen.tensor[0, [0, 0, -1, -1], [0, -1, 0, -1], 0] == pytest.approx(
            [low, high, low + 0.2 * (high - low), low + 32_768 / 65_535 * (high - low)], abs=1e-4
        )
        assert seen.steps[-1] == f"values scaled to {scaling.value}"

    @pytest.mark.parametrize("scaling", Scaling)
    def test_pads_with_black(self, scaling: Scaling) -> None:
        white = np.full((64, 16), 65_535, dtype=np.uint16)

        tensor = prepare(
            make_mammogram(white), spec_of(32, 32, scaling=scaling, aspect=Aspect.PAD), None
        ).tensor

        low, high = RANGES[scaling]
        assert (tensor[0, :, :12] == low).all()
        assert (tensor[0, :, 12:20] == high).all()
        assert (tensor[0, :, 20:] == low).all()


class TestResampling:
    def test_has_a_filter_for_every_member(self) -> None:
        assert set(FILTERS) == set(Resampling)

    @pytest.mark.parametrize("resampling", Resampling)
    def test_shrinks_as_pillow_does(self, resampling: Resampling) -> None:
        pixels = noise((90, 70))
        expected = np.asarray(
            Image.fromarray(pixels.astype(np.float32)).resize((24, 32), Image.Resampling[resampling.name])
        )

        seen = prepare(make_mammogram(pixels), spec_of(resampling=resampling), None)

        assert seen.tensor[0, :, :, 0] == pytest.approx(expected.clip(0, 65_535) / 65_535, abs=1e-6)
        assert seen.steps[0] == f"resized to 32 rows × 24 columns ({resampling.value})"

    def test_filters_differ(self) -> None:
        pixels = make_mammogram(noise((90, 70)))

        sums = [float((prepare(pixels, spec_of(resampling=r), None).tensor ** 2).sum()) for r in Resampling]

        assert len({round(s, 3) for s in sums}) == len(Resampling)

    @pytest.mark.parametrize("resampling", Resampling)
    def test_averages_over_the_pixels_that_it_leaves_out(self, resampling: Resampling) -> None:
        board = (np.indices((320, 240)).sum(axis=0) % 2 * 65_535).astype(np.uint16)

        tensor = prepare(make_mammogram(board), spec_of(resampling=resampling), None).tensor

        assert tensor[0, 4:-4, 4:-4] == pytest.approx(0.5, abs=0.02)

    @pytest.mark.parametrize("resampling", Resampling)
    def test_never_leaves_the_range_of_display_values(self, resampling: Resampling) -> None:
        edge = np.zeros((64, 48), dtype=np.uint16)
        edge[:, 24:] = 65_535

        tensor = prepare(make_mammogram(edge), spec_of(128, 96, resampling=resampling), None).tensor

        assert (float(tensor.min()), float(tensor.max())) == (0.0, 1.0)


class TestChannels:
    def test_of_three_are_the_same(self) -> None:
        tensor = prepare(make_mammogram(noise((64, 48))), spec_of(channels=3), None).tensor

        assert tensor.shape == (1, 32, 24, 3)
        assert np.ptp(tensor) > 0.1
        assert np.array_equal(tensor[..., 0], tensor[..., 1])
        assert np.array_equal(tensor[..., 0], tensor[..., 2])

    def test_of_one_is_one(self) -> None:
        assert prepare(make_mammogram(noise((64, 48))), spec_of(), None).tensor.shape == (1, 32, 24, 1)


class TestCrop:
    BOX = Box(16.0, 8.0, 48.0, 32.0)

    def test_to_the_breast_shows_its_box_alone(self) -> None:
        pixels = noise((64, 48))

        seen = prepare(make_mammogram(pixels), spec_of(crop=Crop.BREAST), breast_in(self.BOX, None, (64, 48)))

        assert seen.tensor[0, :, :, 0] == pytest.approx(pixels[16:48, 8:32] / 65_535, abs=1e-6)
        assert seen.steps == (
            "cropped to the breast: rows 16 to 48, columns 8 to 32",
            "resized to 32 rows × 24 columns (bilinear)",
            "values scaled to 0-1",
        )
        assert seen.transform.box_to_source(Box(0.0, 0.0, 32.0, 24.0)) == self.BOX

    def test_without_a_breast_is_the_whole_image_and_says_so(self) -> None:
        seen = prepare(make_mammogram(noise((64, 48))), spec_of(crop=Crop.BREAST), None)

        assert seen.transform.box_to_source(Box(0.0, 0.0, 32.0, 24.0)) == Box(0.0, 0.0, 64.0, 48.0)
        assert seen.steps[0] == "no breast found: the whole image instead of a crop to the breast"

    def test_of_none_leaves_the_breast_s_surroundings(self) -> None:
        breast = breast_in(self.BOX, Side.LEFT, (64, 48))

        seen = prepare(make_mammogram(noise((64, 48))), spec_of(crop=Crop.NONE), breast)

        assert seen.transform.box_to_source(Box(0.0, 0.0, 32.0, 24.0)) == Box(0.0, 0.0, 64.0, 48.0)
        assert seen.steps == ("resized to 32 rows × 24 columns (bilinear)", "values scaled to 0-1")


class TestOrientation:
    PIXELS = noise((32, 24))
    WHOLE = Box(0.0, 0.0, 32.0, 24.0)

    @pytest.mark.parametrize(
        ("orientation", "side", "mirrored", "step"),
        [
            (Orientation.AS_IS, Side.RIGHT, False, None),
            (Orientation.AS_IS, None, False, None),
            (Orientation.CHEST_WALL_LEFT, Side.LEFT, False, None),
            (Orientation.CHEST_WALL_LEFT, Side.RIGHT, True, "mirrored: the chest wall is at the right"),
            (Orientation.CHEST_WALL_LEFT, None, False, "chest-wall side not known: not mirrored"),
        ],
    )
    def test_brings_the_chest_wall_to_the_left_where_it_is_known(
        self, orientation: Orientation, side: Side | None, mirrored: bool, step: str | None
    ) -> None:
        breast = breast_in(self.WHOLE, side, (32, 24))

        seen = prepare(make_mammogram(self.PIXELS), spec_of(orientation=orientation), breast)

        expected = self.PIXELS[:, ::-1] if mirrored else self.PIXELS
        assert seen.tensor[0, :, :, 0] == pytest.approx(expected / 65_535, abs=1e-6)
        assert (seen.transform.column.scale < 0) is mirrored
        assert seen.steps[:-2] == (() if step is None else (step,))

    def test_without_a_breast_is_left_and_says_so(self) -> None:
        seen = prepare(make_mammogram(self.PIXELS), spec_of(orientation=Orientation.CHEST_WALL_LEFT), None)

        assert seen.steps[0] == "chest-wall side not known: not mirrored"
        assert seen.transform.column.scale > 0


class TestAspect:
    def test_stretched_fills_the_input(self) -> None:
        seen = prepare(make_mammogram(noise((60, 15))), spec_of(aspect=Aspect.STRETCH), None)

        assert seen.transform.box_to_source(Box(0.0, 0.0, 32.0, 24.0)) == Box(0.0, 0.0, 60.0, 15.0)

    @pytest.mark.parametrize(
        ("shape", "on_grid"),
        [
            ((64, 24), Box(0.0, 6.0, 32.0, 18.0)),
            ((32, 48), Box(8.0, 0.0, 24.0, 24.0)),
            ((64, 48), Box(0.0, 0.0, 32.0, 24.0)),
            ((3200, 10), Box(0.0, 11.0, 32.0, 12.0)),
        ],
    )
    def test_padded_is_in_the_middle_and_keeps_its_form(self, shape: tuple[int, int], on_grid: Box) -> None:
        white = np.full(shape, 65_535, dtype=np.uint16)

        seen = prepare(make_mammogram(white), spec_of(aspect=Aspect.PAD), None)

        lit = np.zeros((32, 24), dtype=np.bool_)
        lit[int(on_grid.top) : int(on_grid.bottom), int(on_grid.left) : int(on_grid.right)] = True
        assert np.array_equal(seen.tensor[0, :, :, 0] == 1.0, lit)
        assert np.array_equal(seen.tensor[0, :, :, 0] == 0.0, ~lit)
        assert seen.transform.box_to_grid(Box(0.0, 0.0, float(shape[0]), float(shape[1]))) == on_grid
        padded = ", padded with black to 32 × 24" if (~lit).any() else ""
        size = f"{on_grid.height:.0f} rows × {on_grid.width:.0f} columns"
        assert seen.steps[0] == f"resized to {size} (bilinear){padded}"

    @pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT, None])
    def test_padded_keeps_the_chest_wall_at_the_left_edge(self, side: Side | None) -> None:
        white = np.full((64, 24), 65_535, dtype=np.uint16)
        breast = breast_in(Box(0.0, 0.0, 64.0, 24.0), side, (64, 24))
        spec = spec_of(aspect=Aspect.PAD, orientation=Orientation.CHEST_WALL_LEFT)

        tensor = prepare(make_mammogram(white), spec, breast).tensor[0, :, :, 0]

        assert (tensor[:, :12] == 1.0).all()
        assert (tensor[:, 12:] == 0.0).all()


@settings(max_examples=150)
@given(
    st.integers(80, 200),
    st.integers(80, 200),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.sampled_from(Crop),
    st.sampled_from(Orientation),
    st.sampled_from(Aspect),
    st.sampled_from(Resampling),
    st.sampled_from([Side.LEFT, Side.RIGHT, None]),
)
def test_a_bright_mark_lands_where_the_transform_says(
    rows: int,
    columns: int,
    down: float,
    across: float,
    crop: Crop,
    orientation: Orientation,
    aspect: Aspect,
    resampling: Resampling,
    side: Side | None,
) -> None:
    box = Box(10.0, 5.0, rows - 7.0, columns - 3.0)
    top, left = round(14 + down * (rows - 40)), round(9 + across * (columns - 40))
    pixels = np.zeros((rows, columns), dtype=np.uint16)
    pixels[top : top + 12, left : left + 12] = 65_535
    spec = spec_of(48, 64, crop=crop, orientation=orientation, aspect=aspect, resampling=resampling)

    seen = prepare(make_mammogram(pixels), spec, breast_in(box, side, (rows, columns)))
    image = seen.tensor[0, :, :, 0].astype(np.float64)

    grid_rows, grid_columns = np.mgrid[0:48, 0:64] + 0.5
    centre = (image * grid_rows).sum() / image.sum(), (image * grid_columns).sum() / image.sum()
    assert image.max() > 0.5
    assert centre == pytest.approx(seen.transform.to_grid(top + 6, left + 6), abs=0.5)
    assert seen.transform.shape == image.shape
    assert seen.transform.source_shape == (rows, columns)


def test_a_real_crop_holds_the_whole_breast_with_its_chest_wall_at_the_left() -> None:
    pixels = breast_pixels(chest_wall=Side.RIGHT)
    spec = spec_of(128, 96, crop=Crop.BREAST, orientation=Orientation.CHEST_WALL_LEFT, aspect=Aspect.PAD)

    seen = prepare(make_mammogram(pixels), spec, find_breast(pixels))
    lit = seen.tensor[0, :, :, 0] > 0.2

    assert seen.transform.column.scale < 0
    assert lit[:, 0].mean() > lit[:, 30].mean() > lit[:, 60].mean()
    area = lit.sum() * seen.transform.source_area
    assert area == pytest.approx((pixels > 10_000).sum(), rel=0.03)


def test_what_was_given_is_not_changed_and_the_tensor_is_closed() -> None:
    pixels = noise((64, 48))
    mammogram = make_mammogram(pixels)

    seen = prepare(mammogram, spec_of(), None)

    assert np.array_equal(mammogram.pixels, pixels)
    with pytest.raises(ValueError, match="read-only"):
        seen.tensor[0, 0, 0, 0] = 1.0
