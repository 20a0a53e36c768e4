"""A model's files: fetched, checked against their digests, not yet loaded."""

import hashlib
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path, PurePosixPath

from mammo_core import storage
from mammo_core.errors import (
    ConfigurationError,
    ModelIntegrityError,
    ModelUnavailableError,
    NotFoundError,
    StorageUnavailableError,
)
from mammo_core.models.bundle import unpack
from mammo_core.models.manifest import Manifest, parse

BUNDLE = ".mammo"
POINTER = ".json"
KERAS_SUFFIXES = (".keras", ".h5")
SUFFIXES = (BUNDLE, *KERAS_SUFFIXES)


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The bytes of a model whose digests have been checked.

    Parameters
    ----------
    weights : bytes
        Of a bundle, the compiled graph.
    suffix : str
        ``.mammo``, ``.keras`` or ``.h5``: decides how the weights are loaded.
    sha256 : str
        Digest of the file: of the weights, or of the whole bundle.
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
        If a digest differs from the pinned one or from the manifest's, or a bundle is not valid.
    ConfigurationError
        If the suffix is not served, or an HDF5 file is not pinned.
    AccessDeniedError
        If the weights may not be read.
    """
    suffix = _suffix(uri, model_sha256)
    try:
        data = _embedded() if uri is None else storage.read(uri)
        sha256 = _checked(data, model_sha256, "weights")
        if suffix == BUNDLE:
            return _unpacked(data, sha256, manifest_sha256)
        return _with_manifest(data, suffix, sha256, _manifest_beside(uri), manifest_sha256)
    except (NotFoundError, StorageUnavailableError) as error:
        raise ModelUnavailableError(f"The model's weights cannot be fetched: {error.message}") from error


def read_files(weights: Path, manifest: Path | None = None) -> ModelFiles:
    """Read a Keras model from this machine, as it is: nothing is pinned.

    Parameters
    ----------
    weights : Path
        A ``.keras`` or ``.h5`` file.
    manifest : Path or None
        None: the one beside the weights, if there is one.

    Raises
    ------
    ConfigurationError
        If the suffix is another one, or the manifest is not valid.
    ModelIntegrityError
        If the manifest describes other weights.
    """
    suffix = weights.suffix.lower()
    if suffix not in KERAS_SUFFIXES:
        raise ConfigurationError(f"A file ending in {' or '.join(KERAS_SUFFIXES)} is expected.")
    data = weights.read_bytes()
    text = manifest.read_bytes() if manifest is not None else _manifest_beside(weights.resolve().as_uri())
    return _with_manifest(data, suffix, _checked(data, None, "weights"), text, None)


def manifest_uri(uri: str) -> str:
    """Where the manifest of ``…/name.keras`` lies: ``…/name.manifest.json``."""
    return uri.removesuffix(PurePosixPath(uri).suffix) + ".manifest.json"


def _suffix(uri: str | None, model_sha256: str | None) -> str:
    if uri is None:
        return BUNDLE
    suffix = PurePosixPath(uri).suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigurationError(
            f"MODEL_URI must end in {', '.join(SUFFIXES)} or {POINTER}; it ends in {suffix or 'no suffix'}."
        )
    if suffix == ".h5" and model_sha256 is None:
        # Older Keras versions ignore safe mode for HDF5, so such a file can run code when it is loaded.
        raise ConfigurationError("An .h5 model is served only with MODEL_SHA256 set; or save it as .keras.")
    return suffix


def _unpacked(data: bytes, sha256: str, manifest_sha256: str | None) -> ModelFiles:
    bundle = unpack(data)
    _compare(bundle.manifest_sha256, manifest_sha256, "manifest")
    return ModelFiles(bundle.graph, BUNDLE, sha256, bundle.manifest, bundle.manifest_sha256)


def _with_manifest(
    weights: bytes, suffix: str, sha256: str, text: bytes | None, manifest_sha256: str | None
) -> ModelFiles:
    if text is None:
        if manifest_sha256 is not None:
            raise ModelIntegrityError("A manifest is pinned, but none lies beside the weights.")
        return ModelFiles(weights, suffix, sha256, None, None)
    manifest_digest = _checked(text, manifest_sha256, "manifest")
    manifest = parse(text)
    _checked(weights, manifest.weights_sha256, "weights")
    return ModelFiles(weights, suffix, sha256, manifest, manifest_digest)


def _manifest_beside(uri: str | None) -> bytes | None:
    if uri is None:
        return None
    try:
        return storage.read(manifest_uri(uri))
    except NotFoundError:
        # A model without a manifest is served by documented rules, and each answer says so.
        return None


def _embedded() -> bytes:
    try:
        return (resources.files("mammo_core.assets") / "default.mammo").read_bytes()
    except (ModuleNotFoundError, OSError) as error:
        raise ModelUnavailableError(
            f"This installation lacks the embedded model ({type(error).__name__}); set MODEL_URI."
        ) from error


def _checked(data: bytes, expected: str | None, what: str) -> str:
    digest = hashlib.sha256(data).hexdigest()
    _compare(digest, expected, what)
    return digest


def _compare(digest: str, expected: str | None, what: str) -> None:
    if expected is not None and digest != expected:
        raise ModelIntegrityError(
            f"The sha256 of the {what} is {digest[:12]}…, expected is {expected[:12]}…."
        )
