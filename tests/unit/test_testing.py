"""The shipped fake keeps the contract of a model, and its answer depends on its square alone."""

import numpy as np
import pytest

from mammo_core.errors import InferenceError
from mammo_core.explain.saliency import explain
from mammo_core.geometry import PixelTransform
from mammo_core.models.manifest import Scaling
from mammo_core.models.protocol import Model
from mammo_core.records import CamMethod, Evidence, FloatArray, MapStatus, ModelInput, ModelOutput
from mammo_core.testing import AGAINST, BIAS, EVERYWHERE, MANIFEST, SQUARE, THRESHOLD, WEIGHTS, FakeModel

SHAPE = (MANIFEST.input.rows, MANIFEST.input.columns)
INSIDE = slice(int(SQUARE.top), int(SQUARE.bottom)), slice(int(SQUARE.left), int(SQUARE.right))


def image(*, inside: float = 0.6, outside: float = 0.3) -> FloatArray:
    values = np.full(SHAPE, outside, dtype=np.float32)
    values[INSIDE] = inside
    return values


def input_of(values: FloatArray) -> ModelInput:
    return ModelInput(values[None, :, :, None].copy(), PixelTransform.identity(SHAPE), ())


def run(values: FloatArray, model: Model | None = None) -> ModelOutput:
    return (model or FakeModel()).run(input_of(values))


def evidence_of(output: ModelOutput) -> Evidence:
    assert output.evidence is not None
    return output.evidence


def test_the_score_is_that_of_a_hand() -> None:
    share = SQUARE.height * SQUARE.width / (SHAPE[0] * SHAPE[1])
    score = WEIGHTS[0] * share * (0.6 - THRESHOLD) + BIAS

    output = run(image())

    assert output.logits == pytest.approx((score,), abs=1e-5)
    assert output.probabilities == pytest.approx(
        (1 - 1 / (1 + np.exp(-score)), 1 / (1 + np.exp(-score))), abs=1e-6
    )
    assert sum(output.probabilities) == pytest.approx(1.0)
    assert (evidence_of(output).score,) == output.logits


def test_only_the_square_counts() -> None:
    assert run(image(outside=0.9)).logits == run(image(outside=0.0)).logits
    assert run(image(inside=0.9)).logits != run(image(inside=0.5)).logits


def test_a_model_that_looks_everywhere_counts_everything() -> None:
    model = FakeModel(square=EVERYWHERE)

    assert run(image(outside=0.9), model).logits != run(image(outside=0.8), model).logits


@pytest.mark.parametrize("method", CamMethod)
def test_every_map_s_peak_falls_into_the_square_and_the_record_is_complete(method: CamMethod) -> None:
    values = image()
    saliency = explain(evidence_of(run(values)), input_of(values), method)

    row, column = np.unravel_index(int(saliency.cells.argmax()), saliency.cells.shape)
    at = saliency.transform.to_source(float(row) + 0.5, float(column) + 0.5)
    assert saliency.status is MapStatus.OK
    assert SQUARE.top < at[0] < SQUARE.bottom
    assert SQUARE.left < at[1] < SQUARE.right
    assert (saliency.cells > 0).sum() == SQUARE.height * SQUARE.width / 64
    assert saliency.completeness_residual is not None
    assert saliency.completeness_residual <= 1e-6


def test_a_model_against_has_no_positive_evidence() -> None:
    values = image(inside=0.05)

    for picture in (values, image()):
        saliency = explain(
            evidence_of(run(picture, FakeModel(weights=AGAINST))), input_of(picture), CamMethod.GRADCAM
        )
        assert saliency.status is MapStatus.NO_POSITIVE_EVIDENCE
        assert saliency.cells.min() < 0.0


def test_a_model_may_give_its_score_without_evidence() -> None:
    output = run(image(), FakeModel(unavailable="no spatial layer"))

    whole = run(image())
    assert (output.probabilities, output.logits) == (whole.probabilities, whole.logits)
    assert (output.evidence, output.unavailable) == (None, "no spatial layer")


def test_a_model_may_fail() -> None:
    with pytest.raises(InferenceError, match="not finite"):
        run(image(), FakeModel(error=InferenceError("The score is not finite.")))


@pytest.mark.parametrize("scaling", Scaling)
def test_the_manifest_s_scaling_does_not_change_the_score(scaling: Scaling) -> None:
    scaled = {Scaling.UNIT: image(), Scaling.BYTE: image() * 255, Scaling.SYMMETRIC: image() * 2 - 1}
    manifest = MANIFEST.model_copy(update={"input": MANIFEST.input.model_copy(update={"scaling": scaling})})

    logits = run(scaled[scaling], FakeModel(manifest=manifest)).logits

    assert logits == pytest.approx(run(image()).logits, abs=1e-5)


def test_three_classes_share_what_the_positive_one_leaves() -> None:
    manifest = MANIFEST.model_copy(update={"classes": ("a", "malignant", "b")})

    output = run(image(), FakeModel(manifest=manifest))

    positive = run(image()).probabilities[1]
    assert output.probabilities == pytest.approx(((1 - positive) / 2, positive, (1 - positive) / 2))


def test_an_input_that_does_not_divide_into_cells_is_refused() -> None:
    manifest = MANIFEST.model_copy(update={"input": MANIFEST.input.model_copy(update={"rows": 100})})

    with pytest.raises(ValueError, match="multiples of 8"):
        FakeModel(manifest=manifest)


def test_two_runs_give_the_same_numbers() -> None:
    first, second = run(image()), run(image())

    assert first.logits == second.logits
    assert np.array_equal(evidence_of(first).activations, evidence_of(second).activations)
    assert np.array_equal(evidence_of(first).gradients, evidence_of(second).gradients)
