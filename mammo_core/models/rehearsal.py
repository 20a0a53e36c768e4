"""A compiled graph is run in a process of its own before it may run in this one.

LiteRT checks that a file is a well-formed flatbuffer, but not all that its operators need: an operator whose
input is missing, for one, makes it read memory that is not its own. Whether that is an error or the end of
the process is chance. A service must answer with an error, and go on with the model that it has.
"""

import subprocess

from mammo_core import child
from mammo_core.errors import ModelIntegrityError, ModelUnavailableError

DEADLINE_S = 60.0
PROGRAM = """
import contextlib, os, resource
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
try:
    from ai_edge_litert.interpreter import Interpreter
except ImportError:
    sys.exit(NOT_INSTALLED)
memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
# There is no such file without cgroups, and no number in it without a limit.
with contextlib.suppress(OSError, ValueError), open("/sys/fs/cgroup/memory.max") as limit:
    memory = min(memory, int(limit.read()))
most = memory // 2 + LIBRARIES
resource.setrlimit(resource.RLIMIT_AS, (most, most))
interpreter = Interpreter(model_content=sys.stdin.buffer.read(), num_threads=1)
interpreter.allocate_tensors()
interpreter.invoke()
"""
"""On inputs of zeros, without a core dump, and with half of the machine's or container's memory: a graph that
wants more would take the service's own, and the kernel might end the service instead."""
LIBRARIES = 1 << 30
"""Bytes of address space that the interpreter and its libraries take up before."""
NOT_INSTALLED = 77
"""Exit status; the backend will say it better."""


def rehearse(graph: bytes) -> None:
    """Load and run a graph elsewhere.

    Parameters
    ----------
    graph : bytes

    Raises
    ------
    ModelIntegrityError
        If the other process crashed, could not run the graph, or did not come to an end.
    ModelUnavailableError
        If there can be no other process now.
    """
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, and a text of ours
            child.command(_program(), []),
            input=graph,
            capture_output=True,
            timeout=DEADLINE_S,
            check=False,
            env=child.environment(),
            cwd="/",
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
            f"LiteRT crashes on the compiled graph (signal {-done.returncode}): it is damaged or hostile, or "
            "it wants more than half of the memory here."
        )
    if done.returncode not in (0, NOT_INSTALLED):
        # Not tried here, where it might crash after all.
        raise ModelIntegrityError(
            "LiteRT cannot run the compiled graph: it is damaged, or wants more than half of the memory here."
        )


def _program() -> str:
    return PROGRAM.replace("NOT_INSTALLED", str(NOT_INSTALLED)).replace("LIBRARIES", str(LIBRARIES))
