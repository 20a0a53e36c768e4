"""A compiled graph is run in a process of its own before it may run in this one.

LiteRT checks that a file is a well-formed flatbuffer, but not all that its operators need: an operator whose
input is missing, for one, ends the process that loads it. A service must answer that with an error, and go on
with the model that it has.
"""

import os
import subprocess
import sys

from mammo_core.errors import ModelIntegrityError, ModelUnavailableError

DEADLINE_S = 60.0
RUN = """
import sys
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_content=sys.stdin.buffer.read(), num_threads=1)
interpreter.allocate_tensors()
interpreter.invoke()
"""
"""On inputs of zeros."""


def rehearse(graph: bytes) -> None:
    """Load and run a graph elsewhere.

    A graph that LiteRT refuses without a crash passes: the backend then says why.

    Parameters
    ----------
    graph : bytes

    Raises
    ------
    ModelIntegrityError
        If the other process crashed, or did not come to an end.
    ModelUnavailableError
        If there can be no other process now.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", RUN]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, and a text of ours
            command, input=graph, capture_output=True, timeout=DEADLINE_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired as error:
        raise ModelIntegrityError(
            f"The compiled graph did not come to an end within {DEADLINE_S:.0f} seconds."
        ) from error
    except OSError as error:
        raise ModelUnavailableError(
            f"The compiled graph cannot be tried out now ({type(error).__name__})."
        ) from error
    if done.returncode < 0:
        raise ModelIntegrityError(
            f"LiteRT crashes on the compiled graph (signal {-done.returncode}): it is damaged or hostile."
        )
