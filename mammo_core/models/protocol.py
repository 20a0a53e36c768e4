"""What every model backend offers; a fake for tests implements the same."""

from dataclasses import dataclass
from typing import Protocol

from mammo_core.models.manifest import Manifest
from mammo_core.records import FloatArray, ModelInput, ModelOutput


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which weights run, and through what.

    Parameters
    ----------
    sha256 : str
        Digest of the weights file.
    manifest_sha256 : str or None
        Digest of the manifest file; None if there was none.
    backend : str
        ``litert`` or ``keras``.
    """

    sha256: str
    manifest_sha256: str | None
    backend: str

    @property
    def digest(self) -> str:
        """Weights and manifest as one: a new threshold gives another answer, like new weights do."""
        return f"{self.sha256}:{self.manifest_sha256 or 'no manifest'}"


class Model(Protocol):
    """A loaded network with its declaration."""

    @property
    def manifest(self) -> Manifest:
        """What the model declares about itself."""

    @property
    def identity(self) -> ModelIdentity:
        """Which weights these are."""

    def run(self, model_input: ModelInput) -> ModelOutput:
        """Predict, and return the evidence behind the prediction where the network allows it.

        Raises
        ------
        InferenceError
            If the network gives no finite score. A missing or broken target layer is not an error:
            the output then says why it holds no evidence.
        """

    def explained_scores(self, images: FloatArray) -> FloatArray:
        """Score several inputs without looking inside.

        Parameters
        ----------
        images : ndarray of shape (n, rows, columns, channels), float32
            Prepared as for :meth:`run`.

        Returns
        -------
        ndarray of shape (n,), float32
            z of each, the explained logit: see :class:`mammo_core.records.Evidence`.

        Raises
        ------
        InferenceError
            If the network cannot be run.
        """
