"""Store a bundle under its digest, try it out, and move the pointer to it as the last step."""

import hashlib
from dataclasses import dataclass, field

from mammo_core.aws import objects
from mammo_core.errors import (
    ConfigurationError,
    ModelIntegrityError,
    NotFoundError,
    StorageUnavailableError,
)
from mammo_core.models.bundle import unpack
from mammo_core.models.pointer import Pointer, read_pointer
from mammo_core.models.provider import Held, OneModel
from mammo_core.models.store import BUNDLE, POINTER, ModelFiles

FOLDER = "models/"
"""Of bundles, beside the pointer."""
MEDIA_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a model is published.

    Parameters
    ----------
    bucket : str
    pointer_key : str
        What ``MODEL_URI`` names.
    """

    bucket: str
    pointer_key: str

    @property
    def folder(self) -> str:
        """The pointer's, empty or with a stroke at its end."""
        head, stroke, _ = self.pointer_key.rpartition("/")
        return head + stroke

    @property
    def uri(self) -> str:
        """Of the pointer."""
        return f"s3://{self.bucket}/{self.pointer_key}"


@dataclass(frozen=True, slots=True)
class Move:
    """A pointer that is about to name another bundle, which is stored.

    Parameters
    ----------
    destination : Destination
    pointer : Pointer
        What it will say.
    previous : Pointer or None
        What it says; None if there is none that could be read.
    condition : str
        Under which it may be moved: that it still says so.
    """

    destination: Destination
    pointer: Pointer
    previous: Pointer | None
    condition: str = field(repr=False)

    def do(self) -> None:
        """Move the pointer, unless it says so already.

        Raises
        ------
        StorageUnavailableError
            Also if somebody else moved the pointer at the same time.
        MammoError
            As :func:`mammo_core.aws.objects.put`.
        """
        if self.previous == self.pointer:
            return
        place = self.destination
        text = (self.pointer.model_dump_json(indent=2) + "\n").encode()
        moved = objects.put(place.bucket, place.pointer_key, text, "application/json", only_if=self.condition)
        if moved is None:
            raise StorageUnavailableError("Somebody else has moved the pointer just now.")


def destination_of(uri: str) -> Destination:
    """Read ``s3://bucket/folder`` or ``s3://bucket/folder/pointer.json``.

    Raises
    ------
    ConfigurationError
        If it is neither.
    """
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if (scheme, separator) != ("s3", "://") or not bucket:
        raise ConfigurationError(
            "A model is published to s3://bucket, s3://bucket/folder or s3://bucket/name.json."
        )
    if key.endswith(POINTER):
        return Destination(bucket, key)
    return Destination(bucket, f"{key.strip('/')}/current.json".lstrip("/"))


def try_out(bundle: bytes) -> Pointer:
    """Load a bundle and send the sample image through the whole way.

    Returns
    -------
    Pointer
        Its digests, and the key that it will have in the folder of its pointer.

    Raises
    ------
    ModelIntegrityError
        If it is no bundle, or a part of the answer cannot be made with it.
    MammoError
        As :meth:`mammo_core.service.AnalysisService.ready`.
    """
    from mammo_core.models.litert import LiteRTModel
    from mammo_core.service import AnalysisService
    from mammo_core.settings import load_settings

    opened = unpack(bundle)
    sha256 = hashlib.sha256(bundle).hexdigest()
    files = ModelFiles(opened.graph, BUNDLE, sha256, opened.manifest, opened.manifest_sha256)
    ready, problems = AnalysisService(load_settings(), OneModel(Held(LiteRTModel(files)))).ready()
    if ready.status != "ready":
        raise ModelIntegrityError(f"The sample does not go the whole way with this model: {problems[0]}.")
    return Pointer(key=f"{FOLDER}{sha256}{BUNDLE}", sha256=sha256, manifest_sha256=opened.manifest_sha256)


def prepared(bundle: bytes, tried: Pointer, destination: Destination) -> Move:
    """Store a bundle, and look at the pointer that shall name it.

    Parameters
    ----------
    bundle : bytes
    tried : Pointer
        From :func:`try_out`.
    destination : Destination

    Raises
    ------
    MammoError
        As :func:`mammo_core.aws.objects.put`.
    """
    pointer = tried.model_copy(update={"key": destination.folder + tried.key})
    # Its name is its digest: what is there already is the same.
    objects.put(destination.bucket, pointer.key, bundle, MEDIA_TYPE, only_if=objects.ABSENT)
    condition, previous = _current(destination)
    return Move(destination, pointer, previous, condition)


def _current(destination: Destination) -> tuple[str, Pointer | None]:
    """The condition under which the pointer may be moved, and what it names."""
    try:
        stored = objects.read(destination.bucket, destination.pointer_key)
    except NotFoundError:
        return objects.ABSENT, None
    try:
        return stored.etag, read_pointer(stored.data)
    except ConfigurationError:
        # A broken pointer serves nobody: it is replaced.
        return stored.etag, None
