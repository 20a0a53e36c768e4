"""The Keras backend: any ``.keras`` file, served with TensorFlow."""

import numpy as np

from mammo_core.compiler.network import open_network
from mammo_core.errors import InferenceError
from mammo_core.models.outputs import output_of, selector_of
from mammo_core.models.protocol import ModelIdentity
from mammo_core.models.store import ModelFiles
from mammo_core.records import FloatArray, ModelInput, ModelOutput


class KerasModel:
    """A network loaded by Keras; satisfies :class:`mammo_core.models.protocol.Model`.

    Parameters
    ----------
    files : ModelFiles
        Weights whose digest has been checked.

    Raises
    ------
    MammoError
        As :func:`mammo_core.compiler.network.open_network` says.
    """

    def __init__(self, files: ModelFiles) -> None:
        network = open_network(files)
        self._selector = selector_of(network.manifest, network.outputs)
        # By the compiler's gradients: then both backends share the gradient of a maximum in the same way.
        self._function, self._outline = network.trace(portable=True)
        self.manifest = network.manifest.model_copy(update={"target_layer": self._outline.target_layer})
        self.identity = ModelIdentity(files.sha256, files.manifest_sha256, "keras")

    def run(self, model_input: ModelInput) -> ModelOutput:
        """Predict and explain in one pass; see :meth:`mammo_core.models.protocol.Model.run`."""
        tensors = self._tensors(model_input.tensor)
        return output_of(tensors, self.manifest, selector=self._selector, unavailable=self._outline.reason)

    def explained_scores(self, images: FloatArray) -> FloatArray:
        """Score images only; see :meth:`mammo_core.models.protocol.Model.explained_scores`."""
        # The traced graph again: the network itself would apply its last activation, and run op by op.
        return np.stack([self._tensors(image[None])["logits"] @ self._selector for image in images])

    def _tensors(self, image: FloatArray) -> dict[str, FloatArray]:
        import tensorflow as tf

        try:
            tensors = self._function(tf.constant(image), tf.constant(self._selector))
        except tf.errors.OpError as error:
            raise InferenceError(f"TensorFlow could not run the model ({type(error).__name__}).") from error
        return {name: np.asarray(tensor) for name, tensor in tensors.items()}
