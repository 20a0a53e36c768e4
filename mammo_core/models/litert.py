"""The LiteRT backend: a compiled explanation, served without TensorFlow."""

from threading import Lock
from typing import Any

import numpy as np

from mammo_core import processors
from mammo_core.errors import ConfigurationError, InferenceError, ModelIntegrityError
from mammo_core.models.manifest import InputSpec
from mammo_core.models.outputs import check_outputs, output_of, selector_of
from mammo_core.models.protocol import ModelIdentity
from mammo_core.models.store import ModelFiles
from mammo_core.records import FloatArray, ModelInput, ModelOutput

SAME_PROBABILITY = 1e-3
INPUTS = ("image", "selector")
OUTPUTS = ("activations", "bias_evidence", "gradients", "logits", "probabilities")
"""The graph's tensors, in their order."""
MAPS = ("activations", "gradients")
"""Those that have the shape of the target layer."""


class LiteRTModel:
    """A compiled explanation; satisfies :class:`mammo_core.models.protocol.Model`.

    Parameters
    ----------
    files : ModelFiles
        An opened bundle.

    Raises
    ------
    ModelIntegrityError
        If LiteRT cannot load the graph, or its tensors are not those that the manifest describes.
    ConfigurationError
        If LiteRT is not installed.
    """

    def __init__(self, files: ModelFiles) -> None:
        if files.manifest is None or files.manifest.compiled is None:
            raise ModelIntegrityError("A compiled graph needs the manifest of its bundle.")
        compiled = files.manifest.compiled
        check_outputs(files.manifest, compiled.outputs)
        self.manifest = files.manifest
        self.identity = ModelIdentity(files.sha256, files.manifest_sha256, "litert")
        self._selector = selector_of(self.manifest, compiled.outputs)
        self._graph = CompiledGraph(
            files.weights,
            spec=self.manifest.input,
            outputs=compiled.outputs,
            target_shape=compiled.target_shape,
        )

    def run(self, model_input: ModelInput) -> ModelOutput:
        """Predict and explain in one pass; see :meth:`mammo_core.models.protocol.Model.run`."""
        tensors = self._graph.run(model_input.tensor, self._selector)
        output = output_of(tensors, self.manifest, selector=self._selector, unavailable=None)
        self._check_head(output.probabilities, tensors["probabilities"])
        return output

    def _check_head(self, declared: tuple[float, ...], computed: FloatArray) -> None:
        """Compare the probabilities by the manifest's head with the graph's own."""
        expected = declared[-computed.size :]
        if np.abs(np.subtract(expected, computed)).max() > SAME_PROBABILITY:
            raise ModelIntegrityError(
                f"The manifest declares a {self.manifest.head} head; the graph gives other probabilities."
            )

    def explained_scores(self, images: FloatArray) -> FloatArray:
        """Score images only; see :meth:`mammo_core.models.protocol.Model.explained_scores`."""
        logits = np.stack([self._graph.run(image[None], self._selector)["logits"] for image in images])
        scores: FloatArray = logits @ self._selector
        return scores


class CompiledGraph:
    """A graph of :data:`INPUTS` to :data:`OUTPUTS`, loaded by LiteRT.

    Parameters
    ----------
    graph : bytes
    spec : InputSpec
    outputs : int
        Logits.
    target_shape : tuple of int
        (rows, columns, channels) of the target layer.

    Raises
    ------
    ModelIntegrityError
        If LiteRT cannot load it, or its tensors have other shapes.
    ConfigurationError
        If LiteRT is not installed.
    """

    def __init__(
        self, graph: bytes, *, spec: InputSpec, outputs: int, target_shape: tuple[int, int, int]
    ) -> None:
        self._interpreter = _interpreter(graph)
        self._shapes = {"image": (1, spec.rows, spec.columns, spec.channels), "selector": (outputs,)}
        self._inputs = _indices(self._interpreter.get_input_details(), self._shapes)
        self._outputs = _indices(
            self._interpreter.get_output_details(),
            {
                "activations": target_shape,
                "bias_evidence": (),
                "gradients": target_shape,
                "logits": (outputs,),
                "probabilities": (outputs,),
            },
        )
        self._lock = Lock()

    def run(self, image: FloatArray, selector: FloatArray) -> dict[str, FloatArray]:
        """Run the graph.

        Parameters
        ----------
        image : ndarray of shape (1, rows, columns, channels), float32
        selector : ndarray of shape (outputs,), float32

        Returns
        -------
        dict of str to ndarray
            By the names of :data:`OUTPUTS`; copies.

        Raises
        ------
        InferenceError
            If LiteRT cannot run it.
        """
        # The interpreter has one set of buffers: requests wait for each other, and take copies.
        with self._lock:
            try:
                for name, values in zip(INPUTS, (image, selector), strict=True):
                    self._fill(name, values)
                self._interpreter.invoke()
                return self._copies()
            except (ValueError, RuntimeError) as error:
                raise InferenceError(f"LiteRT could not run the model ({type(error).__name__}).") from error

    def _fill(self, name: str, values: FloatArray) -> None:
        """Write an input where the graph reads it: ``set_tensor`` would copy read-only values once more."""
        if values.shape != self._shapes[name] or values.dtype != np.float32:
            raise ValueError(f"{name}: {self._shapes[name]} of 32 bits expected, {values.shape} received")
        # No name for the buffer: while there is a reference to it, the graph does not run.
        self._interpreter.tensor(self._inputs[name])()[...] = values

    def _copies(self) -> dict[str, FloatArray]:
        """The outputs, both maps in one piece of memory.

        In a small process two pieces, once free, go back to the kernel, which clears all their pages again
        for the next image: 0.3 ms.
        """
        maps = np.stack([self._interpreter.tensor(self._outputs[name])() for name in MAPS])
        others = [name for name in self._outputs if name not in MAPS]
        return {
            **dict(zip(MAPS, maps, strict=True)),
            **{name: self._interpreter.get_tensor(self._outputs[name]) for name in others},
        }


def _interpreter(graph: bytes) -> Any:  # noqa: ANN401 - LiteRT is untyped
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise ConfigurationError(
            "A .mammo bundle needs LiteRT: install the package ai-edge-litert."
        ) from error
    try:
        interpreter = Interpreter(model_content=graph, num_threads=processors.available())
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelIntegrityError(f"LiteRT cannot load the graph ({type(error).__name__}).") from error
    return interpreter


def _indices(details: list[dict[str, Any]], expected: dict[str, tuple[int, ...]]) -> dict[str, int]:
    shapes = [tuple(int(size) for size in detail["shape"]) for detail in details]
    kinds = {np.dtype(detail["dtype"]) for detail in details}
    if shapes != list(expected.values()) or kinds != {np.dtype(np.float32)}:
        raise ModelIntegrityError(
            f"The manifest describes tensors of the shapes {list(expected.values())}, the graph has {shapes}."
        )
    return {name: int(detail["index"]) for name, detail in zip(expected, details, strict=True)}
