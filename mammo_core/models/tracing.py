"""Look inside a Keras network for the length of one trace, without changing it.

One traced graph returns, for one forward pass, the logits, the activations of the target layer, the gradient
of the explained score with respect to them, and the evidence of the biases after them.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from mammo_core.errors import ModelIntegrityError, TargetLayerError
from mammo_core.models.manifest import Head

POOLING = ("MaxPooling", "AveragePooling", "GlobalMaxPooling", "GlobalAveragePooling")
BIASES = ("bias", "beta", "moving_mean")
"""Parameters that add to a layer's output whatever its input: Dense and Conv biases, and BatchNorm's shift
β − γμ/σ, which is linear in β and in μ."""


HEAD_OPERATIONS = {"Sigmoid": Head.SIGMOID, "Softmax": Head.SOFTMAX}
"""Layers and operations that are an activation and nothing else."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What a trace of the network found.

    Parameters
    ----------
    target_layer : str or None
        Name of the explained layer; None if no layer can be explained.
    target_shape : tuple of int or None
        (h, w, k) of its output.
    reason : str or None
        Why there is no target layer.
    """

    target_layer: str | None
    target_shape: tuple[int, int, int] | None
    reason: str | None


def leaves(network: Any) -> list[Any]:  # noqa: ANN401 - Keras is untyped
    """All layers that are not models themselves, at any depth of nesting, each once."""
    found: dict[int, Any] = {}
    for layer in network.layers:
        for leaf in leaves(layer) if getattr(layer, "layers", None) else [layer]:
            found.setdefault(id(leaf), leaf)
    return list(found.values())


def head_layer(network: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    """The layer that gives the network's output, at any depth of nesting."""
    layer = network
    while getattr(layer, "layers", None):
        outputs = getattr(layer, "outputs", None)
        history = getattr(outputs[0], "_keras_history", None) if outputs else None
        layer = history.operation if history is not None else layer.layers[-1]
    return layer


def head_activation(layer: Any) -> Head | None:  # noqa: ANN401 - Keras is untyped
    """The activation of the last layer; None if the layer does not tell what its outputs are.

    A pooling, reshaping or averaging layer has no activation of its own, but what it passes on may be
    probabilities: read as logits they would give a wrong score.
    """
    kind = type(layer).__name__
    if kind in HEAD_OPERATIONS:
        return HEAD_OPERATIONS[kind]
    name = getattr(getattr(layer, "activation", None), "__name__", None)
    return Head(name) if name in set(Head) else None


@contextmanager
def linear_head(layer: Any) -> Iterator[None]:  # noqa: ANN401 - Keras is untyped
    """Take the activation off the last layer, so that the network returns logits.

    After a sigmoid the gradient is exactly 0 in float32 from a logit of 16.64: the most confident cases
    would have no explanation.

    Raises
    ------
    ModelIntegrityError
        If the network uses the last layer more than once: its other uses would lose their activation too.
    """
    uses = 0

    def passed_on(inputs: Any, *_args: Any, **_kwargs: Any) -> Any:  # noqa: ANN401 - a tensor
        nonlocal uses
        uses += 1
        return inputs

    if head_activation(layer) in {Head.SIGMOID, Head.SOFTMAX}:
        alone = type(layer).__name__ in {"Activation", *HEAD_OPERATIONS}
        with _replaced(layer, "call" if alone else "activation", passed_on):
            yield
    else:
        yield
    if uses > 1:
        raise ModelIntegrityError(f"The last layer of the model is used {uses} times; it must be used once.")


@contextmanager
def recording(layers: list[Any]) -> Iterator[list[tuple[Any, Any]]]:
    """Note (layer, output) of every call while the context lasts, in order of execution."""
    calls: list[tuple[Any, Any]] = []

    def recorder(layer: Any) -> Callable[..., Any]:  # noqa: ANN401 - Keras is untyped
        original = layer.call

        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed through
            output = original(*args, **kwargs)
            calls.append((layer, output))
            return output

        return call

    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_replaced(layer, "call", recorder(layer)))
        yield calls


@contextmanager
def _replaced(layer: Any, name: str, value: object) -> Iterator[None]:  # noqa: ANN401 - Keras is untyped
    """Set an instance attribute and always put the former state back.

    The instance dictionary is written directly: Keras's own ``__setattr__`` would track the change.
    """
    missing = object()
    former = layer.__dict__.get(name, missing)
    layer.__dict__[name] = value
    try:
        yield
    finally:
        if former is missing:
            del layer.__dict__[name]
        else:
            layer.__dict__[name] = former


def trace(
    network: Any,  # noqa: ANN401 - Keras is untyped
    *,
    input_shape: tuple[int, int, int],
    selector: tuple[float, ...],
    target_layer: str | None,
) -> tuple[Any, Outline]:
    """Trace forward pass and gradient into one function.

    Parameters
    ----------
    network : keras.Model
    input_shape : tuple of int
        (rows, columns, channels).
    selector : tuple of float
        Weights of the logits in the explained score z = Σ selector · logits.
    target_layer : str or None
        Name of the layer to explain; None: the last one with a spatial output that is not a pooling layer.

    Returns
    -------
    function
        Tensor (1, rows, columns, channels) to a dictionary of tensors: ``logits`` (n,) and, if there is a
        target layer, ``activations`` and ``gradients`` (h, w, k) and ``bias_evidence`` ().
    Outline
    """
    import tensorflow as tf

    outline: list[Outline] = []

    def explained(tensor: Any) -> dict[str, Any]:  # noqa: ANN401 - TensorFlow is untyped
        with recording(leaves(network)) as calls, linear_head(head_layer(network)):
            logits = tf.cast(tf.reshape(network(tensor, training=False), [-1]), tf.float32)
        score = tf.reduce_sum(logits * tf.constant(selector, tf.float32))
        try:
            layer, activations, gradients = _target(calls, score, target_layer)
            bias_evidence = _bias_evidence(network, score, activations)
        except TargetLayerError as error:
            outline.append(Outline(None, None, error.message))
            return {"logits": logits}
        except LookupError:
            # TensorFlow's answer for an operation without a gradient; the score does not need one.
            outline.append(Outline(None, None, "The network holds an operation that has no gradient."))
            return {"logits": logits}
        outline.append(Outline(layer.name, tuple(activations.shape[1:]), None))
        return {
            "logits": logits,
            "activations": tf.cast(activations[0], tf.float32),
            "gradients": tf.cast(gradients[0], tf.float32),
            "bias_evidence": bias_evidence,
        }

    signature = tf.TensorSpec((1, *input_shape), tf.float32)
    function = tf.function(explained, autograph=False).get_concrete_function(signature)
    return function, outline[-1]


def _target(calls: list[tuple[Any, Any]], score: Any, name: str | None) -> tuple[Any, Any, Any]:  # noqa: ANN401
    """(layer, activations, gradients) of the named layer, or of the last one the score depends on."""
    import tensorflow as tf

    candidates = [
        (layer, output)
        for layer, output in reversed(calls)
        if (layer.name == name if name is not None else _is_spatial(layer, output))
    ]
    if not candidates and name is not None:
        raise TargetLayerError(f"The network has no layer named {name!r}, which the manifest explains.")
    for layer, output in candidates:
        if _rank(output) != 4:
            continue
        gradients = tf.gradients(score, output)[0]
        if gradients is not None:
            return layer, output, gradients
    raise TargetLayerError("The network has no layer with a spatial output that its score depends on.")


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
