"""A compiled model gives what the Keras backend gives, for every shape of network."""

import keras
import numpy as np
import pytest

from mammo_core.compiler.compile import compile_model
from mammo_core.explain.methods import METHODS
from mammo_core.explain.saliency import completeness_residual
from mammo_core.models.keras import KerasModel
from mammo_core.models.litert import LiteRTModel
from mammo_core.records import CamMethod, Evidence, FloatArray
from tests.backends import compiled, evidence_of, input_for, loaded, opened
from tests.networks import BUILDERS, built, fresh, saved

pytestmark = pytest.mark.tf

CASES = pytest.mark.parametrize("name", BUILDERS)
AGREE = 1e-4


def cells_of(method: CamMethod, evidence: Evidence) -> FloatArray:
    return METHODS[method].function(evidence.activations, evidence.gradients)


def largest_difference(ours: FloatArray, theirs: FloatArray) -> float:
    """As a share of the largest value."""
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


class TestCompiledAndKeras:
    @CASES
    def test_give_the_same_probabilities_and_logits(self, name: str) -> None:
        ours, theirs = compiled(name).run(input_for(name)), loaded(name).run(input_for(name))

        assert ours.logits == pytest.approx(theirs.logits, rel=AGREE, abs=1e-5)
        assert ours.probabilities == pytest.approx(theirs.probabilities, rel=AGREE, abs=1e-6)
        assert len(set(ours.probabilities)) > 1, "the fixture prefers a class"
        other = compiled(name).run(input_for(name, seed=1))
        assert other.logits != pytest.approx(ours.logits, rel=1e-3), "the fixture depends on its input"

    @CASES
    def test_give_the_same_evidence(self, name: str) -> None:
        ours = evidence_of(compiled(name).run(input_for(name)))
        theirs = evidence_of(loaded(name).run(input_for(name)))

        assert ours.target_layer == theirs.target_layer == built(name).target
        assert ours.score == pytest.approx(theirs.score, rel=AGREE, abs=1e-5)
        assert ours.bias_evidence == pytest.approx(theirs.bias_evidence, rel=AGREE, abs=1e-5)
        assert largest_difference(ours.activations, theirs.activations) <= AGREE
        assert largest_difference(ours.gradients, theirs.gradients) <= AGREE

    @CASES
    @pytest.mark.parametrize("method", CamMethod)
    def test_give_the_same_map(self, name: str, method: CamMethod) -> None:
        for seed in range(2):
            ours = cells_of(method, evidence_of(compiled(name).run(input_for(name, seed))))
            theirs = cells_of(method, evidence_of(loaded(name).run(input_for(name, seed))))

            assert np.abs(theirs).max() > 1e-4, "the fixture has a map"
            assert np.ptp(theirs) > 0.05 * np.abs(theirs).max(), "which is not constant"
            assert largest_difference(ours, theirs) <= AGREE

    @CASES
    def test_give_the_same_scores_of_several_images(self, name: str) -> None:
        images = np.concatenate([input_for(name, seed).tensor for seed in range(3)])

        ours, theirs = compiled(name).explained_scores(images), loaded(name).explained_scores(images)

        assert ours == pytest.approx(theirs, rel=AGREE, abs=1e-5)
        assert np.ptp(theirs) > 1e-3, "the fixture depends on its input"

    @CASES
    def test_declare_the_same(self, name: str) -> None:
        ours, theirs = compiled(name).manifest, loaded(name).manifest

        assert ours.model_copy(update={"compiled": None, "weights_sha256": None}) == theirs


class TestOfEveryNetwork:
    @CASES
    def test_the_report_is_in_the_manifest_and_says_that_maps_were_compared(self, name: str) -> None:
        made = compiled(name).manifest.compiled
        assert made is not None
        report = made.verification

        assert report.inputs == ("phantom 2026 CC", "phantom 2027 MLO", "uniform noise", "dim noise")
        assert report.maps == 4
        assert [cam.method for cam in report.cams] == list(CamMethod)
        assert max(cam.largest_difference for cam in report.cams) <= AGREE
        assert report.probability_difference <= 1e-5
        assert report.tensorflow_difference <= AGREE

    @CASES
    def test_the_compiled_contributions_add_up_to_the_logit_and_no_others_do(self, name: str) -> None:
        evidence = evidence_of(compiled(name).run(input_for(name)))
        wrong = Evidence(
            evidence.target_layer,
            evidence.activations.copy(),
            evidence.gradients * np.float32(1.1),
            evidence.score,
            evidence.bias_evidence,
        )
        residual, of_wrong = completeness_residual(evidence), completeness_residual(wrong)

        assert residual is not None
        assert of_wrong is not None
        assert residual <= 1e-5
        assert of_wrong > 1e-3

    @CASES
    def test_the_graph_gives_the_probabilities_that_the_record_holds(self, name: str) -> None:
        """They are for readers of the bundle other than this project."""
        model = compiled(name)
        tensors = model._graph.run(input_for(name).tensor, model._selector)
        output = model.run(input_for(name))

        expected = output.probabilities[1:] if len(tensors["logits"]) == 1 else output.probabilities
        assert tensors["probabilities"] == pytest.approx(expected, abs=1e-6)


class TestASureModel:
    @pytest.mark.parametrize("name", ["flat", "softmax_layer", "activation_layer", "two_sigmoids"])
    @pytest.mark.parametrize("score", [50.0, -50.0])
    def test_still_has_its_logit_and_a_gradient_on_both_backends(self, name: str, score: float) -> None:
        case_, model_input = fresh(name), input_for(name)
        before = evidence_of(loaded(name).run(model_input))
        factor = score / before.score
        last = next(layer for layer in reversed(case_.after) if isinstance(layer, keras.layers.Dense))
        last.set_weights([factor * weight for weight in last.get_weights()])
        file = saved(case_.network)

        for model in (KerasModel(file), LiteRTModel(opened(compile_model(file)))):
            output = model.run(model_input)
            evidence = evidence_of(output)

            assert evidence.score == pytest.approx(score, rel=1e-5)
            assert largest_difference(evidence.gradients, np.float32(factor) * before.gradients) <= AGREE
            assert np.abs(evidence.gradients).max() > 1e-2
            assert completeness_residual(evidence) == pytest.approx(0.0, abs=AGREE)
            assert output.probabilities[-1] == pytest.approx(float(score > 0), abs=1e-12)
