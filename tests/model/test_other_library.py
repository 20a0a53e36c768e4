"""Grad-CAM of flat models agrees with tf-keras-vis, which shares no code with this project."""

import warnings

import keras
import numpy as np
import pytest

from mammo_core.explain.methods import gradcam
from mammo_core.models.protocol import Model
from mammo_core.records import FloatArray
from tests.backends import compiled, evidence_of, input_for, loaded
from tests.networks import Tensor, built

pytestmark = pytest.mark.tf

FLAT = ("flat", "sequential", "flatten", "linear", "two_sigmoids", "linear_of_three", "mixed_float16")
"""tf-keras-vis looks for the layer among those of the outermost model."""


def theirs(name: str) -> FloatArray:
    """The map before it is enlarged and cut at 0, of the same score: see the design of the record."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Please import `zoom`", category=DeprecationWarning)
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    case_ = built(name)
    # Of a Sequential it asks for names that Keras 3 no longer gives it.
    network = keras.Model(case_.network.inputs, case_.network.outputs)
    units = case_.network.output_shape[1]
    exclusive = units == 2 and name != "two_sigmoids"

    def score(output: Tensor) -> Tensor:
        return output[:, -1] - output[:, 0] if exclusive else output[:, -1]

    found = Gradcam(network, model_modifier=ReplaceToLinear(), clone=True)(
        score,
        input_for(name).tensor,
        penultimate_layer=case_.target,
        seek_penultimate_conv_layer=False,
        expand_cam=False,
        normalize_cam=False,
        activation_modifier=None,
    )
    return np.asarray(found[0], dtype=np.float32)


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("backend", ["keras", "litert"])
def test_the_maps_of_a_flat_model_are_theirs(name: str, backend: str) -> None:
    model: Model = loaded(name) if backend == "keras" else compiled(name)
    evidence = evidence_of(model.run(input_for(name)))
    ours, expected = gradcam(evidence.activations, evidence.gradients), theirs(name)

    assert ours.shape == expected.shape
    assert np.ptp(expected) > 0.05 * np.abs(expected).max(), "the map is not constant"
    assert np.abs(ours - expected).max() <= 1e-4 * np.abs(expected).max()
