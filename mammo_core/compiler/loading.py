"""A Keras file becomes a network in memory, and runs no code of its own on the way."""

import os
import re
import tempfile
from pathlib import Path
from typing import Any

from mammo_core.compiler.layers import leaves
from mammo_core.errors import ConfigurationError, MammoError, ModelIntegrityError, ModelUnavailableError
from mammo_core.models.store import ModelFiles

UNKNOWN_CLASS = re.compile(r"(?:Could not locate (?:class|function)|Unknown layer:) '(\w+)'")
"""What Keras says when a file names Python code that is not there."""
PYTHON_LAMBDA = "`function` is a Python lambda"


def load(files: ModelFiles) -> Any:  # noqa: ANN401 - Keras is untyped
    """Load a network in safe mode, to compute in float32.

    Parameters
    ----------
    files : ModelFiles
        Weights whose digest has been checked.

    Raises
    ------
    ModelUnavailableError
        If Keras cannot read the file.
    ModelIntegrityError
        If it needs Python code that is not in it, or would run some that is, or holds no built model.
    ConfigurationError
        If TensorFlow is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        import keras
    except ImportError as error:
        raise ConfigurationError(
            "A .keras model needs TensorFlow: `make keras`, or the extra mammo-core[keras]."
        ) from error
    # Keras opens paths only.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{files.suffix}"
        path.write_bytes(files.weights)
        try:
            network = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:
            raise _refusal(error, files.suffix) from error
    if not getattr(network, "built", False) or not isinstance(network, keras.Model):
        raise ModelIntegrityError("The file holds no built Keras model.")
    return _in_float32(network)


def _refusal(error: Exception, suffix: str) -> MammoError:
    """What to tell of whatever Keras's zip, JSON and HDF5 readers raise; only words tell them apart."""
    if PYTHON_LAMBDA in str(error):
        return ModelIntegrityError(
            "The model holds a Lambda layer, which is Python code in the file and is not run (safe mode): "
            "put layers or keras.ops in its place and save the model again."
        )
    unknown = UNKNOWN_CLASS.search(str(error))
    if unknown is not None:
        return ModelIntegrityError(
            f"The model needs the Python class {unknown[1]}, which its file does not hold: build the same "
            "network of Keras layers with keras.Model(inputs, outputs), copy the weights and save that one."
        )
    return ModelUnavailableError(
        f"Keras cannot load the {suffix} file ({type(error).__name__}): it is damaged or of another kind."
    )


def _in_float32(network: Any) -> Any:  # noqa: ANN401 - Keras is untyped
    """Let a network of mixed precision compute in float32: both backends then give the same answer."""
    for layer in (network, *leaves(network)):
        if layer.compute_dtype != "float32":
            layer.dtype_policy = "float32"
    return network
