"""A traced network, run on one image."""

from typing import Any

import numpy as np

from mammo_core.compiler.network import Network
from mammo_core.errors import TargetLayerError
from mammo_core.models.outputs import output_of, selector_of
from mammo_core.records import Evidence, FloatArray, ModelOutput


def run_traced(
    function: Any,  # noqa: ANN401 - a function of TensorFlow
    network: Network,
    image: FloatArray,
    *activations: FloatArray,
) -> ModelOutput:
    """Run what :meth:`Network.trace` or :meth:`Network.trace_from_target` returned.

    Parameters
    ----------
    function
    network : Network
        Its manifest names the target layer.
    image : ndarray of shape (1, rows, columns, channels), float32
    *activations : ndarray of shape (h, w, k), float32
        Of the target layer, for a function that takes them.
    """
    import tensorflow as tf

    selector = selector_of(network.manifest, network.outputs)
    tensors = function(*map(tf.constant, (image, selector, *activations)))
    arrays = {name: np.asarray(tensor) for name, tensor in tensors.items()}
    return output_of(arrays, network.manifest, selector=selector, unavailable=None)


def evidence_of(output: ModelOutput) -> Evidence:
    """What a prediction rests on.

    Raises
    ------
    TargetLayerError
        If nothing is known of it.
    """
    if output.evidence is None:
        raise TargetLayerError(output.unavailable or "The model gives no evidence of its score.")
    return output.evidence
