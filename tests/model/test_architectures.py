"""Published architectures give the same explanation compiled as behind Keras."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest

from mammo_core.compiler.compile import compile_model
from mammo_core.explain.methods import METHODS
from mammo_core.geometry import PixelTransform
from mammo_core.models.keras import KerasModel
from mammo_core.models.litert import LiteRTModel
from mammo_core.models.manifest import Scaling
from mammo_core.records import ModelInput
from tests.architectures import ONE_PER_FAMILY, WHOLE, Build
from tests.backends import evidence_of, opened
from tests.networks import saved

pytestmark = pytest.mark.tf

AGREE = 1e-4


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Keras keeps the graphs of all networks of a process otherwise."""
    keras.utils.set_random_seed(1)
    yield
    keras.backend.clear_session()


@pytest.mark.parametrize("name", ONE_PER_FAMILY)
def test_one_of_each_family_gives_the_same_compiled(name: str) -> None:
    agree(ONE_PER_FAMILY[name])


@pytest.mark.full
@pytest.mark.parametrize("name", WHOLE)
def test_each_gives_the_same_compiled(name: str) -> None:
    agree(WHOLE[name])


def agree(build: Build) -> None:
    """Scores, activations and every map, on noise of the network's own range."""
    file = saved(build())
    keras_model, compiled = KerasModel(file), LiteRTModel(opened(compile_model(file)))
    spec = keras_model.manifest.input
    white = np.float32(255.0 if spec.scaling is Scaling.BYTE else 1.0)
    noise = np.random.default_rng(7).random((1, spec.rows, spec.columns, spec.channels), dtype=np.float32)
    model_input = ModelInput(white * noise, PixelTransform.identity((spec.rows, spec.columns)), ())

    ours, theirs = compiled.run(model_input), keras_model.run(model_input)
    report = compiled.manifest.compiled
    assert report is not None

    assert report.verification.maps >= 3, "maps of phantoms were compared"
    assert ours.logits == pytest.approx(theirs.logits, rel=AGREE, abs=AGREE)
    assert ours.probabilities == pytest.approx(theirs.probabilities, abs=AGREE)
    for method in METHODS.values():
        one, other = (
            method.function(each.activations, each.gradients)
            for each in (evidence_of(ours), evidence_of(theirs))
        )
        assert np.abs(other).max() > 1e-6
        assert np.ptp(other) > 1e-2 * np.abs(other).max(), "the map is not constant"
        assert np.abs(one - other).max() <= AGREE * np.abs(other).max()
