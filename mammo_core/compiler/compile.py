"""From a Keras model to a bundle: one graph that predicts and explains, served without TensorFlow.

The graph is traced with gradients that LiteRT can compute (:mod:`mammo_core.compiler.gradients`), frozen,
converted, and compared with the Keras model before it is packed.
"""

from typing import Any

from mammo_core.compiler.conversion import converted
from mammo_core.compiler.network import Network, open_network
from mammo_core.compiler.verification import verify
from mammo_core.errors import TargetLayerError
from mammo_core.models.bundle import pack
from mammo_core.models.litert import OUTPUTS
from mammo_core.models.manifest import Compilation, Head
from mammo_core.models.store import ModelFiles

SERVED_WITHOUT_A_MAP = "The .keras file itself can be served: for its score, without a map."


def compile_model(files: ModelFiles, *, target_layer: str | None = None, float16: bool = False) -> bytes:
    """Compile a Keras model and its explanation.

    Parameters
    ----------
    files : ModelFiles
        A ``.keras`` or ``.h5`` file.
    target_layer : str or None
        The layer to explain; None: the manifest's, else the last one that enters pooling or flattening.
    float16 : bool
        Store weights in 16 bits: half the size, and maps that agree to about two digits.

    Returns
    -------
    bytes
        A ``.mammo`` bundle. In a fresh process the same model gives the same bytes; a process that has traced
        before gives other names to the same operations.

    Raises
    ------
    TargetLayerError
        If there is no layer to explain, or none of this name.
    CompilationError
        If LiteRT has no kernel for an operation, or the compiled graph disagrees with the Keras model.
    MammoError
        As :func:`mammo_core.compiler.network.open_network` says.
    """
    network = open_network(files)
    function, outline = network.trace(target_layer=target_layer, portable=True)
    if outline.target_layer is None or outline.target_shape is None:
        # Whoever names another layer than there is made a mistake; whoever named none cannot have a map.
        advice = f" {SERVED_WITHOUT_A_MAP}" if target_layer is None else ""
        raise TargetLayerError(f"{outline.reason}{advice}")
    graph = converted(_with_probabilities(function, network), float16=float16)
    named = network.explaining(outline.target_layer)
    compilation = Compilation(
        source_sha256=files.sha256,
        float16=float16,
        outputs=network.outputs,
        target_shape=outline.target_shape,
        made_with=_versions(),
        verification=verify(graph, named, outline, float16=float16),
    )
    return pack(graph, named.manifest.model_copy(update={"compiled": compilation}))


def _with_probabilities(function: Any, network: Network) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """Add the head's activation, for readers of the graph other than this project."""
    import tensorflow as tf

    activation = {Head.SIGMOID: tf.sigmoid, Head.SOFTMAX: tf.nn.softmax}.get(network.manifest.head)
    if activation is None:
        activation = tf.sigmoid if network.outputs == 1 else tf.nn.softmax

    def complete(image: Any, selector: Any) -> list[Any]:  # noqa: ANN401 - TensorFlow is untyped
        tensors = function(image, selector)
        tensors["probabilities"] = activation(tensors["logits"])
        return [tensors[name] for name in OUTPUTS]

    return tf.function(complete, autograph=False).get_concrete_function(
        *function.structured_input_signature[0]
    )


def _versions() -> str:
    import keras
    import tensorflow as tf

    return f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
