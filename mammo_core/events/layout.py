"""Where results lie: ``results/<key>/<version>/<model>/``, the same for the same object and model."""

import hashlib
from dataclasses import dataclass, field

from mammo_core.models.protocol import ModelIdentity

ROOT = "results"
COMMIT = "analysis.json"
"""Written last: with it, a result is there; without it, whatever else lies beside it is not."""
LONGEST_KEY = 800
"""Bytes, of the 1,024 that S3 allows: the rest is for what is put around a key."""
NO_MODEL = "no-model"
"""In the place of the model's digest when there was none to be had."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of one result.

    Parameters
    ----------
    bucket : str
    folder : str
        Ends in a stroke; may name a patient, as the object's key may.
    """

    bucket: str
    folder: str = field(repr=False)

    @property
    def commit_key(self) -> str:
        """Key of ``analysis.json``."""
        return self.folder + COMMIT

    def picture_key(self, file: str) -> str:
        """Key of a file beside it."""
        return self.folder + file


def slot_of(bucket: str, key: str, version: str, model: str) -> Slot:
    """Place the result of an object.

    Parameters
    ----------
    bucket : str
        Of results.
    key : str
        Of the object.
    version : str
        Its version, or ``etag-…`` in a bucket without versions.
    model : str
        From :func:`model_mark`, or :data:`NO_MODEL`.
    """
    return Slot(bucket, f"{folder_of(key)}{version}/{model}/")


def folder_of(key: str) -> str:
    """The folder of all results of a key, of whatever version and model."""
    return f"{ROOT}/{_short(key)}/"


def model_mark(identity: ModelIdentity) -> str:
    """First 12 digits of the model's digest.

    A bundle holds its manifest, so its own digest, which ``GET /model`` answers, says all. A manifest beside
    the weights changes the answers as well, and so has to change the mark.
    """
    beside = identity.manifest_sha256 is not None and identity.backend != "litert"
    text = hashlib.sha256(identity.digest.encode()).hexdigest() if beside else identity.sha256
    return text[:12]


def _short(key: str) -> str:
    """The key, or its digest where a longer key, or one that climbs, could not be written."""
    climbs = bool({"", ".", ".."} & set(key.split("/")))
    if not climbs and len(key.encode()) <= LONGEST_KEY:
        return key
    return f"sha256-{hashlib.sha256(key.encode()).hexdigest()}"
