"""Tissue made of random textures has their spectrum; skin, muscle and air of the view stay."""

import numpy as np
import pytest

from tests.training_views import collection
from training.mammogram.inputs import SPEC, STRIDE
from training.mammogram.planting import Ground
from training.mammogram.textures import COARSE, FINE, SMOOTH, texture, woven


def ground() -> Ground:
    views = collection()
    return Ground(views.image(views.views[1]), views.tissue_of(views.views[1]), 0.4, "rsna")


@pytest.mark.parametrize("exponents", [FINE, COARSE, SMOOTH], ids=["fine", "coarse", "smooth"])
def test_a_texture_has_the_power_law_that_was_asked_for(exponents: tuple[float, float]) -> None:
    drawn = texture(np.random.default_rng(2), exponents)
    power = np.abs(np.fft.rfft2(drawn)) ** 2
    frequency = np.hypot(np.fft.fftfreq(SPEC.rows)[:, None], np.fft.rfftfreq(SPEC.columns)[None, :])
    band = (frequency > 0.05) & (frequency < 0.4)
    slope, _ = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)

    assert (drawn.mean(), drawn.std()) == pytest.approx((0.0, 1.0), abs=1e-3)
    assert exponents[0] - 0.05 < -slope < exponents[1] + 0.05
    assert not 2.6 < -slope < 3.0 and not 3.6 < -slope < 4.0, (
        "phantoms have 2.8 and 3.8: they measure what was learnt from others"
    )


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
