"""A flip of a symmetric image changes nothing; of an asymmetric one, what a hand reckons."""

import numpy as np
import pytest

from mammo_core.explain.mirror import flip
from mammo_core.explain.probe import Probe, Subject
from mammo_core.explain.saliency import explain
from mammo_core.geometry import PixelTransform
from mammo_core.map_quality import Flip
from mammo_core.records import BoolArray, CamMethod, FloatArray, ModelInput, Sourced
from mammo_core.testing import EVERYWHERE, MANIFEST, SQUARE, WEIGHTS, FakeModel
from tests.builders_maps import noise

SHAPE = (MANIFEST.input.rows, MANIFEST.input.columns)
GRID = PixelTransform.identity(SHAPE)
INSIDE = np.zeros(SHAPE, dtype=np.bool_)
INSIDE[int(SQUARE.top) : int(SQUARE.bottom), int(SQUARE.left) : int(SQUARE.right)] = True
SHARE = float(INSIDE.mean())


def subject_of(
    image: FloatArray,
    model: FakeModel,
    *,
    method: CamMethod = CamMethod.GRADCAM,
    tissue: BoolArray | None = None,
) -> Subject:
    model_input = ModelInput(image[None, :, :, None].copy(), GRID, ())
    evidence = model.run(model_input).evidence
    assert evidence is not None
    saliency = explain(evidence, model_input, method)
    breast = np.ones(SHAPE, dtype=np.bool_) if tissue is None else tissue
    return Subject(model_input.tensor[0], GRID, breast, saliency, evidence.score)


def known(found: Sourced[Flip]) -> Flip:
    assert found.value is not None, found.reason
    return found.value


@pytest.mark.parametrize("method", CamMethod)
def test_a_symmetric_image_has_the_same_map_in_the_mirror(method: CamMethod) -> None:
    half = noise((SHAPE[0], SHAPE[1] // 2))
    model = FakeModel(square=EVERYWHERE)

    found = known(flip(subject_of(np.hstack([half, half[:, ::-1]]), model, method=method), Probe(model)))

    assert found.agreement.value == pytest.approx(1.0)
    assert found.logit_change == pytest.approx(0.0, abs=1e-5)


def test_a_model_that_looks_everywhere_is_stable_whatever_the_image() -> None:
    model = FakeModel(square=EVERYWHERE)

    found = known(flip(subject_of(noise(SHAPE), model), Probe(model)))

    assert found.agreement.value == pytest.approx(1.0)
    assert found.logit_change == pytest.approx(0.0, abs=1e-5)


def test_a_model_that_looks_at_one_square_sees_another_in_the_mirror() -> None:
    """Two maps of one square each, apart: with a share s of the cells their correlation is −s / (1 − s)."""
    model = FakeModel()
    probe = Probe(model)

    found = flip(subject_of(np.where(INSIDE, 0.6, 0.3).astype(np.float32), model), probe)

    assert known(found).agreement.value == pytest.approx(-SHARE / (1.0 - SHARE))
    assert known(found).agreement.detail == "rank correlation over 192 cells of the breast"
    assert known(found).logit_change == pytest.approx(WEIGHTS[0] * SHARE * (0.3 - 0.6), abs=1e-5)
    assert (found.source, found.detail) == ("model", "the mirrored input, its map mirrored back")
    assert probe.forwards == 1


def test_a_map_without_an_order_agrees_with_nothing_but_the_scores_are_compared() -> None:
    model = FakeModel()
    tissue = np.zeros(SHAPE, dtype=np.bool_)
    tissue[100:, :] = True

    found = known(
        flip(subject_of(np.where(INSIDE, 0.6, 0.3).astype(np.float32), model, tissue=tissue), Probe(model))
    )

    assert found.agreement == Sourced.unknown("one of the two maps is the same everywhere on the breast")
    assert found.logit_change < 0


def test_a_model_without_evidence_for_the_mirror_image_is_told() -> None:
    subject = subject_of(noise(SHAPE), FakeModel(square=EVERYWHERE))

    assert flip(subject, Probe(FakeModel(unavailable="no layer"))) == Sourced.unknown(
        "the model gave no evidence for the mirrored image"
    )
