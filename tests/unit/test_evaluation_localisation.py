"""Lesions, the pointing game, energy and the baselines, on grids that can be counted by hand."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from mammo_core.anatomy.breast import find_breast
from mammo_core.evaluation.baselines import Finder, baselines, breast_centre, brightest_blob
from mammo_core.evaluation.lesions import Circle, Lesion, Rectangle, Ruler
from mammo_core.evaluation.localisation import MISSED, Field, Localised, Target
from mammo_core.geometry import Box, PixelTransform
from mammo_core.records import FloatArray, Mammogram, PixelSpacing
from tests.conftest import breast_pixels, make_mammogram

PIXELS = Ruler(1.0, 1.0, 0.0, "px")
WHOLE = PixelTransform.identity((4, 5))
EVERYWHERE = Field(WHOLE, np.ones((4, 5), dtype=np.bool_))
CORNER = Rectangle(Box(0.0, 0.0, 2.0, 2.0))
"""Holds the centres of four of the twenty pixels."""


def target(*lesions: Lesion, field: Field = EVERYWHERE, ruler: Ruler = PIXELS) -> Target:
    return Target(lesions or (CORNER,), field, ruler)


def heat(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=np.float32)


def peak_at(*places: tuple[int, int]) -> FloatArray:
    values = np.zeros((4, 5), dtype=np.float32)
    for place in places:
        values[place] = 1.0
    return values


def distance(lesion: Lesion, row: float, column: float, ruler: Ruler = PIXELS) -> float:
    return float(lesion.distance(np.array([row]), np.array([column]), ruler)[0])


def test_the_distance_to_a_circle_is_counted_from_its_outline() -> None:
    circle = Circle(row=10.0, column=20.0, radius=5.0)
    assert distance(circle, 10.0, 20.0) == 0.0
    assert distance(circle, 13.0, 24.0) == 0.0
    assert distance(circle, 16.0, 28.0) == pytest.approx(5.0)


def test_the_distance_to_a_box_is_the_shortest_way_to_it() -> None:
    box = Rectangle(Box(10.0, 20.0, 30.0, 50.0))
    assert box.centre == (20.0, 35.0)
    assert distance(box, 15.0, 20.0) == 0.0
    assert distance(box, 7.0, 30.0) == 3.0
    assert distance(box, 33.0, 54.0) == 5.0


def test_distances_in_mm_follow_both_sides_of_the_pixel() -> None:
    ruler = Ruler.of(PixelSpacing(0.5, 0.1), tolerance_mm=3.0, tolerance_px=8.0)
    assert ruler == Ruler(0.5, 0.1, 3.0, "mm")
    box = Rectangle(Box(0.0, 0.0, 1.0, 1.0))
    assert distance(box, 5.0, 0.5, ruler) == pytest.approx(2.0)
    assert distance(box, 0.5, 5.0, ruler) == pytest.approx(0.4)
    circle = Circle(0.0, 0.0, 10.0)
    assert distance(circle, 14.0, 0.0, ruler) == pytest.approx(2.0)
    assert distance(circle, 0.0, 14.0, ruler) == pytest.approx(0.4)


def test_without_a_spacing_distances_are_in_pixels() -> None:
    assert Ruler.of(None, tolerance_mm=3.0, tolerance_px=8.0) == Ruler(1.0, 1.0, 8.0, "px")


def test_a_peak_in_the_lesion_is_a_hit() -> None:
    found = target().measure(heat([[0, 2, 1, 0, 0], [0, 0, 1, 0, 0], [0] * 5, [0] * 5]))
    # Half of the evidence lies in the corner; the peak's centre is (0.5, 1.5), the lesion's (1, 1).
    assert astuple(found) == pytest.approx((1.0, 0.5, np.sqrt(0.5)))


def test_a_peak_beside_the_lesion_is_a_hit_within_the_tolerance_only() -> None:
    beside = peak_at((0, 3))
    # Its centre (0.5, 3.5) is 1.5 columns away.
    assert target(ruler=Ruler(1.0, 1.0, 1.4, "px")).measure(beside).hit == 0.0
    assert target(ruler=Ruler(1.0, 1.0, 1.5, "px")).measure(beside).hit == 1.0
    assert target(ruler=Ruler(2.0, 2.0, 3.0, "mm")).measure(beside).hit == 1.0


def test_a_peak_in_any_of_the_lesions_is_a_hit_and_its_error_the_smallest() -> None:
    other = Rectangle(Box(3.0, 4.0, 4.0, 5.0))
    assert target(CORNER, other).measure(peak_at((3, 4))) == Localised(1.0, 1.0, 0.0)


def test_pixels_that_share_the_maximum_must_all_be_near_the_lesion() -> None:
    together = target().measure(peak_at((0, 0), (1, 1)))
    assert astuple(together) == pytest.approx((1.0, 1.0, np.sqrt(0.5)))
    apart = target().measure(peak_at((0, 0), (3, 3)))
    assert (apart.hit, apart.energy) == (0.0, 0.5)
    assert apart.centre_error == pytest.approx((np.sqrt(0.5) + np.sqrt(12.5)) / 2)


def test_rounding_does_not_choose_a_peak() -> None:
    almost = peak_at((3, 3))
    almost[0, 0] = np.nextafter(np.float32(1.0), np.float32(2.0))
    assert target().measure(almost).hit == 0.0


@given(st.floats(1e-6, 1e6), st.booleans())
def test_a_constant_map_is_never_a_hit(value: float, everywhere: bool) -> None:
    lesion = Rectangle(Box(0.0, 0.0, 4.0, 5.0)) if everywhere else CORNER
    found = target(lesion).measure(np.full((4, 5), value, dtype=np.float32))
    assert (found.hit, found.centre_error) == (0.0, None)
    assert found.energy == pytest.approx(1.0 if everywhere else 0.2)


def test_an_empty_map_is_a_miss_without_energy_and_without_a_peak() -> None:
    assert target().measure(np.zeros((4, 5), dtype=np.float32)) == MISSED


@given(st.floats(1e-3, 1e3))
def test_the_scale_of_a_map_changes_nothing(scale: float) -> None:
    values = heat(np.arange(20).reshape(4, 5))
    first, scaled = target().measure(values), target().measure(values * np.float32(scale))
    assert (scaled.hit, scaled.centre_error) == (first.hit, first.centre_error)
    assert scaled.energy == pytest.approx(first.energy, rel=1e-5)


def test_only_the_breast_is_looked_at() -> None:
    tissue = np.zeros((4, 5), dtype=np.bool_)
    tissue[:2, :3] = True
    field = Field(WHOLE, tissue)
    label = peak_at((0, 0), (3, 4)) + peak_at((3, 4))
    assert astuple(target(field=field).measure(label)) == pytest.approx((1.0, 1.0, np.sqrt(0.5)))
    # Six pixels of breast, four of them in the lesion.
    assert target(field=field).by_chance().hit == pytest.approx(4 / 6)


def test_a_mirrored_and_finer_grid_finds_the_same_place() -> None:
    grid = WHOLE.flipped_columns().resized((8, 10))
    values = np.zeros((8, 10), dtype=np.float32)
    values[1, 9] = 1.0
    found = target(field=Field(grid, np.ones((8, 10), dtype=np.bool_))).measure(values)
    # The source point (0.75, 0.25).
    assert astuple(found) == pytest.approx((1.0, 1.0, np.hypot(0.25, 0.75)))


def test_by_chance_hit_and_energy_are_shares_of_the_area() -> None:
    found = target(ruler=Ruler(1.0, 1.0, 0.5, "px")).by_chance()
    # The tolerance adds the pixels (0, 2), (1, 2), (2, 0), (2, 1), whose centres are half a pixel away.
    assert (found.hit, found.energy) == (8 / 20, 4 / 20)
    rows, columns = np.mgrid[0:4, 0:5] + 0.5
    assert found.centre_error == pytest.approx(float(np.hypot(rows - 1, columns - 1).mean()))


def test_the_breast_centre_is_the_centre_of_its_area() -> None:
    tissue = np.zeros((4, 5), dtype=np.bool_)
    tissue[1:4, 1:4] = True
    found = breast_centre(Field(WHOLE, tissue))
    assert int(found.argmax()) == 2 * 5 + 2
    assert found[2, 2] == 1.0
    assert found[1, 1] == pytest.approx(0.0)
    assert found[0, 0] == 0.0


def blob_on(brightness: int, *, at: tuple[int, int]) -> Mammogram:
    pixels = breast_pixels()
    rows, columns = np.mgrid[0:320, 0:240]
    pixels[np.hypot(rows - at[0], columns - at[1]) < 8] = brightness
    return make_mammogram(pixels)


@pytest.mark.parametrize("spacing", [PixelSpacing(0.6, 0.6), None])
def test_the_brightest_blob_is_where_the_breast_is_brightest(spacing: PixelSpacing | None) -> None:
    mammogram = blob_on(50_000, at=(180, 60))
    breast = find_breast(mammogram.pixels)
    assert breast is not None
    field = Field(PixelTransform.identity((320, 240)), mammogram.pixels > 10_000)
    found = brightest_blob(field, mammogram, breast, spacing)
    row, column = np.unravel_index(int(np.argmax(np.where(field.tissue, found, -1.0))), found.shape)
    assert np.hypot(row - 180, column - 60) < 3
    assert found.min() >= 0.0


def test_the_baselines_point_where_they_should() -> None:
    mammogram = blob_on(50_000, at=(180, 60))
    breast = find_breast(mammogram.pixels)
    field = Field(PixelTransform.identity((320, 240)), mammogram.pixels > 10_000)
    spacing = PixelSpacing(0.6, 0.6)
    ruler = Ruler.of(spacing, tolerance_mm=3.0, tolerance_px=0.0)
    blob = Target((Circle(180.5, 60.5, 8.0),), field, ruler)
    found = baselines(blob, field, mammogram, breast, spacing)
    assert {finder: each.hit for finder, each in found.items()} == {
        Finder.BRIGHTEST_BLOB: 1.0,
        Finder.BREAST_CENTRE: 0.0,
        # A radius of 13 pixels, half an ellipse with half axes of 144 and 134.4 pixels.
        Finder.UNIFORM: pytest.approx(np.pi * 13**2 / (np.pi * 144 * 134.4 / 2), rel=0.05),
    }
