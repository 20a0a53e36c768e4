"""The one model of this process: loaded on first use, then kept."""

from collections.abc import Callable
from threading import Lock

from mammo_core.models.protocol import Model
from mammo_core.models.store import fetch
from mammo_core.settings import Settings


class ModelProvider:
    """Load a model once, however many threads ask; a failed load is tried again by the next request.

    Parameters
    ----------
    load : callable
        Returns a loaded model, or raises a :class:`mammo_core.errors.MammoError`.
    """

    def __init__(self, load: Callable[[], Model]) -> None:
        self._load = load
        self._lock = Lock()
        self._model: Model | None = None

    def get(self) -> Model:
        """Return the model, loading it if this is the first call."""
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model


def load_model(settings: Settings) -> Model:
    """Fetch and load the model that the settings name.

    Raises
    ------
    MammoError
        As :func:`mammo_core.models.store.fetch` and :class:`mammo_core.models.keras.KerasModel` say.
        There is no stand-in: without weights there is no score.
    """
    files = fetch(
        settings.model_uri,
        model_sha256=settings.model_sha256,
        manifest_sha256=settings.manifest_sha256,
    )
    from mammo_core.models.keras import KerasModel

    return KerasModel(files)
