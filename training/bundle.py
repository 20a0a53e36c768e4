"""The model's two files: weights with a reproducible digest, and the manifest that declares them."""

import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip archive can hold."""


def keras_bytes(model: Any) -> bytes:  # noqa: ANN401 - Keras is untyped
    """Save a Keras model; the same weights give the same bytes.

    Keras writes the time of saving into the archive's entries and into its metadata; both are replaced.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        saved = path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as source, zipfile.ZipFile(buffer, "w") as packed:
        for name in sorted(source.namelist()):
            data = source.read(name)
            if name == "metadata.json":
                data = json.dumps({**json.loads(data), "date_saved": "1980-01-01@00:00:00"}).encode()
            entry = zipfile.ZipInfo(name, EPOCH)
            packed.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def digest(data: bytes) -> str:
    """SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
