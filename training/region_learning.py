"""Multinomial logistic regression with a ridge penalty, and how its settings are chosen."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from mammo_core.records import BoolArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

PENALTIES = (0.01, 0.03, 0.1, 0.3)
PHANTOM_WEIGHTS = (0.0, 0.3)
INNER_FOLDS = 4
LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Regions as arrays.

    Parameters
    ----------
    features : ndarray of shape (n, copies, features), float64
        NaN where nothing could be measured.
    classes : ndarray of shape (n,), int
    patients : ndarray of shape (n,), int
    real : ndarray of shape (n,), bool
        False for phantoms.
    """

    features: Floats
    classes: Indices
    patients: Indices
    real: BoolArray

    def part(self, chosen: BoolArray) -> "Regions":
        """Some of them."""
        return Regions(self.features[chosen], self.classes[chosen], self.patients[chosen], self.real[chosen])


@dataclass(frozen=True, slots=True)
class Setting:
    """What is chosen by the inner cross-validation."""

    penalty: float
    phantom_weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Standardisation and weights.

    Parameters
    ----------
    centre, scale : ndarray of shape (features,)
    weights : ndarray of shape (features, classes)
    bias : ndarray of shape (classes,)
    """

    centre: Floats
    scale: Floats
    weights: Floats
    bias: Floats

    def probabilities(self, features: Floats) -> Floats:
        """Of each class, (n, classes), for features (n, features)."""
        return softmax((features - self.centre) / self.scale @ self.weights + self.bias)


def softmax(logits: Floats) -> Floats:
    """Probabilities of logits, along the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    result: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return result


def fit(regions: Regions, classes: int, setting: Setting) -> Classifier:
    """Fit to all copies of all regions; every class has the same total weight.

    Minimises the mean over the classes of the log loss, plus penalty / 2 · Σ weights².
    """
    copies = regions.features.shape[1]
    rows = regions.features.reshape(-1, regions.features.shape[2])
    labels = np.repeat(regions.classes, copies)
    weight = np.repeat(np.where(regions.real, 1.0, setting.phantom_weight), copies)
    usable = np.isfinite(rows).all(axis=1) & (weight > 0.0)
    rows, labels, weight = rows[usable], labels[usable], weight[usable]
    weight = weight / np.bincount(labels, weights=weight, minlength=classes)[labels] / classes
    centre = np.average(rows, axis=0, weights=weight)
    scale = np.maximum(np.sqrt(np.average((rows - centre) ** 2, axis=0, weights=weight)), 1e-9)
    inputs = (rows - centre) / scale
    wanted = np.eye(classes)[labels]
    shape = (inputs.shape[1] + 1, classes)

    def loss(flat: Floats) -> tuple[float, Floats]:
        matrix = flat.reshape(shape)
        found = softmax(inputs @ matrix[:-1] + matrix[-1])
        off = weight[:, None] * (found - wanted)
        slope = np.vstack([inputs.T @ off + setting.penalty * matrix[:-1], off.sum(axis=0)])
        likely = np.log(np.maximum(found[np.arange(labels.size), labels], 1e-300))
        value = -float(weight @ likely) + 0.5 * setting.penalty * float((matrix[:-1] ** 2).sum())
        return value, slope.ravel()

    best = optimize.minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B").x.reshape(shape)
    return Classifier(centre, scale, best[:-1], best[-1])


def choose(regions: Regions, classes: int, seed: int) -> Setting:
    """The setting with the least log loss per class in an inner cross-validation by patient."""
    settings = [Setting(*pair) for pair in product(PENALTIES, PHANTOM_WEIGHTS)]
    splits = list(folds(regions, INNER_FOLDS, seed))
    losses = [
        np.concatenate([_losses(regions, test, classes, setting) for test in splits]) for setting in settings
    ]
    labels = np.concatenate([regions.classes[test] for test in splits])
    means = [np.mean([loss[labels == k].mean() for k in np.unique(labels)]) for loss in losses]
    return settings[int(np.argmin(means))]


def folds(regions: Regions, count: int, seed: int) -> Iterator[BoolArray]:
    """Masks of the real regions of each fold: whole patients, rare classes spread evenly."""
    rng = np.random.default_rng(seed)
    real = regions.part(regions.real)
    patients: Indices = rng.permutation(np.unique(real.patients))
    sizes = np.bincount(real.classes)
    # A patient counts as one of the rarest class that she has.
    rarest = [
        min(real.classes[real.patients == patient], key=lambda kind: (sizes[kind], kind))
        for patient in patients
    ]
    order: Indices = patients[np.argsort(rarest, kind="stable")]
    shift = rng.permutation(count)
    for fold in range(count):
        yield np.logical_and(regions.real, np.isin(regions.patients, order[shift[fold] :: count]))


def _losses(regions: Regions, test: BoolArray, classes: int, setting: Setting) -> Floats:
    """Log loss of each tested region, mean over its copies."""
    found = predicted(fit(regions.part(~test), classes, setting), regions.features[test])
    likely = found[np.arange(found.shape[0]), :, regions.classes[test]]
    losses: Floats = -np.log(np.maximum(likely, LEAST_PROBABILITY)).mean(axis=1)
    return losses


def predicted(classifier: Classifier, features: Floats) -> Floats:
    """Probabilities, (n, copies, classes); what cannot be measured is surely the last class."""
    measured: BoolArray = np.isfinite(features.min(axis=-1))
    found = classifier.probabilities(np.where(measured[..., None], features, classifier.centre))
    nothing = np.zeros(found.shape[-1])
    nothing[-1] = 1.0
    result: Floats = np.where(measured[..., None], found, nothing)
    return result
