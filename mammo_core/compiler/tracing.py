"""One traced graph of a Keras network that predicts and explains.

It returns, for one forward pass, the logits, the activations of the target layer, the gradient
of the explained score with respect to them, and the evidence of the biases after them.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from mammo_core.compiler.gradients import portable_gradients
from mammo_core.compiler.layers import head_layer, leaves, linear_head, recording
from mammo_core.errors import TargetLayerError

NAMED = 5
"""Layers that an error names to choose from."""
POOLING = ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling")
BIASES = ("bias", "beta", "moving_mean")
"""Parameters that add to a layer's output whatever its input: Dense and Conv biases, and BatchNorm's shift
β − γμ/σ, which is linear in β and in μ."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a trace of the network found.

    Parameters
    ----------
    target_layer : str or None
        Name of the explained layer; None if no layer can be explained.
    target_shape : tuple of int or None
        (h, w, k) of its output.
    target_call : int or None
        Number of its call among those of all layers, in order of execution.
    reason : str or None
        Why there is no target layer.
    """

    target_layer: str | None = None
    target_shape: tuple[int, int, int] | None = None
    target_call: int | None = None
    reason: str | None = None


def trace(
    network: Any,  # noqa: ANN401 - Keras is untyped
    *,
    input_shape: tuple[int, int, int],
    outputs: int,
    target_layer: str | None,
    portable: bool = False,
) -> tuple[Any, Outline]:
    """Trace forward pass and gradient into one function.

    Parameters
    ----------
    network : keras.Model
    input_shape : tuple of int
        (rows, columns, channels).
    outputs : int
        Logits of the network.
    target_layer : str or None
        Name of the layer to explain; None: the last one with a spatial output that is not a pooling layer.
    portable : bool
        Whether the gradient is made of operations that LiteRT has kernels for.

    Returns
    -------
    function
        Of the image (1, rows, columns, channels) and the selector (outputs,), the weights of the logits in
        the explained score z = Σ selector · logits; both float32. It returns a dictionary of tensors:
        ``logits`` (outputs,) and, if there is a target layer, ``activations`` and ``gradients`` (h, w, k) and
        ``bias_evidence`` ().
    Outline
    """
    import tensorflow as tf

    outline: list[Outline] = []

    def traced(image: Any, selector: Any) -> dict[str, Any]:  # noqa: ANN401 - TensorFlow is untyped
        with portable_gradients() if portable else nullcontext():
            tensors, found = _explained(network, image, selector, target_layer=target_layer)
        outline.append(found)
        return tensors

    signature = tf.TensorSpec((1, *input_shape), tf.float32), tf.TensorSpec((outputs,), tf.float32)
    function = tf.function(traced, autograph=False).get_concrete_function(*signature)
    return function, outline[-1]


def trace_from_target(
    network: Any,  # noqa: ANN401 - Keras is untyped
    outline: Outline,
    *,
    input_shape: tuple[int, int, int],
    outputs: int,
    portable: bool,
) -> Any:  # noqa: ANN401 - a function of TensorFlow
    """Trace what follows the target layer, as a function of given activations.

    Two runs of a network differ in their rounding, and the gradient of a maximum jumps where two inputs are
    equal but for rounding: gradients can be compared only at the same activations.

    Parameters
    ----------
    network : keras.Model
    outline : Outline
        Of a trace of the same network.
    input_shape, outputs, portable
        As for :func:`trace`.

    Returns
    -------
    function
        Of image, selector, and activations (h, w, k), to what :func:`trace` returns.
    """
    import tensorflow as tf

    def traced(image: Any, selector: Any, activations: Any) -> dict[str, Any]:  # noqa: ANN401
        with portable_gradients() if portable else nullcontext():
            substitute = outline.target_call, activations[None]
            return _explained(
                network, image, selector, target_layer=outline.target_layer, substitute=substitute
            )[0]

    signature = (
        tf.TensorSpec((1, *input_shape), tf.float32),
        tf.TensorSpec((outputs,), tf.float32),
        tf.TensorSpec(outline.target_shape, tf.float32),
    )
    return tf.function(traced, autograph=False).get_concrete_function(*signature)


def _explained(
    network: Any,  # noqa: ANN401 - Keras is untyped
    image: Any,  # noqa: ANN401 - TensorFlow is untyped
    selector: Any,  # noqa: ANN401 - TensorFlow is untyped
    *,
    target_layer: str | None,
    substitute: Any = None,  # noqa: ANN401 - see recording
) -> tuple[dict[str, Any], Outline]:
    """Run forward and backward inside a trace."""
    import tensorflow as tf

    outputs = int(selector.shape[0])
    with recording(leaves(network), substitute) as calls, linear_head(head_layer(network)):
        logits = tf.cast(tf.reshape(network(image, training=False), [outputs]), tf.float32)
    # A product, not an index: LiteRT has no kernel for the gradient of an index.
    score = tf.reduce_sum(logits * selector)
    try:
        number, gradients = _target(calls, score, target_layer)
        layer, activations = calls[number]
        bias_evidence = _bias_evidence(network, score, activations)
    except TargetLayerError as error:
        return {"logits": logits}, Outline(reason=error.message)
    except LookupError:
        # TensorFlow's answer for an operation without a gradient; the score does not need one.
        return {"logits": logits}, Outline(reason="The network holds an operation that has no gradient.")
    tensors = {
        "logits": logits,
        "activations": tf.squeeze(tf.cast(activations, tf.float32), 0),
        "gradients": tf.squeeze(tf.cast(gradients, tf.float32), 0),
        "bias_evidence": bias_evidence,
    }
    return tensors, Outline(layer.name, tuple(activations.shape[1:]), number)


def _target(calls: list[tuple[Any, Any]], score: Any, name: str | None) -> tuple[int, Any]:  # noqa: ANN401
    """(call, gradients) of the named layer, or of the last one that the score depends on."""
    import tensorflow as tf

    candidates = [
        (number, output)
        for number, (layer, output) in reversed(list(enumerate(calls)))
        if (layer.name == name if name is not None else _is_spatial(layer, output))
    ]
    if not candidates and name is not None:
        raise TargetLayerError(
            f"The network has no layer named {name!r}, which was to be explained. {_choice(calls)}"
        )
    for number, output in candidates:
        if _rank(output) != 4:
            continue
        gradients = tf.gradients(score, output)[0]
        if gradients is not None:
            return number, gradients
    if name is not None:
        raise TargetLayerError(
            f"The layer {name!r} cannot be explained: its output has no rows and columns, or the score does "
            f"not depend on it. {_choice(calls)}"
        )
    raise TargetLayerError("The network has no layer with a spatial output that its score depends on.")


def _choice(calls: list[tuple[Any, Any]]) -> str:
    """Names to choose from, those nearest to the score first."""
    spatial = [layer.name for layer, output in reversed(calls) if _is_spatial(layer, output)]
    names = list(dict.fromkeys(spatial))[:NAMED]
    return f"With rows and columns, nearest to the score first: {', '.join(names) or 'none'}."


def _is_spatial(layer: Any, output: Any) -> bool:  # noqa: ANN401 - Keras is untyped
    """Whether an output still has rows and columns, and is not a pooled copy of a finer one."""
    rows, columns = tuple(getattr(output, "shape", ()))[1:3] if _rank(output) == 4 else (None, None)
    is_map = rows is not None and columns is not None and min(rows, columns) >= 2
    return is_map and not type(layer).__name__.startswith(POOLING)


def _rank(output: Any) -> int:  # noqa: ANN401 - a tensor, or a structure of tensors
    return len(getattr(output, "shape", ()))


def _bias_evidence(network: Any, score: Any, activations: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """Σ (dz/db)·b over the additive parameters after the target layer.

    With the activations held constant, the score does not depend on any parameter before them.
    """
    import tensorflow as tf

    variables = [w.value for w in network.weights if w.name in BIASES]
    gradients = tf.gradients(score, variables, stop_gradients=[activations]) if variables else []
    terms = [
        tf.reduce_sum(tf.cast(gradient, tf.float32) * tf.cast(variable, tf.float32))
        for variable, gradient in zip(variables, gradients, strict=True)
        if gradient is not None
    ]
    return tf.add_n(terms) if terms else tf.constant(0.0)
