"""A model's files: fetched, checked against their digests, not yet loaded."""

import hashlib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import PurePosixPath

from mammo_core import storage
from mammo_core.errors import (
    ConfigurationError,
    ModelIntegrityError,
    ModelUnavailableError,
    NotFoundError,
    StorageUnavailableError,
)
from mammo_core.models.manifest import Manifest, parse

EMBEDDED = "embedded"
SUFFIXES = (".keras", ".h5")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The bytes of a model whose digests have been checked.

    Parameters
    ----------
    weights : bytes
    suffix : str
        ``.keras`` or ``.h5``: decides how the weights are loaded.
    sha256 : str
        Digest of the weights.
    manifest : Manifest or None
        None if no manifest lies beside the weights.
    manifest_sha256 : str or None
    """

    weights: bytes = field(repr=False)
    suffix: str
    sha256: str
    manifest: Manifest | None
    manifest_sha256: str | None


def fetch(
    uri: str | None, *, model_sha256: str | None = None, manifest_sha256: str | None = None
) -> ModelFiles:
    """Read the weights and the manifest beside them, and check their digests.

    Parameters
    ----------
    uri : str or None
        ``s3://…`` or ``file:///…``; None for the model that is embedded in the package.
    model_sha256, manifest_sha256 : str or None
        Pinned digests, 64 hexadecimal digits.

    Raises
    ------
    ModelUnavailableError
        If the weights do not exist or cannot be fetched now.
    ModelIntegrityError
        If a digest differs from the pinned one or from the manifest's.
    ConfigurationError
        If the suffix is not served, or an HDF5 file is not pinned.
    AccessDeniedError
        If the weights may not be read.
    """
    suffix = _suffix(uri, model_sha256)
    try:
        weights, manifest_text = _read(uri)
    except (NotFoundError, StorageUnavailableError) as error:
        raise ModelUnavailableError(f"The model's weights cannot be fetched: {error.message}") from error
    sha256 = _checked(weights, model_sha256, "weights")
    if manifest_text is None:
        if manifest_sha256 is not None:
            raise ModelIntegrityError("A manifest is pinned, but none lies beside the weights.")
        return ModelFiles(weights, suffix, sha256, None, None)
    manifest_digest = _checked(manifest_text, manifest_sha256, "manifest")
    manifest = parse(manifest_text)
    _checked(weights, manifest.weights_sha256, "weights")
    return ModelFiles(weights, suffix, sha256, manifest, manifest_digest)


def manifest_uri(uri: str) -> str:
    """Where the manifest of ``…/name.keras`` lies: ``…/name.manifest.json``."""
    return uri.removesuffix(PurePosixPath(uri).suffix) + ".manifest.json"


def _suffix(uri: str | None, model_sha256: str | None) -> str:
    if uri is None:
        return ".keras"
    suffix = PurePosixPath(uri).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigurationError(
            f"MODEL_URI must end in {' or '.join(SUFFIXES)}; it ends in {suffix or 'no suffix'}."
        )
    if suffix == ".h5" and model_sha256 is None:
        # Older Keras versions ignore safe mode for HDF5, so such a file can run code when it is loaded.
        raise ConfigurationError("An .h5 model is served only with MODEL_SHA256 set; or save it as .keras.")
    return suffix


def _read(uri: str | None) -> tuple[bytes, bytes | None]:
    if uri is None:
        return _embedded()
    weights = storage.read(uri)
    try:
        return weights, storage.read(manifest_uri(uri))
    except NotFoundError:
        # A model without a manifest is served by documented rules, and each answer says so.
        return weights, None


def _embedded() -> tuple[bytes, bytes]:
    try:
        folder = resources.files("mammo_core.assets")
        return (folder / "default.keras").read_bytes(), (folder / "default.manifest.json").read_bytes()
    except (ModuleNotFoundError, OSError) as error:
        raise ModelUnavailableError(
            f"This installation lacks the embedded model ({type(error).__name__}); set MODEL_URI."
        ) from error


def _checked(data: bytes, expected: str | None, what: str) -> str:
    digest = hashlib.sha256(data).hexdigest()
    if expected is not None and digest != expected:
        raise ModelIntegrityError(
            f"The {what} have the sha256 {digest[:12]}…, expected was {expected[:12]}…."
        )
    return digest
