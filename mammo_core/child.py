"""Python processes that run what may crash: with our modules, and without the service's environment."""

import json
import os
import sys
from pathlib import Path

ENVIRONMENT = {
    # Threads and arenas of their own would only eat address space.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPJ_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
}
"""All that is handed on: the service's own environment may hold credentials."""
INHERITED = ("LD_LIBRARY_PATH",)
"""Where the interpreter may find its own library."""


def command(program: str, arguments: list[str]) -> list[str]:
    """The command line of a Python program that finds the modules that this process finds.

    Parameters
    ----------
    program : str
        Statements; they find their arguments in ``sys.argv[2:]``.
    arguments : list of str
    """
    root = str(Path(__file__).resolve().parents[1])
    places = json.dumps([root, *(os.path.abspath(place) for place in sys.path)])  # noqa: PTH100
    start = f"import json, sys; sys.path[:] = json.loads(sys.argv[1]); {program}"
    # -I and -S: no environment, no user site, no start-up hooks, which cost time as well.
    return [sys.executable, "-I", "-S", "-c", start, places, *arguments]


def environment() -> dict[str, str]:
    """The environment of such a process."""
    return {**{name: os.environ[name] for name in INHERITED if name in os.environ}, **ENVIRONMENT}
