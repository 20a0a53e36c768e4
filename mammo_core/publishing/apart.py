"""Compile a model in a process of its own."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from mammo_core import child
from mammo_core.errors import CompilationError, MammoError
from mammo_core.publishing.child import BUNDLE, REFUSAL

PROGRAM = (
    "from pathlib import Path; task = json.loads(sys.argv[2]); "
    "from mammo_core.publishing.child import main; "
    "main(Path(task['folder']), task['weights'], task['target_layer'], float16=task['float16'])"
)
INHERITED = ("PATH", "TMPDIR")
"""Handed on beside what every such process gets; no credential is within reach of a model."""
QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}
LONGEST_S = 840.0
"""Less than a function may run."""


def compile_apart(
    weights: bytes,
    *,
    suffix: str = ".keras",
    manifest: bytes | None = None,
    target_layer: str | None = None,
    float16: bool = False,
    deadline_s: float = LONGEST_S,
) -> bytes:
    """Compile a Keras model, as :func:`mammo_core.compiler.compile.compile_model` does, in a fresh process.

    Parameters
    ----------
    weights : bytes
        Of the Keras file.
    suffix : str
        Of its name.
    manifest : bytes or None
        Of the file beside it.
    target_layer : str or None
    float16 : bool
    deadline_s : float
        Seconds until the process is ended.

    Returns
    -------
    bytes
        A bundle.

    Raises
    ------
    CompilationError
        If the process was ended, by us or by want of memory.
    MammoError
        As ``compile_model`` says.
    """
    with TemporaryDirectory(prefix="mammo-") as name:
        folder = Path(name)
        (folder / f"model{suffix}").write_bytes(weights)
        if manifest is not None:
            (folder / "model.manifest.json").write_bytes(manifest)
        task = {
            "folder": name,
            "weights": f"model{suffix}",
            "target_layer": target_layer,
            "float16": float16,
        }
        ended = _run(json.dumps(task), deadline_s)
        if (folder / BUNDLE).exists() and ended == 0:
            return (folder / BUNDLE).read_bytes()
        if (folder / REFUSAL).exists():
            raise _told(json.loads((folder / REFUSAL).read_text("utf-8")))
    raise CompilationError(f"The compiler ended without a result ({_reason(ended)}).")


def _run(task: str, deadline_s: float) -> int | None:
    """Run the child; None if it took too long."""
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    # One thread would do for reading, but not for TensorFlow.
    plain = {name: value for name, value in child.environment().items() if not name.endswith("THREADS")}
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter with our own program
            child.command(PROGRAM, [task]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**plain, **environment, **QUIET},
            timeout=deadline_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode


def _reason(ended: int | None) -> str:
    if ended is None:
        return "it took too long"
    if ended == -9:
        return "signal 9: most likely there is too little memory"
    return f"signal {-ended}" if ended < 0 else f"status {ended}"


def _told(refusal: dict[str, str]) -> MammoError:
    """The error that the child met."""
    kinds = {kind.code: kind for kind in _below(MammoError)}
    return kinds.get(refusal["code"], CompilationError)(refusal["message"])


def _below(root: type[MammoError]) -> Iterator[type[MammoError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _below(kind)
