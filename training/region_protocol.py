"""The measurement of the region classifier: nested, repeated cross-validation and its patient bootstrap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo_core.evaluation.resampling import Plan, Statistic, draws
from training.region_learning import Floats, Indices, Regions, Setting, choose, fit, folds, predicted
from training.region_samples import NO_LESION, Samples

OUTER_FOLDS = 5
REPEATS = 20
LEVEL = 0.975
"""Of the intervals: 95 % divided among two taxonomies."""
RECALL_LEVEL = 1.0 - (1.0 - LEVEL) / 4
"""Of the recalls' intervals: that any of four lesion classes may be named is four claims, not one."""
BOOTSTRAP = Plan(resamples=40_000, seed=0)
"""So many that a bound of a few regions moves by less than 0.01 with the seed."""
NAMED_FROM = 0.5
"""Probability from which a lesion class is named."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Classes of an answer, ``no_lesion`` the last, and which kinds of sample belong to them."""

    name: str
    classes: tuple[str, ...]
    merged: tuple[tuple[str, str], ...] = ()

    def index(self, kind: str) -> int:
        """The class of a sample."""
        return self.classes.index(dict(self.merged).get(kind, kind))


FIVE = Taxonomy("five classes", ("mass", "calcification", "architectural_distortion", "asymmetry", NO_LESION))
FOUR = Taxonomy(
    "four classes",
    ("mass", "calcification", "other_lesion", NO_LESION),
    (("architectural_distortion", "other_lesion"), ("asymmetry", "other_lesion")),
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A share with its interval, and what guessing gives."""

    value: float
    low: float
    high: float
    chance: float

    @property
    def passed(self) -> bool:
        """Whether the lower bound is above chance, in four digits: rounding noise is no evidence."""
        return round(self.low, 4) > round(self.chance, 4)


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What the measurement of one taxonomy gave.

    Parameters
    ----------
    taxonomy : Taxonomy
    counts : tuple of int
        Real regions of each class.
    patients : int
    confusion : ndarray of shape (classes, classes)
        Rows: what a region is; columns: what it is taken for; mean shares over the repeats.
    overall, among_lesions : Bound
        Balanced accuracies of the rule's two parts.
    lesion_or_not : Bound
        Balanced accuracy of telling lesions from no lesion: it decides nothing.
    recalls : tuple of Bound
        One per class.
    named : ndarray of shape (classes, classes)
        The same as ``confusion``, of regions with a lesion class of at least :data:`NAMED_FROM`; what is
        missing to 1 in a row is answered ``indeterminate``. The last column is zero.
    settings : tuple of Setting
        Chosen in the outer folds.
    """

    taxonomy: Taxonomy
    counts: tuple[int, ...]
    patients: int
    confusion: Floats
    overall: Bound
    among_lesions: Bound
    lesion_or_not: Bound
    recalls: tuple[Bound, ...]
    named: Floats
    settings: tuple[Setting, ...]

    @property
    def passed(self) -> bool:
        """Whether the rule lets it ship."""
        return self.overall.passed and self.among_lesions.passed


def as_regions(samples: Samples, taxonomy: Taxonomy) -> Regions:
    """Samples as arrays."""
    listed = samples.samples
    _, patients = np.unique([sample.patient for sample in listed], return_inverse=True)
    return Regions(
        np.stack([sample.features for sample in listed]),
        np.array([taxonomy.index(sample.kind) for sample in listed], dtype=np.intp),
        patients.astype(np.intp),
        np.array([sample.real for sample in listed], dtype=np.bool_),
    )


def run(samples: Samples, taxonomy: Taxonomy, *, repeats: int = REPEATS) -> Result:
    """Measure one taxonomy on the real regions."""
    regions = as_regions(samples, taxonomy)
    probabilities, settings = cross_validated(regions, len(taxonomy.classes), repeats)
    real = regions.part(regions.real)
    return summarised(taxonomy, real.classes, real.patients, probabilities, settings)


def cross_validated(regions: Regions, classes: int, repeats: int) -> tuple[Floats, tuple[Setting, ...]]:
    """Probabilities (repeats, real regions, classes) from classifiers that never saw the patient."""
    kept = []
    settings: list[Setting] = []
    for repeat in range(repeats):
        found = np.full((regions.classes.size, classes), np.nan)
        for number, test in enumerate(folds(regions, OUTER_FOLDS, seed=repeat)):
            rest = regions.part(~test)
            settings.append(choose(rest, classes, seed=1000 + OUTER_FOLDS * repeat + number))
            classifier = fit(rest, classes, settings[-1])
            copy = repeat % regions.features.shape[1]
            found[test] = predicted(classifier, regions.features[test, copy : copy + 1])[:, 0]
        kept.append(found[regions.real])
    return np.stack(kept), tuple(settings)


def summarised(
    taxonomy: Taxonomy,
    classes: Indices,
    patients: Indices,
    probabilities: Floats,
    settings: tuple[Setting, ...],
) -> Result:
    """Turn probabilities (repeats, n, classes) into the numbers of the report."""
    count = len(taxonomy.classes)
    shares = _shares(probabilities.argmax(axis=2), count)
    among = _shares(probabilities[:, :, :-1].argmax(axis=2), count)
    certain = probabilities[:, :, :-1].max(axis=2) >= NAMED_FROM
    named = _shares(np.where(certain, probabilities[:, :, :-1].argmax(axis=2), count - 1), count)
    named[:, -1] = 0.0

    def numbers(drawn: Indices) -> Floats:
        found = classes[drawn]
        recalls = np.array([_mean(shares[drawn, k][found == k]) for k in range(count)])
        type_recalls = np.array([_mean(among[drawn, k][found == k]) for k in range(count - 1)])
        called = 1.0 - shares[drawn, -1]
        detected = (_mean(called[found < count - 1]) + recalls[-1]) / 2.0
        return np.array([recalls.mean(), type_recalls.mean(), detected, *recalls])

    chances = [1 / count, 1 / (count - 1), 0.5, *[1 / count] * count]
    levels = [LEVEL] * 3 + [RECALL_LEVEL] * count
    bounds = _bounds(numbers, patients, chances, levels)
    return Result(
        taxonomy=taxonomy,
        counts=tuple(int(n) for n in np.bincount(classes, minlength=count)),
        patients=int(np.unique(patients).size),
        confusion=_by_class(shares, classes, count),
        overall=bounds[0],
        among_lesions=bounds[1],
        lesion_or_not=bounds[2],
        recalls=tuple(bounds[3:]),
        named=_by_class(named, classes, count),
        settings=settings,
    )


def _bounds(numbers: Statistic, patients: Indices, chances: list[float], levels: list[float]) -> list[Bound]:
    drawn = np.array([numbers(indices) for indices in draws(patients, BOOTSTRAP)])
    drawn = drawn[np.isfinite(drawn).all(axis=1)]
    values = numbers(np.arange(patients.size))
    ends = [
        np.quantile(drawn[:, number], [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
        for number, level in enumerate(levels)
    ]
    return [
        Bound(float(value), float(low), float(high), chance)
        for value, (low, high), chance in zip(values, ends, chances, strict=True)
    ]


def _shares(chosen: NDArray[np.intp], count: int) -> Floats:
    """How often each region (n, count) is taken for each class, over the repeats."""
    return np.asarray(np.eye(count)[chosen].mean(axis=0))


def _by_class(shares: Floats, classes: Indices, count: int) -> Floats:
    return np.array([shares[classes == k].mean(axis=0) for k in range(count)])


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else float("nan")
