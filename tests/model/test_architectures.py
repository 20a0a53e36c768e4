"""Published architectures give the same explanation compiled as behind Keras."""

from collections.abc import Iterator

import keras
import numpy as np
import pytest

from mammo_core.compiler.compile import compile_model
from mammo_core.compiler.verification import INDIFFERENT_TO_TIES, REMAINS
from mammo_core.explain.methods import METHODS
from mammo_core.geometry import PixelTransform
from mammo_core.models.keras import KerasModel
from mammo_core.models.litert import LiteRTModel
from mammo_core.models.manifest import Scaling
from mammo_core.records import FloatArray, ModelInput
from tests.architectures import ONE_PER_FAMILY, WHOLE, Build
from tests.backends import evidence_of, opened
from tests.networks import saved

pytestmark = pytest.mark.tf

AGREE = 1e-4
TIES = 2e-3
"""Share of the gradients that may belong to another one of nearly equal inputs of a maximum."""


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
    one, other = evidence_of(ours), evidence_of(theirs)
    flipped = share_above(np.abs(one.gradients - other.gradients), AGREE * np.abs(other.gradients).max())
    # Which of two nearly equal inputs is the larger may differ: docs/compile.md.
    assert flipped <= TIES
    for name, method in METHODS.items():
        if flipped and name not in INDIFFERENT_TO_TIES:
            continue
        mine, its = (method.function(each.activations, each.gradients) for each in (one, other))
        assert np.abs(its).max() > 1e-6
        assert np.ptp(its) > 1e-2 * np.abs(its).max(), "the map is not constant"
        # What is left when contributions cancel holds the rounding of all of them.
        there = method.function(np.abs(other.activations), np.abs(other.gradients)).max()
        assert np.abs(mine - its).max() <= AGREE * max(np.abs(its).max(), REMAINS * there)


def share_above(values: FloatArray, limit: float) -> float:
    return float((values > limit).mean())
