"""Tissue made of random textures has their spectrum; muscle and air of the view stay."""

import numpy as np
import pytest
from scipy import ndimage

from tests.training_views import collection
from training.mammogram.ground import Ground
from training.mammogram.inputs import GRID, SPEC, STRIDE
from training.mammogram.textures import COARSE, FINE, SMOOTH, texture
from training.mammogram.weaving import woven


def ground() -> Ground:
    views = collection()
    return Ground(views.image(views.views[1]), views.tissue_of(views.views[1]), 0.4, "rsna")


PHANTOMS = (2.8, 3.8)
"""Exponents of the textures that measure what was learnt from others: ``mammo_core/phantom/anatomy.py``."""


@pytest.mark.parametrize("exponents", [FINE, COARSE, SMOOTH], ids=["fine", "coarse", "smooth"])
def test_textures_have_the_power_laws_that_were_asked_for(exponents: tuple[float, float]) -> None:
    frequency = np.hypot(np.fft.fftfreq(SPEC.rows)[:, None], np.fft.rfftfreq(SPEC.columns)[None, :])
    band = (frequency > 0.05) & (frequency < 0.4)
    rng, slopes = np.random.default_rng(2), set()
    for _ in range(12):
        drawn = texture(rng, exponents)
        power = np.abs(np.fft.rfft2(drawn)) ** 2
        slopes.add(-np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0].round(2))
        assert (drawn.mean(), drawn.std()) == pytest.approx((0.0, 1.0), abs=1e-3)

    assert exponents[0] - 0.06 < min(slopes) < max(slopes) < exponents[1] + 0.06
    assert max(slopes) - min(slopes) > 0.4 * (exponents[1] - exponents[0])
    assert not any(exponents[0] - 0.2 < each < exponents[1] + 0.2 for each in PHANTOMS)


def test_woven_tissue_replaces_the_breast_alone() -> None:
    view = ground()

    made = woven(view, np.random.default_rng(1))
    again = woven(view, np.random.default_rng(1))

    inside = np.kron(view.tissue == 1.0, np.ones((STRIDE, STRIDE), dtype=np.bool_))
    air = np.kron(view.tissue == 0.0, np.ones((STRIDE, STRIDE), dtype=np.bool_))
    deep, outside = inside & (view.image > 0.0), air & (view.image == 0.0)
    assert np.array_equal(made.image, again.image)
    assert abs(np.corrcoef(made.image[deep], view.image[deep])[0, 1]) < 0.1
    assert made.image[outside].max() < 0.02
    assert 0.0 <= made.image.min() <= made.image.max() <= 1.0
    assert made.image.dtype == np.float32
    assert made.tissue is view.tissue
    assert (made.mm, made.source) == (view.mm, view.source)


def test_breasts_are_thin_at_the_skin_and_thick_at_the_chest_wall() -> None:
    made = np.mean([woven(ground(), np.random.default_rng(seed)).image for seed in range(8)], axis=0)
    wall, middle = made[200:300, :8].mean(), made[200:300, 120:160].mean()
    skin = made[250:262, 284:292].mean()
    assert wall == pytest.approx(middle, rel=0.1)
    assert skin < 0.93 * middle


def test_muscle_stays_and_is_no_rim() -> None:
    view = ground()
    rows, columns = np.ogrid[: GRID[0], : GRID[1]]
    muscle = (rows + columns < 24) & (view.tissue > 0.0)
    tissue = np.where(muscle, 0.0, view.tissue).astype(np.float32)
    with_muscle = Ground(view.image, tissue, view.mm, view.source)

    made = [woven(with_muscle, np.random.default_rng(seed)).image for seed in range(12)]

    large = np.ones((STRIDE, STRIDE))
    inner = np.kron(ndimage.binary_erosion(muscle, iterations=2), large) > 0.0
    beside = np.kron(ndimage.binary_dilation(muscle, iterations=3) & (tissue == 1.0), large) > 0.0
    near = np.kron(ndimage.binary_dilation(muscle, iterations=1), large) > 0.0
    deep = np.kron(ndimage.binary_erosion(tissue == 1.0, iterations=9), large) > 0.0
    assert inner.any()
    assert all(np.array_equal(each[inner], view.image[inner]) for each in made)
    ratio = np.mean([each[beside & ~near].mean() for each in made]) / np.mean([e[deep].mean() for e in made])
    assert ratio == pytest.approx(1.0, abs=0.05)
