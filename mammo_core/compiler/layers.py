"""Layers of a Keras network: found, and watched for the length of one trace without changing the network."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from mammo_core.errors import ModelIntegrityError
from mammo_core.models.manifest import Head

HEAD_OPERATIONS = {"Sigmoid": Head.SIGMOID, "Softmax": Head.SOFTMAX}
"""Layers and operations that are an activation and nothing else."""


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
def recording(
    layers: list[Any], substitute: tuple[int, Any] | None = None
) -> Iterator[list[tuple[Any, Any]]]:
    """Note (layer, output) of every call while the context lasts, in order of execution.

    Parameters
    ----------
    layers : list of keras.Layer
    substitute : tuple of int and tensor, or None
        Number of the call whose output is replaced, and by what.
    """
    calls: list[tuple[Any, Any]] = []

    def recorder(layer: Any) -> Callable[..., Any]:  # noqa: ANN401 - Keras is untyped
        original = layer.call

        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - passed through
            output = original(*args, **kwargs)
            if substitute is not None and substitute[0] == len(calls):
                output = substitute[1]
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
