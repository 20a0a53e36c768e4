"""The region classifier that ships in ``assets/``: its numbers, and what its manifest says of them.

How it was made and measured: ``docs/region_type.md``. Applying it takes NumPy alone.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np

from mammo_core.errors import ModelIntegrityError
from mammo_core.findings.region_patch import Floats

ASSET = "region_type.json"


@dataclass(frozen=True, slots=True, eq=False)
class RegionClassifier:
    """Multinomial logistic regression on standardised features.

    Parameters
    ----------
    classes : tuple of str
        The last one is ``no_lesion``.
    named : tuple of str
        Those whose recall was shown to beat chance; the others are never named.
    named_from : float
        Probability from which a class is named.
    features : tuple of str
        In the order of the arrays.
    centre, scale, lowest, highest : ndarray of shape (features,)
        Standardisation, and the range of the real regions of the training data.
    weights : ndarray of shape (features, classes)
    bias : ndarray of shape (classes,)
    source : str
        Who says so, with the measured balanced accuracy.
    """

    classes: tuple[str, ...]
    named: tuple[str, ...]
    named_from: float
    features: tuple[str, ...]
    centre: Floats
    scale: Floats
    lowest: Floats
    highest: Floats
    weights: Floats
    bias: Floats
    source: str

    def probabilities(self, measured: dict[str, float]) -> dict[str, float]:
        """Of each class, as if all classes were equally frequent.

        Parameters
        ----------
        measured : dict of float
            The features by name.
        """
        values = self._ordered(measured)
        logits = (values - self.centre) / self.scale @ self.weights + self.bias
        shares = np.exp(logits - logits.max())
        return dict(zip(self.classes, map(float, shares / shares.sum()), strict=True))

    def unlike(self, measured: dict[str, float]) -> tuple[str, ...]:
        """Features that lie outside of all that the classifier was trained on."""
        values = self._ordered(measured)
        outside = (values < self.lowest) | (values > self.highest)
        return tuple(name for name, out in zip(self.features, outside, strict=True) if out)

    def _ordered(self, measured: dict[str, float]) -> Floats:
        return np.array([measured[name] for name in self.features], dtype=np.float64)


@lru_cache(maxsize=1)
def shipped() -> RegionClassifier:
    """Load the classifier of the package, once.

    Raises
    ------
    ModelIntegrityError
        If its numbers are not those that were measured.
    """
    return read(resources.files("mammo_core.assets").joinpath(ASSET).read_bytes())


def read(data: bytes) -> RegionClassifier:
    """Read a classifier with its manifest.

    Parameters
    ----------
    data : bytes
        JSON: ``manifest`` and ``classifier``, as ``training/region_asset.py`` writes it.

    Raises
    ------
    ModelIntegrityError
        If the digest of the numbers is not the manifest's.
    """
    whole = json.loads(data)
    manifest, numbers = whole["manifest"], whole["classifier"]
    if digest(numbers) != manifest["sha256"]:
        raise ModelIntegrityError("The region classifier's numbers are not those of its manifest.")
    return RegionClassifier(
        classes=tuple(manifest["classes"]),
        named=tuple(manifest["named"]),
        named_from=manifest["named_from"],
        features=tuple(manifest["features"]),
        source=source_of(manifest),
        **{name: np.array(values, dtype=np.float64) for name, values in numbers.items()},
    )


def digest(numbers: dict[str, Any]) -> str:
    """SHA-256 of a classifier's numbers, whatever their layout in the file."""
    return hashlib.sha256(json.dumps(numbers, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def source_of(manifest: dict[str, Any]) -> str:
    """Name the classifier and what it achieved where it was measured."""
    measured = manifest["measured"]["balanced_accuracy"]
    return (
        f"{manifest['id']} {manifest['version']}, balanced accuracy {measured['value']:.2f} "
        f"({measured['low']:.2f} to {measured['high']:.2f}, chance {measured['chance']:.2f}; "
        f"{manifest['measured']['data']})"
    )
