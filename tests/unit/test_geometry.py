"""A grid lies where its transform says, through any chain of crops, flips, changes of size and pads."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from mammo_core.geometry import Box, PixelTransform, resample

Floats = NDArray[np.float64]
SIZES = st.integers(min_value=2, max_value=60)


@dataclass(frozen=True)
class Step:
    """A transform and the same done to arrays of source coordinates, pixel by pixel."""

    placed: PixelTransform
    rows: Floats
    columns: Floats


def start(shape: tuple[int, int]) -> Step:
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    return Step(PixelTransform.identity(shape), rows, columns)


@st.composite
def exact_steps(draw: st.DrawFn, step: Step) -> Step:
    """One crop, flip or pad: no pixel changes its value."""
    height, width = step.placed.shape
    kind = draw(st.sampled_from(["crop", "flip", "pad"]))
    if kind == "crop":
        top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
        bottom, right = draw(st.integers(top + 1, height)), draw(st.integers(left + 1, width))
        part = (slice(top, bottom), slice(left, right))
        return Step(step.placed.cropped(Box(top, left, bottom, right)), step.rows[part], step.columns[part])
    if kind == "flip":
        return Step(step.placed.flipped_columns(), step.rows[:, ::-1], step.columns[:, ::-1])
    top, left, below, beside = (draw(st.integers(0, 9)) for _ in range(4))
    widths = ((top, below), (left, beside))
    rows, columns = (np.pad(a, widths, constant_values=np.nan) for a in (step.rows, step.columns))
    return Step(step.placed.padded(top=top, left=left, shape=rows.shape), rows, columns)


@st.composite
def exact_chains(draw: st.DrawFn) -> Step:
    step = start((draw(SIZES), draw(SIZES)))
    for _ in range(draw(st.integers(0, 6))):
        step = draw(exact_steps(step))
    return step


@st.composite
def any_chains(draw: st.DrawFn) -> PixelTransform:
    """Crops, flips, pads and any number of changes of size."""
    step = start((draw(SIZES), draw(SIZES)))
    for _ in range(draw(st.integers(1, 5))):
        step = draw(exact_steps(step))
        if draw(st.booleans()):
            placed = step.placed.resized((draw(SIZES), draw(SIZES)))
            step = Step(placed, *np.zeros((2, *placed.shape)))
    return step.placed


@given(any_chains(), st.floats(0, 60), st.floats(0, 60))
def test_forward_then_backward_is_the_identity(placed: PixelTransform, row: float, column: float) -> None:
    assert placed.to_source(*placed.to_grid(row, column)) == pytest.approx((row, column), abs=1e-6)
    assert placed.to_grid(*placed.to_source(row, column)) == pytest.approx((row, column), abs=1e-6)


@given(exact_chains())
def test_a_pixel_that_was_cropped_flipped_and_padded_comes_from_where_the_transform_says(step: Step) -> None:
    rows, columns = np.mgrid[0 : step.placed.shape[0], 0 : step.placed.shape[1]] + 0.5
    kept = ~np.isnan(step.rows)

    assert step.rows.shape == step.placed.shape
    assert np.array_equal(step.placed.row.backward(rows)[kept], step.rows[kept])
    assert np.array_equal(step.placed.column.backward(columns)[kept], step.columns[kept])


@given(exact_chains(), SIZES, SIZES, st.sampled_from(["BOX", "BILINEAR", "BICUBIC", "LANCZOS"]))
def test_a_pixel_that_was_resized_comes_from_where_the_transform_says_within_half_a_pixel(
    step: Step, height: int, width: int, name: str
) -> None:
    if np.isnan(step.rows).any():
        step = start(step.placed.shape)
    placed = step.placed.resized((height, width))
    rows, columns = (
        np.asarray(
            Image.fromarray(a.astype(np.float32)).resize((width, height), Image.Resampling[name]),
            dtype=np.float64,
        )
        for a in (step.rows, step.columns)
    )
    grid_rows, grid_columns = np.mgrid[0:height, 0:width] + 0.5
    # Half a pixel of the coarser of the two grids.
    row_limit = 0.5 * max(1.0, abs(1.0 / placed.row.scale)) + 1e-4
    column_limit = 0.5 * max(1.0, abs(1.0 / placed.column.scale)) + 1e-4

    assert np.abs(placed.row.backward(grid_rows) - rows).max() <= row_limit
    assert np.abs(placed.column.backward(grid_columns) - columns).max() <= column_limit


@given(any_chains(), st.floats(0, 50), st.floats(0, 50), st.floats(0.5, 9), st.floats(0.5, 9))
def test_a_marked_point_stays_in_its_box_on_every_grid(
    placed: PixelTransform, top: float, left: float, height: float, width: float
) -> None:
    marked = Box(top, left, top + height, left + width)
    row, column = placed.to_grid(top + height / 3, left + width / 3)

    on_grid = placed.box_to_grid(marked)
    back = placed.box_to_source(on_grid)

    assert on_grid.top < row < on_grid.bottom
    assert on_grid.left < column < on_grid.right
    assert (back.top, back.left, back.bottom, back.right) == pytest.approx(
        (marked.top, marked.left, marked.bottom, marked.right), abs=1e-6
    )


@given(any_chains())
def test_a_second_flip_undoes_the_first(placed: PixelTransform) -> None:
    twice = placed.flipped_columns().flipped_columns()

    assert twice.to_grid(3.0, 5.0) == pytest.approx(placed.to_grid(3.0, 5.0), abs=1e-9)
    assert placed.flipped_columns().to_grid(3.0, 5.0)[1] == pytest.approx(
        placed.shape[1] - placed.to_grid(3.0, 5.0)[1], abs=1e-9
    )


def test_left_and_right_are_mirrored_by_a_flip_and_rows_stay() -> None:
    flipped = PixelTransform.identity((10, 20)).flipped_columns()

    assert flipped.to_grid(4.0, 3.0) == (4.0, 17.0)
    assert flipped.box_to_grid(Box(1.0, 2.0, 3.0, 5.0)) == Box(1.0, 15.0, 3.0, 18.0)
    assert flipped.box_to_source(Box(1.0, 15.0, 3.0, 18.0)) == Box(1.0, 2.0, 3.0, 5.0)


def test_a_chain_reads_like_the_preprocessing_it_describes() -> None:
    placed = (
        PixelTransform.identity((100, 80))
        .cropped(Box(20.0, 30.0, 60.0, 80.0))
        .flipped_columns()
        .resized((20, 25))
        .padded(top=6, left=2, shape=(32, 32))
    )

    assert placed.source_shape == (100, 80)
    assert placed.shape == (32, 32)
    # By hand: row (40 − 20) / 2 + 6; column (50 − (70 − 30)) / 2 + 2.
    assert placed.to_grid(40.0, 70.0) == (16.0, 7.0)
    assert placed.to_source(16.0, 7.0) == (40.0, 70.0)
    assert placed.source_area == 4.0


class TestBox:
    def test_has_a_height_and_a_width(self) -> None:
        box = Box(1.0, 2.0, 4.0, 8.0)

        assert (box.height, box.width) == (3.0, 6.0)

    @pytest.mark.parametrize(
        ("box", "whole"),
        [
            (Box(1.2, 2.7, 3.1, 4.9), Box(1.0, 2.0, 4.0, 5.0)),
            (Box(1.0, 2.0, 3.0, 4.0), Box(1.0, 2.0, 3.0, 4.0)),
            (Box(0.9999999999, 2.0000000001, 3.0000000001, 3.9999999999), Box(1.0, 2.0, 3.0, 4.0)),
            (Box(-3.0, -0.5, 99.0, 20.5), Box(0.0, 0.0, 10.0, 20.0)),
            (Box(2.0, 25.0, 4.0, 30.0), Box(2.0, 20.0, 4.0, 20.0)),
            (Box(-8.0, 3.0, -2.0, 5.0), Box(0.0, 3.0, 0.0, 5.0)),
        ],
        ids=[
            "outwards",
            "already whole",
            "rounding noise",
            "clipped",
            "right of the image",
            "above the image",
        ],
    )
    def test_is_rounded_outwards_inside_the_image(self, box: Box, whole: Box) -> None:
        assert box.whole((10, 20)) == whole

    @given(any_chains(), st.data())
    def test_of_whole_source_pixels_comes_back_whole_from_any_grid(
        self, placed: PixelTransform, data: st.DataObject
    ) -> None:
        rows, columns = placed.source_shape
        top, left = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
        bottom, right = data.draw(st.integers(top + 1, rows)), data.draw(st.integers(left + 1, columns))
        box = Box(float(top), float(left), float(bottom), float(right))

        assert placed.box_to_source(placed.box_to_grid(box)).whole(placed.source_shape) == box


class TestResample:
    def test_gives_the_values_of_half_pixel_bilinear_interpolation(self) -> None:
        grid = PixelTransform.identity((1, 4))

        enlarged = resample(np.array([[0.0, 1.0]], dtype=np.float32), grid.resized((1, 2)), grid)

        assert enlarged.tolist() == [[0.0, 0.25, 0.75, 1.0]]

    @given(SIZES, SIZES, st.integers(1, 6), st.integers(1, 6))
    def test_enlarges_as_pillow_does(self, height: int, width: int, down: int, across: int) -> None:
        values = np.random.default_rng(height * 100 + width).normal(size=(height, width)).astype(np.float32)
        onto = PixelTransform.identity((height * down + 1, width * across + 1))
        expected = Image.fromarray(values).resize(onto.shape[::-1], Image.Resampling.BILINEAR)

        assert np.ptp(values) > 0.1
        enlarged = resample(values, onto.resized(values.shape), onto)
        assert np.abs(enlarged - np.asarray(expected)).max() <= 2e-5

    def test_onto_the_same_grid_changes_nothing(self) -> None:
        values = np.arange(12, dtype=np.float32).reshape(3, 4)
        grid = PixelTransform.identity((9, 8)).resized((3, 4))

        assert np.array_equal(resample(values, grid, grid), values)

    def test_is_zero_outside_the_extent_of_the_grid(self) -> None:
        source = PixelTransform.identity((4, 6))
        part = source.cropped(Box(1.0, 2.0, 3.0, 5.0))

        seen = resample(np.full((2, 3), 7.0, dtype=np.float32), part, source)

        assert seen.tolist() == [[0] * 6, [0, 0, 7, 7, 7, 0], [0, 0, 7, 7, 7, 0], [0] * 6]

    def test_a_flipped_grid_is_read_mirrored(self) -> None:
        source = PixelTransform.identity((1, 3))

        seen = resample(np.array([[1.0, 2.0, 3.0]], dtype=np.float32), source.flipped_columns(), source)

        assert seen.tolist() == [[3.0, 2.0, 1.0]]

    def test_a_single_cell_fills_its_whole_extent(self) -> None:
        source = PixelTransform.identity((3, 2))

        seen = resample(np.array([[5.0]], dtype=np.float32), source.resized((1, 1)), source)

        assert seen.tolist() == [[5.0, 5.0]] * 3

    @given(any_chains(), any_chains())
    def test_makes_no_value_that_was_not_there(self, placed: PixelTransform, other: PixelTransform) -> None:
        onto = PixelTransform(placed.source_shape, other.shape, other.row, other.column)
        values = np.linspace(1.0, 2.0, placed.shape[0] * placed.shape[1], dtype=np.float32)

        seen = resample(values.reshape(placed.shape), placed, onto)

        inside = seen[seen != 0.0]
        assert inside.size == 0 or (inside.min() >= 1.0 - 1e-5 and inside.max() <= 2.0 + 1e-5)
