"""Local contrast is the same however a manufacturer renders the tissue, and there is none in air."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from training.mammogram.contrast import LEAST, STEEP, with_contrast
from training.mammogram.inputs import SPEC

pytestmark = pytest.mark.tf

Floats = NDArray[np.float32]
AROUND = (9, 31)


@pytest.fixture(scope="module")
def contrast() -> Any:  # noqa: ANN401 - Keras is untyped
    import keras

    image = keras.Input((SPEC.rows, SPEC.columns, 1))
    return keras.Model(image, with_contrast(image, AROUND))


def seen(model: Any, image: Floats) -> Floats:  # noqa: ANN401
    found: Floats = np.asarray(model(image[None, :, :, None]))[0]
    return found


def tissue(seed: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Waves of 40 pixels in a half ellipse, −1 to 1."""
    rows, columns = np.ogrid[: SPEC.rows, : SPEC.columns]
    breast = ((rows - 256.0) / 240.0) ** 2 + (columns / 300.0) ** 2 < 1.0
    phase = np.random.default_rng(seed).uniform(0.0, 6.0, 2)
    waves = np.sin(rows / 6.4 + phase[0]) * np.sin(columns / 6.4 + phase[1])
    return waves.astype(np.float32), breast


def test_grey_values_stay_and_flat_tissue_has_no_contrast(contrast: Any) -> None:  # noqa: ANN401
    _, breast = tissue(1)
    flat = (0.4 * breast).astype(np.float32)
    found = seen(contrast, flat)
    assert found.shape == (SPEC.rows, SPEC.columns, 1 + len(AROUND))
    assert np.array_equal(found[:, :, 0], flat)
    assert np.abs(found[:, :, 1:]).max() < 2e-3, "not at the skin either"


def test_dark_and_steep_or_bright_and_flat_is_the_same_contrast(contrast: Any) -> None:  # noqa: ANN401
    waves, breast = tissue(2)
    dark = np.where(breast, 0.3 + 0.2 * waves, 0.0).astype(np.float32)
    bright = np.where(breast, 0.7 + 0.1 * waves, 0.0).astype(np.float32)
    first, second = seen(contrast, dark)[:, :, 1:], seen(contrast, bright)[:, :, 1:]

    for near_or_far in range(len(AROUND)):
        one, other = first[..., near_or_far], second[..., near_or_far]
        # σ of the waves is half of their height; the added spread is all that tells the two apart.
        assert one.max() == pytest.approx(0.2 / (0.1 + LEAST), rel=0.1)
        assert other.max() == pytest.approx(0.1 / (0.05 + LEAST), rel=0.1)
        assert np.corrcoef(one[breast], other[breast])[0, 1] > 0.999
        assert np.abs(one[~breast]).max() == np.abs(other[~breast]).max() == 0.0


def test_a_large_mass_stands_out_against_what_is_far(contrast: Any) -> None:  # noqa: ANN401
    waves, breast = tissue(4)
    image = np.where(breast, 0.3 + 0.05 * waves, 0.0).astype(np.float32)
    rows, columns = np.ogrid[: SPEC.rows, : SPEC.columns]
    mass = np.hypot(rows - 250, columns - 120) < 60
    image[mass] += 0.15
    near, far = (seen(contrast, image)[245:255, 115:125, each].mean() for each in (1, 2))
    assert near < 0.3
    assert far > 0.6


def test_a_clip_of_metal_does_not_outshine_the_rest(contrast: Any) -> None:  # noqa: ANN401
    waves, breast = tissue(3)
    image = np.where(breast, 0.3 + 0.02 * waves, 0.0).astype(np.float32)
    image[250:253, 100:103] = 1.0
    found = seen(contrast, image)[:, :, 1:]
    assert found.max((0, 1)).tolist() == [STEEP, STEEP]


def test_grey_air_is_air_as_well(contrast: Any) -> None:  # noqa: ANN401
    """Film's is not black; where it ends must not be an edge of its own."""
    waves, breast = tissue(5)
    image = np.where(breast, 0.4 + 0.1 * waves, 0.0).astype(np.float32)
    black, dark, grey = (
        seen(contrast, np.where(breast, image, air).astype(np.float32))[:, :, 1:] for air in (0.0, 0.02, 0.03)
    )
    assert np.array_equal(black, dark)
    assert np.abs(grey[~breast]).max() < STEEP / 3.0
    inside = ndimage.binary_erosion(breast, iterations=20)
    assert np.abs(grey - black)[inside].mean() < 0.15 * np.abs(black[inside]).mean(), "it fades in"


def test_a_speck_in_air_has_nothing_to_be_set_against(contrast: Any) -> None:  # noqa: ANN401
    _, breast = tissue(6)
    image = (0.4 * breast).astype(np.float32)
    image[20, 330] = 0.05
    assert np.abs(seen(contrast, image)[20, 330, 1:]).max() < 0.1
