"""Compiled models as one file, ``.mammo``: a graph and its manifest.

The file is a zip archive of two members that are stored, not compressed: weights hardly shrink, an archive
that is larger inside than outside cannot exist, and nothing is inflated on a cold start.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass, field

from mammo_core.errors import ModelIntegrityError
from mammo_core.models.manifest import Manifest, parse

GRAPH, MANIFEST = "model.tflite", "manifest.json"
FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that an archive can hold: the same model gives the same bytes on any day."""
ENCRYPTED = 0x1
TFLITE = slice(4, 8), b"TFL3"
"""Where a flatbuffer says what it is, and how."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a ``.mammo`` file holds.

    Parameters
    ----------
    graph : bytes
        For LiteRT.
    manifest : Manifest
        Its ``weights_sha256`` is the digest of ``graph``.
    manifest_sha256 : str
        Digest of the manifest as it is in the file.
    """

    graph: bytes = field(repr=False)
    manifest: Manifest
    manifest_sha256: str


def pack(graph: bytes, manifest: Manifest) -> bytes:
    """Make a bundle; the same graph and manifest give the same bytes.

    Parameters
    ----------
    graph : bytes
    manifest : Manifest
        Its ``weights_sha256`` is set to the digest of ``graph``.
    """
    declared = manifest.model_copy(update={"weights_sha256": hashlib.sha256(graph).hexdigest()})
    text = (declared.model_dump_json(indent=2) + "\n").encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in ((MANIFEST, text), (GRAPH, graph)):
            archive.writestr(zipfile.ZipInfo(name, FIRST_DATE), data)
    return buffer.getvalue()


def unpack(data: bytes) -> Bundle:
    """Open a bundle from memory and check that its parts belong together.

    Raises
    ------
    ModelIntegrityError
        If it is no archive of exactly these two stored members, if a checksum or digest does not fit, or if
        the graph is no LiteRT file.
    ConfigurationError
        If the manifest is not valid.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_members(archive.infolist())
            text, graph = archive.read(MANIFEST), archive.read(GRAPH)
    # All that zipfile raises for hostile bytes; NotImplementedError: a compression that it does not know.
    except (zipfile.BadZipFile, NotImplementedError, OSError, RuntimeError, ValueError, EOFError) as error:
        raise ModelIntegrityError(
            f"The bundle cannot be opened ({type(error).__name__}): it is truncated or corrupt."
        ) from error
    manifest = parse(text)
    where, signature = TFLITE
    if graph[where] != signature or manifest.compiled is None or manifest.target_layer is None:
        raise ModelIntegrityError("The bundle holds no compiled explanation: make it with mammo compile.")
    if hashlib.sha256(graph).hexdigest() != manifest.weights_sha256:
        raise ModelIntegrityError("The bundle's graph is not the one that its manifest describes.")
    return Bundle(graph, manifest, hashlib.sha256(text).hexdigest())


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if sorted(member.filename for member in members) != sorted((GRAPH, MANIFEST)):
        raise ModelIntegrityError(
            f"A bundle holds {GRAPH} and {MANIFEST} and nothing else; this one has {len(members)} members."
        )
    for member in members:
        plain = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & ENCRYPTED
        if not plain or member.file_size != member.compress_size:
            raise ModelIntegrityError("The members of a bundle are stored, neither compressed nor encrypted.")
