"""From a traced function to a graph for LiteRT."""

import re
from typing import Any

from mammo_core.compiler.halving import halved
from mammo_core.compiler.quiet import quietly
from mammo_core.errors import CompilationError

SERVE_WITH_KERAS = (
    "The .keras file itself can be served: the Keras backend is slower and gives the same answer."
)
MISSING_KERNELS = re.compile(r"(?:Select|Custom) ops: ([\w, .]+)")


def converted(function: Any, *, float16: bool) -> bytes:  # noqa: ANN401 - TensorFlow is untyped
    """Freeze and convert a traced function.

    Parameters
    ----------
    function : tf.ConcreteFunction
    float16 : bool
        Store weights in 16 bits.

    Raises
    ------
    CompilationError
        If LiteRT has no kernel for one of its operations: the message names them all.
    """
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError

    try:
        with quietly():
            graph: bytes = _converter(function).convert()
    except (ConverterError, ValueError, TypeError, RuntimeError, tf.errors.OpError) as error:
        names = sorted({name for found in MISSING_KERNELS.findall(str(error)) for name in found.split(", ")})
        what = (
            f"LiteRT has no kernel for {', '.join(names)}"
            if names
            else f"TensorFlow's converter cannot express it ({type(error).__name__})"
        )
        raise CompilationError(f"The model cannot be compiled: {what}. {SERVE_WITH_KERAS}") from error
    return halved(graph) if float16 else graph


def _converter(function: Any) -> Any:  # noqa: ANN401 - TensorFlow is untyped
    """Variables become constants first: without that, the file would hold no weights."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    frozen = convert_variables_to_constants_v2(function)
    return tf.lite.TFLiteConverter.from_concrete_functions([frozen])
