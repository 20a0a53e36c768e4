"""What is filled in comes from the breast around it, fades into it, and touches nothing else."""

import numpy as np
import pytest

from mammo_core.explain.filling import EDGE, blended, enlarged, filled, surroundings
from mammo_core.geometry import PixelTransform, resample
from mammo_core.records import BoolArray, FloatArray
from tests.builders_maps import noise

SHAPE = (160, 120)
EVERYWHERE = np.ones(SHAPE, dtype=np.bool_)
BREAST = np.zeros(SHAPE, dtype=np.bool_)
BREAST[10:150, :80] = True
PART = np.zeros(SHAPE, dtype=np.bool_)
PART[60:80, 20:45] = True


def fill(image: FloatArray, hidden: BoolArray = PART, tissue: BoolArray = BREAST) -> FloatArray:
    done = filled(image, hidden, tissue)
    assert done is not None
    return done


def breast(level: float = 0.5) -> FloatArray:
    return np.where(BREAST, level, 0.0).astype(np.float32)[..., None]


@pytest.mark.parametrize("hole", [0.0, 1.0, 77.0])
def test_an_even_breast_is_even_again_whatever_was_hidden_in_it(hole: float) -> None:
    image = breast()
    image[PART] = hole

    assert np.abs(fill(image) - breast()).max() < 1e-6


def test_nothing_of_what_is_hidden_is_left() -> None:
    one, other = noise(SHAPE)[..., None], noise(SHAPE)[..., None].copy()
    other[PART] = 1.0 - other[PART]

    assert (fill(one)[PART] == fill(other)[PART]).all()
    assert (one[PART] != other[PART]).all()


def test_the_air_around_the_breast_is_not_drawn_in() -> None:
    hidden = np.zeros_like(BREAST)
    hidden[70:90, 60:80] = True
    dark_air, bright_air = breast(), breast()
    bright_air[~BREAST] = 1.0

    assert np.abs(fill(dark_air, hidden)[hidden] - 0.5).max() < 1e-6
    assert np.abs(fill(bright_air, hidden)[hidden] - 0.5).max() < 1e-6


def test_pixels_without_breast_and_far_pixels_are_the_image_s_own() -> None:
    image = noise(SHAPE)[..., None]
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    outside = np.hypot(
        np.maximum(np.maximum(60 - rows, rows - 79), 0), np.maximum(np.maximum(20 - columns, columns - 44), 0)
    )
    far = outside > 6 * EDGE * max(SHAPE)

    changed = fill(image)[..., 0] != image[..., 0]

    assert not changed[~BREAST].any()
    assert not changed[far].any()
    assert changed[PART].all()


def test_the_edge_fades() -> None:
    image = breast()
    image[:, 40:80] = 1.0
    hidden = np.zeros_like(BREAST)
    hidden[40:120, 10:40] = True

    row = fill(image, hidden)[80, :80, 0].astype(float)

    assert np.ptp(row[10:40]) > 0.2, "the fill rises towards the bright half"
    assert (np.diff(row) >= -1e-6).all()
    assert np.abs(np.diff(row)).max() < 0.15
    assert row[70] == 1.0


def test_what_is_filled_in_is_blurred() -> None:
    image = noise(SHAPE)[..., None]

    assert image[PART].std() > 0.25
    assert fill(image)[PART].std() < 0.03


def test_a_small_part_is_hidden_as_wholly_as_a_large_one() -> None:
    image = breast()
    dot = np.zeros_like(BREAST)
    dot[70, 40] = True
    image[dot] = 1.0

    assert np.abs(fill(image, dot) - breast()).max() < 1e-6


def test_nothing_left_to_fill_from_is_told() -> None:
    assert filled(breast(), BREAST, BREAST) is None


def test_a_mirrored_image_is_filled_with_the_mirror_image() -> None:
    image = noise(SHAPE)[..., None]

    mirrored = fill(image[:, ::-1], PART[:, ::-1], EVERYWHERE)[:, ::-1]

    assert np.abs(mirrored - fill(image, PART, EVERYWHERE)).max() < 1e-6


def test_each_channel_is_filled_by_itself() -> None:
    image = np.stack([noise(SHAPE, seed) for seed in range(3)], axis=-1)

    whole = fill(image)

    assert whole.dtype == np.float32
    for channel in range(3):
        assert (whole[..., channel] == fill(image[..., channel : channel + 1])[..., 0]).all()


@pytest.mark.parametrize("shape", [(128, 96), (97, 61), (1, 1), (5, 300), (700, 64)])
def test_an_estimate_lies_between_the_values_that_are_known(shape: tuple[int, int]) -> None:
    image = noise(shape)[..., None]
    known = np.zeros(shape)
    known[0, 0] = 1.0
    known[-1, -1] = 0.5

    estimate = surroundings(image, known)

    ends = sorted([float(image[0, 0, 0]), float(image[-1, -1, 0])])
    assert estimate.shape == image.shape
    assert estimate.min() >= ends[0] - 1e-6
    assert estimate.max() <= ends[1] + 1e-6


def test_laying_over_is_exact_at_both_ends() -> None:
    one, other = noise(SHAPE, 1)[..., None], noise(SHAPE, 2)[..., None]

    assert (blended(one, other, np.zeros(SHAPE)) == one).all()
    assert (blended(one, other, EVERYWHERE) == other).all()


@pytest.mark.parametrize(
    ("cells", "shape"), [((4, 3), (128, 96)), ((7, 5), (97, 61)), ((1, 1), (8, 8)), ((6, 1), (6, 9))]
)
def test_a_grid_is_read_as_everywhere_else(cells: tuple[int, int], shape: tuple[int, int]) -> None:
    values, pixels = noise(cells), PixelTransform.identity(shape)

    read = enlarged(values, shape, (shape[0] / cells[0], shape[1] / cells[1]))

    assert np.abs(read - resample(values, pixels.resized(cells), pixels)).max() < 1e-5
