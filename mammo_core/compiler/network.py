"""A Keras network, loaded and compared with its declaration: for the Keras backend and for the compiler."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

from mammo_core.compiler import tracing
from mammo_core.compiler.layers import head_activation, head_layer, leaves
from mammo_core.compiler.loading import load
from mammo_core.errors import ConfigurationError, ModelIntegrityError
from mammo_core.models.manifest import Head, Manifest, inferred
from mammo_core.models.outputs import check_outputs
from mammo_core.models.store import ModelFiles

RESCALING = ("Rescaling", "Normalization", "TrueDivide", "Divide", "Multiply", "Subtract")
"""Layers, and the operations that ``x / 127.5 - 1`` in a network is made of."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A classifier of one image.

    Parameters
    ----------
    keras : keras.Model
        Computes in float32.
    manifest : Manifest
        The one beside the weights, or the rules for a model without.
    outputs : int
        Units of the last layer.
    """

    keras: Any
    manifest: Manifest
    outputs: int

    def trace(
        self, *, target_layer: str | None = None, portable: bool = False
    ) -> tuple[Any, tracing.Outline]:
        """Trace forward pass and gradient for the input that the manifest declares.

        Parameters
        ----------
        target_layer : str or None
            None: the manifest's, else the one that is found.
        portable : bool
            See :func:`mammo_core.compiler.tracing.trace`, also for what is returned.

        Raises
        ------
        ModelIntegrityError
            If the network does not take this input.
        """
        with self._trace_errors():
            return tracing.trace(
                self.keras,
                input_shape=self.input_shape,
                outputs=self.outputs,
                target_layer=target_layer or self.manifest.target_layer,
                portable=portable,
            )

    def trace_from_target(self, outline: tracing.Outline, *, portable: bool) -> Any:  # noqa: ANN401
        """Trace what follows the target layer; see :func:`mammo_core.compiler.tracing.trace_from_target`."""
        with self._trace_errors():
            return tracing.trace_from_target(
                self.keras, outline, input_shape=self.input_shape, outputs=self.outputs, portable=portable
            )

    def explaining(self, target_layer: str) -> "Network":
        """The same network, with a manifest that names the layer to explain."""
        manifest = self.manifest.model_copy(update={"target_layer": target_layer})
        return Network(self.keras, manifest, self.outputs)

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(rows, columns, channels)."""
        spec = self.manifest.input
        return spec.rows, spec.columns, spec.channels

    @contextmanager
    def _trace_errors(self) -> Iterator[None]:
        import tensorflow as tf

        try:
            yield
        except (ValueError, TypeError, tf.errors.OpError) as error:
            raise ModelIntegrityError(
                f"The model cannot be run on an input of {self.input_shape} ({type(error).__name__})."
            ) from error


def open_network(files: ModelFiles) -> Network:
    """Load a network and compare it with its manifest.

    Parameters
    ----------
    files : ModelFiles
        Weights whose digest has been checked.

    Raises
    ------
    ModelIntegrityError
        If the network is not what its manifest describes, or not a classifier of one image.
    ConfigurationError
        If the input size must come from a manifest and there is none.
    MammoError
        As :func:`mammo_core.compiler.loading.load` says.
    """
    network = load(files)
    head = head_activation(head_layer(network))
    outputs = _outputs(network)
    declared = files.manifest or _inferred(network, outputs, head)
    _check(declared, network, outputs, head)
    return Network(network, declared, outputs)


def _outputs(network: Any) -> int:  # noqa: ANN401 - Keras is untyped
    """Number of the network's output units."""
    shape = getattr(network, "output_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 2 or not isinstance(shape[1], int):
        raise ModelIntegrityError(
            f"A classifier with one output of shape (None, units) was expected; the model gives {shape}. "
            "Of a model with several outputs, save the one to be served: keras.Model(inputs, output)."
        )
    return shape[1]


def _input_shape(network: Any) -> tuple[int | None, int | None, int | None]:  # noqa: ANN401 - Keras is untyped
    shape = getattr(network, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4:
        raise ModelIntegrityError(
            "One image input of shape (None, rows, columns, channels) was expected; the model takes "
            f"{shape}: a request holds one image, and nothing for other inputs."
        )
    return shape[1], shape[2], shape[3]


def _inferred(network: Any, outputs: int, head: Head | None) -> Manifest:  # noqa: ANN401 - Keras is untyped
    """The declaration of a model without a manifest."""
    rows, columns, channels = _input_shape(network)
    if rows is None or columns is None or channels not in {1, 3} or head is None:
        raise ConfigurationError(
            "The model has no manifest, and its file does not tell all of: input rows and columns, 1 or 3 "
            f"channels, a sigmoid, softmax or linear head. Input {(rows, columns, channels)}, head {head}."
        )
    return inferred(
        rows=rows,
        columns=columns,
        channels=cast(Literal[1, 3], channels),
        outputs=outputs,
        head=head,
        rescales=_rescales(network),
    )


def _rescales(network: Any) -> bool:  # noqa: ANN401 - Keras is untyped
    """Whether rescaling, as a layer or as arithmetic, comes before all that has learned weights."""
    nested = {id(layer): leaves(layer) for layer in network.layers if getattr(layer, "layers", None)}
    operations = getattr(network, "operations", network.layers)
    for layer in [leaf for each in operations for leaf in nested.get(id(each), [each])]:
        if type(layer).__name__ in RESCALING:
            return True
        if getattr(layer, "weights", None):
            return False
    return False


def _check(manifest: Manifest, network: Any, outputs: int, head: Head | None) -> None:  # noqa: ANN401
    """Compare what the manifest declares with what the file holds."""
    spec = manifest.input
    declared = (spec.rows, spec.columns, spec.channels)
    actual = _input_shape(network)
    if any(a is not None and a != d for a, d in zip(actual, declared, strict=True)):
        raise ModelIntegrityError(f"The manifest declares the input {declared}, the model takes {actual}.")
    # A last layer that does not tell what its outputs are is believed to give logits if the manifest says so.
    if (head or Head.LINEAR) is not manifest.head:
        raise ModelIntegrityError(
            f"The manifest declares a {manifest.head} head, the model's is {head or 'not recognised'}."
        )
    check_outputs(manifest, outputs)
