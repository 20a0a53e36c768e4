"""The model's two files: weights with a reproducible digest, and the manifest that declares them."""

import hashlib
import io
import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import Any

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first date that a zip archive can hold."""


def keras_bytes(model: Any) -> bytes:  # noqa: ANN401 - Keras is untyped
    """Save a Keras model; the same weights give the same bytes.

    Keras writes the time of saving into the archive's entries and into its metadata, and addresses in memory
    into its configuration; all are replaced.
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
            if name == "config.json":
                data = without_addresses(data)
            entry = zipfile.ZipInfo(name, EPOCH)
            packed.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def without_addresses(config: bytes) -> bytes:
    """Number the objects that layers share in the order in which they come; Keras names them by address."""
    known: dict[bytes, int] = {}

    def numbered(match: re.Match[bytes]) -> bytes:
        return match[1] + str(known.setdefault(match[2], len(known) + 1)).encode()

    return re.sub(rb'("shared_object_id": )(\d+)', numbered, config)


def digest(data: bytes) -> str:
    """SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
