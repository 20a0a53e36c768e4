"""The muscle is found where it is, on either side, and not where there is none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.anatomy.breast import breast_on
from mammo_core.anatomy.pectoral import find_pectoral
from mammo_core.anatomy.records import PectoralMuscle
from mammo_core.anatomy.reduce import reduced
from mammo_core.geometry import PixelTransform, resample
from mammo_core.phantom.anatomy import make_anatomy
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import BoolArray, Laterality, Side, Sourced, ViewPosition
from tests.conftest import breast_pixels

SHAPE = (512, 416)
"""The phantom's own grid, so that its truth needs no scaling."""


def found(pixels: NDArray[np.uint16]) -> Sourced[PectoralMuscle]:
    values, transform = reduced(pixels)
    breast = breast_on(values, transform)
    assert breast is not None
    return find_pectoral(values, breast)


def planted(seed: int, side: Laterality) -> tuple[NDArray[np.uint16], BoolArray]:
    """An oblique view and its muscle."""
    phantom = make_phantom(
        seed=seed, view_position=ViewPosition.MLO, laterality=side, shape=SHAPE, lesion=False
    )
    muscle = (make_anatomy(seed, ViewPosition.MLO).pectoral > 0.5) & (
        phantom.breast if side is Laterality.LEFT else phantom.breast[:, ::-1]
    )
    return phantom.pixels, muscle if side is Laterality.LEFT else muscle[:, ::-1]


@pytest.mark.parametrize("side", [Laterality.LEFT, Laterality.RIGHT])
@pytest.mark.parametrize("seed", range(6))
def test_a_planted_muscle_is_found_where_it_is(seed: int, side: Laterality) -> None:
    pixels, truth = planted(seed, side)
    assert truth.mean() > 0.02, "there is a muscle to be found"

    muscle = found(pixels).value

    assert muscle is not None
    mask = resample(muscle.inside.astype(np.float32), muscle.transform, PixelTransform.identity(SHAPE)) >= 0.5
    assert 2 * (mask & truth).sum() / (mask.sum() + truth.sum()) > 0.9
    rows, columns = np.nonzero(truth)
    assert (muscle.box.top, muscle.box.bottom) == pytest.approx((0.0, rows.max() + 1), abs=24)
    assert (muscle.box.left, muscle.box.right) == pytest.approx((columns.min(), columns.max() + 1), abs=12)
    assert 0.0 < muscle.share_of_breast < 0.5
    assert muscle.contrast > 0.06


@pytest.mark.parametrize("seed", range(3))
def test_a_mirrored_image_has_a_mirrored_muscle(seed: int) -> None:
    pixels, _ = planted(seed, Laterality.LEFT)

    ours, mirrored = found(pixels).value, found(pixels[:, ::-1].copy()).value

    assert ours is not None
    assert mirrored is not None
    assert np.array_equal(ours.inside[:, ::-1], mirrored.inside)
    assert [(r, SHAPE[1] - c) for r, c in ours.edge] == [pytest.approx(point) for point in mirrored.edge]


def test_the_edge_runs_from_the_top_to_the_chest_wall() -> None:
    muscle = found(planted(0, Laterality.LEFT)[0]).value

    assert muscle is not None
    rows, columns = np.array(muscle.edge).T
    assert np.all(np.diff(rows) > 0)
    assert np.all(np.diff(columns) < 0)


@pytest.mark.parametrize("seed", range(6))
def test_a_craniocaudal_view_has_none(seed: int) -> None:
    muscle = found(make_phantom(seed=seed, view_position=ViewPosition.CC, shape=SHAPE).pixels)

    assert muscle.value is None
    assert muscle.reason == "the breast does not touch the top edge of the image"


def test_even_tissue_that_reaches_the_top_has_none() -> None:
    muscle = found(breast_pixels((320, 240))[100:])

    assert muscle.value is None
    assert (muscle.reason or "").startswith("no wedge with a clear edge was found: ")


def test_a_bright_gland_in_the_middle_is_no_muscle() -> None:
    pixels = breast_pixels((320, 240))[100:]
    rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
    pixels[(rows - 100) ** 2 + (columns - 70) ** 2 < 35**2] = 50_000

    assert found(pixels).value is None


def test_a_wedge_under_a_slightly_darker_breast_is_found_at_either_side() -> None:
    for side in Side:
        pixels = breast_pixels((320, 240))[100:]
        rows, columns = np.mgrid[0 : pixels.shape[0], 0 : pixels.shape[1]]
        pixels[(rows / 120 + columns / 90 < 1) & (pixels > 20_000)] = 34_000

        muscle = found(pixels if side is Side.LEFT else pixels[:, ::-1].copy()).value

        assert muscle is not None
        assert muscle.box.bottom == pytest.approx(120, abs=12)
        assert muscle.box.width == pytest.approx(90, abs=10)
