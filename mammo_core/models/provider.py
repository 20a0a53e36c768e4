"""The one model of this process: loaded on first use, then kept until its pointer names another."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic, perf_counter
from typing import Protocol

from mammo_core import log, storage
from mammo_core.attempt import place
from mammo_core.errors import (
    ConfigurationError,
    MammoError,
    ModelIntegrityError,
    ModelUnavailableError,
    NotFoundError,
    StorageUnavailableError,
)
from mammo_core.models.pointer import read_pointer, target_uri
from mammo_core.models.protocol import Model
from mammo_core.models.rehearsal import rehearse
from mammo_core.models.store import BUNDLE, POINTER, ModelFiles, fetch
from mammo_core.settings import Settings

LOOK_AGAIN_S = 60.0
"""A pointer is looked at once in this time."""


class ModelSource(Protocol):
    """Where the model comes from."""

    def load(self) -> Model:
        """Fetch and load the model, or raise a :class:`mammo_core.errors.MammoError`."""

    def changed(self) -> bool:
        """Whether another model would be loaded now."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A loaded model, and what it cost this call.

    Parameters
    ----------
    model : Model
    load_ms : float or None
        How long it took to fetch and load, if this call did it.
    """

    model: Model
    load_ms: float | None = None


class Models(Protocol):
    """Where an analysis gets its model."""

    def get(self) -> Held:
        """Return the model, loaded if need be, or raise a :class:`mammo_core.errors.MammoError`."""


class OneModel:
    """A provider of the model that is held.

    Parameters
    ----------
    held : Held
    """

    def __init__(self, held: Held) -> None:
        self._held = held

    def get(self) -> Held:
        """Return it, with what it cost to load."""
        return self._held


class ModelProvider:
    """Keep one loaded model, however many threads ask for it.

    A load that failed because something was unavailable is tried again by the next request; any other failure
    would be the same, and is repeated for a while. A changed source is loaded beside the model that is
    served, and takes its place only when it is ready; if it cannot be loaded, the old model goes on.

    Parameters
    ----------
    source : ModelSource
    clock : callable
        Seconds.
    """

    def __init__(self, source: ModelSource, *, clock: Callable[[], float] = monotonic) -> None:
        self._source = source
        self._clock = clock
        self._lock = Lock()
        self._model: Model | None = None
        self._failure: MammoError | None = None
        self._looked_at = 0.0

    def get(self) -> Held:
        """Return the model, loading it if this is the first call or its pointer has moved.

        Raises
        ------
        MammoError
            If there is no model and none can be loaded.
        """
        model = self._model
        if model is None:
            with self._lock:
                return Held(self._model) if self._model is not None else self._load()
        if self._is_due() and self._lock.acquire(blocking=False):
            # One request looks; the others are answered by the model that is there.
            try:
                return self._refreshed(model)
            finally:
                self._lock.release()
        return Held(model)

    def _is_due(self) -> bool:
        return self._clock() - self._looked_at >= LOOK_AGAIN_S

    def _load(self) -> Held:
        if self._failure is not None and not self._is_due():
            raise type(self._failure)(self._failure.message) from self._failure
        start = perf_counter()
        self._looked_at = self._clock()
        try:
            model = self._source.load()
        except MammoError as error:
            self._failure = None if error.retryable else error
            raise
        self._model = model
        return Held(model, round((perf_counter() - start) * 1000, 1))

    def _refreshed(self, model: Model) -> Held:
        self._looked_at = self._clock()
        try:
            if not self._source.changed():
                return Held(model)
            # Of the model before: what is there now may load.
            self._failure = None
            held = self._load()
        except Exception as error:  # whatever it is, there is a model that serves
            code = error.code if isinstance(error, MammoError) else type(error).__name__
            log.event("model_kept", f"{code} at {place(error)}", level="warning")
            return Held(model)
        log.event("model_swapped", f"from {model.identity.sha256[:12]} to {held.model.identity.sha256[:12]}")
        return held


class ConfiguredSource:
    """The model that the settings name.

    With ``MODEL_SHA256`` or ``MANIFEST_SHA256`` set, the model is pinned: a pointer is read once, and must
    name these digests.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._etag: str | None = None

    def load(self) -> Model:
        """Fetch and load the model.

        Raises
        ------
        MammoError
            As :func:`mammo_core.models.store.fetch` and the backends say. There is no stand-in: without
            weights there is no score.
        """
        files, etag = self._fetch()
        model = self._built(files)
        # Only now: a pointer whose model could not be loaded is followed again.
        self._etag = etag
        return model

    def changed(self) -> bool:
        """Whether the pointer is another one than at the last load."""
        uri = self._settings.model_uri
        return self._etag is not None and uri is not None and storage.etag(uri) != self._etag

    def _built(self, files: ModelFiles) -> Model:
        if files.suffix != BUNDLE:
            from mammo_core.models.keras import KerasModel

            return KerasModel(files)
        from mammo_core.models.litert import LiteRTModel

        if not self._is_vouched_for():
            rehearse(files.weights)
        return LiteRTModel(files)

    def _is_vouched_for(self) -> bool:
        """Whether a graph need not be tried out first, which costs a process.

        The package's own and a pinned one are known. At the first load of a process nothing is lost if the
        graph that a pointer names crashes; later, a model that is served would be.
        """
        uri = self._settings.model_uri
        if uri is None or self._settings.model_sha256 is not None:
            return True
        return uri.lower().endswith(POINTER) and self._etag is None

    def _fetch(self) -> tuple[ModelFiles, str | None]:
        """The files, and the mark of the pointer that is to be followed."""
        uri, pinned = self._settings.model_uri, self._settings.model_sha256
        manifest_pinned = self._settings.manifest_sha256
        if uri is None or not uri.lower().endswith(POINTER):
            return fetch(uri, model_sha256=pinned, manifest_sha256=manifest_pinned), None
        stored = _pointer_at(uri)
        pointer = read_pointer(stored.data)
        if pinned not in (None, pointer.sha256) or manifest_pinned not in (None, pointer.manifest_sha256):
            raise ModelIntegrityError("The pointer names another model than the pinned one.")
        target = target_uri(uri, pointer)
        if target.lower().endswith(".h5") and pinned is None:
            # A digest from the pointer is no pin: who writes one may write the other.
            raise ConfigurationError(
                "An .h5 model is served only with MODEL_SHA256 set; or save it as .keras."
            )
        files = fetch(target, model_sha256=pointer.sha256, manifest_sha256=pointer.manifest_sha256)
        return files, None if pinned or manifest_pinned else stored.etag


def _pointer_at(uri: str) -> storage.Stored:
    try:
        return storage.read_stored(uri)
    except (NotFoundError, StorageUnavailableError) as error:
        # Not "not found": the caller's object is there, it is the model that is not yet.
        raise ModelUnavailableError(f"The model's pointer cannot be read: {error.message}") from error
