"""The index grows with what is planted, leaves rim and muscle out, and is not always the same."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.anatomy.breast import breast_on
from mammo_core.anatomy.density import density_index
from mammo_core.anatomy.records import PectoralMuscle
from mammo_core.anatomy.reduce import reduced
from mammo_core.geometry import Box
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import PixelSpacing, Side, Sourced
from tests.conftest import breast_pixels

SHAPE = (320, 240)
DENSE = 44_000


def index_of(
    pixels: NDArray[np.uint16],
    pectoral: PectoralMuscle | None = None,
    spacing: PixelSpacing | None = None,
) -> Sourced[float]:
    values, transform = reduced(pixels)
    breast = breast_on(values, transform)
    assert breast is not None
    return density_index(values, breast, pectoral, spacing)


def with_gland(spots: int, *, side: Side = Side.LEFT) -> NDArray[np.uint16]:
    """A fatty breast with spots of dense tissue, each of the same size."""
    pixels = breast_pixels(SHAPE)
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    centres = [(row, column) for row in range(90, 250, 28) for column in (20, 48, 76)]
    for row, column in centres[:spots]:
        pixels[(rows - row) ** 2 + (columns - column) ** 2 < 8**2] = DENSE
    return pixels if side is Side.LEFT else pixels[:, ::-1].copy()


def test_a_breast_of_fat_has_none() -> None:
    index = index_of(with_gland(0))

    assert index == Sourced(
        0.0,
        "pixels",
        "share of the breast without rim of 6 mm (longer side taken as 260 mm) that is brighter than the fat "
        "around it; an ordinal index, not a BI-RADS category",
    )


def test_more_dense_tissue_gives_a_larger_index() -> None:
    indices = [index_of(with_gland(spots)).value or 0.0 for spots in range(0, 18, 2)]

    assert np.all(np.diff(indices) > 0)
    assert 0.0 <= indices[0] < 0.01
    assert 0.05 < indices[-1] < 0.5


def test_the_index_is_about_the_area_that_was_planted() -> None:
    pixels = with_gland(12)

    planted = (pixels == DENSE).sum() / (breast_pixels(SHAPE) > 20_000).sum()

    assert index_of(pixels).value == pytest.approx(planted, rel=0.35)


def test_a_mirrored_breast_has_the_same_index() -> None:
    ours, mirrored = (index_of(with_gland(9, side=side)).value for side in Side)

    assert ours == pytest.approx(mirrored, abs=1e-6)


def test_a_brighter_display_gives_nearly_the_same_index() -> None:
    pixels = with_gland(12)
    brighter = (pixels + np.where(pixels > 10_000, 6_000, 0)).astype(np.uint16)

    assert index_of(brighter).value == pytest.approx(index_of(pixels).value, rel=0.05)


def test_breasts_differ() -> None:
    indices = [
        index_of(make_phantom(seed=seed, shape=(512, 416), lesion=False).pixels).value for seed in range(6)
    ]

    assert None not in indices
    assert len({round(index, 3) for index in indices if index is not None}) == 6


def test_a_pectoral_muscle_is_left_out() -> None:
    pixels = with_gland(0)
    pixels[60:150, 0:50][pixels[60:150, 0:50] > 20_000] = DENSE
    values, transform = reduced(pixels)
    inside = (values > 0.5) & (np.arange(values.shape[0])[:, None] < 200)
    assert inside.any()
    grown = np.zeros_like(inside)
    grown[:154, :54] = True
    muscle = PectoralMuscle(grown, transform, Box(0, 0, 154, 54), 0.1, 0.3, ((0.0, 54.0), (154.0, 0.0)))

    with_muscle, without = index_of(pixels), index_of(pixels, muscle)

    assert (with_muscle.value or 0.0) > 0.02
    assert without.value == pytest.approx(0.0, abs=1e-3)
    assert "rim of 6 mm and pectoral muscle" in (without.detail or "")


def test_a_known_spacing_sets_the_rim() -> None:
    pixels = with_gland(3)

    index = index_of(pixels, spacing=PixelSpacing(0.8, 0.8))

    assert "(known spacing)" in (index.detail or "")
    assert index.value == pytest.approx(index_of(pixels).value, rel=0.1)


def test_a_breast_with_nothing_but_rim_is_not_measured() -> None:
    index = index_of(breast_pixels(SHAPE), spacing=PixelSpacing(0.03, 0.03))

    assert index == Sourced.unknown(
        "too little of the breast is left without its rim and the pectoral muscle"
    )


def test_a_breast_without_a_chest_wall_is_measured_all_the_same() -> None:
    values, transform = reduced(with_gland(6))
    breast = breast_on(values, transform)
    assert breast is not None

    unknown = density_index(values, replace(breast, chest_wall=Sourced.unknown("a test")), None, None)

    assert unknown.value == pytest.approx(index_of(with_gland(6)).value, rel=0.05)
