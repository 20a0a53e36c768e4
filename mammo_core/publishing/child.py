"""The process that compiles: it has the files, and neither credentials nor anything to say but its result.

In a fresh process the same model gives the same bytes, and what a file does to TensorFlow ends with it.
"""

import json
from pathlib import Path

BUNDLE, REFUSAL = "bundle.mammo", "refusal.json"
"""What is written into the folder of the work: one of the two."""


def main(folder: Path, weights: str, target_layer: str | None, *, float16: bool) -> None:
    """Compile a model of a folder.

    Parameters
    ----------
    folder : Path
    weights : str
        Name of the Keras file in it; its manifest lies beside it, if there is one.
    target_layer : str or None
    float16 : bool
        As :func:`mammo_core.compiler.compile.compile_model`.
    """
    from mammo_core.compiler.compile import compile_model
    from mammo_core.errors import MammoError
    from mammo_core.models.store import read_files

    try:
        bundle = compile_model(read_files(folder / weights), target_layer=target_layer, float16=float16)
    except MammoError as error:
        refusal = {"code": error.code, "message": error.message}
        (folder / REFUSAL).write_text(json.dumps(refusal), "utf-8")
    else:
        (folder / BUNDLE).write_bytes(bundle)
