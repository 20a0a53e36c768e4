"""What tells cancer without looking for it: age, machine, and plain statistics of the image.

A model has to beat them, or it may have learnt them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from mammo_core.evaluation.resampling import Estimate, Plan, estimate
from mammo_core.evaluation.statistics import auc
from training.mammogram.folds import fold_of
from training.mammogram.views import Collection, View

Floats = NDArray[np.float64]

PENALTY = 0.01
"""Of the ridge, for each image."""
UNDEFINED = "it takes positive and negative images"


@dataclass(frozen=True, slots=True)
class Compared:
    """One competitor.

    Parameters
    ----------
    name : str
    alone : Estimate
        Its AUC.
    behind : Estimate
        The model's AUC less its own, on the same images in each resample.
    """

    name: str
    alone: Estimate
    behind: Estimate


def compare(
    collection: Collection, scores: Mapping[str, float], *, plan: Plan
) -> tuple[Estimate, tuple[Compared, ...]]:
    """Compare a model's scores with what the competitors make of the same images.

    Parameters
    ----------
    collection : Collection
        The competitors learn from its other folds, as the model did.
    scores : mapping of str to float
        Image to the model's score, out of fold.
    plan : Plan

    Returns
    -------
    Estimate
        The model's AUC.
    tuple of Compared
    """
    views = [v for v in collection.views if v.positive is not None and v.facts.get("age") is not None]
    folds = fold_of(collection.views)
    own = np.array([folds[view.patient] for view in views])
    labels = np.array([bool(view.positive) for view in views])
    chosen = np.array([view.image in scores for view in views])
    model = np.array([scores.get(view.image, 0.0) for view in views])
    rivals = dict(_rivals(collection, views, labels, own))
    _, patients = np.unique([view.patient for view in views], return_inverse=True)

    def areas(at: NDArray[np.intp]) -> Floats:
        drawn = np.flatnonzero(chosen)[at]
        found = [auc(each[drawn], labels[drawn]) for each in (model, *rivals.values())]
        return np.array([*found, *(found[0] - other for other in found[1:])])

    estimates = estimate(areas, patients[chosen], plan, undefined=UNDEFINED, numbers=1 + 2 * len(rivals))
    alone, behind = estimates[1 : 1 + len(rivals)], estimates[1 + len(rivals) :]
    return estimates[0], tuple(Compared(name, a, b) for name, a, b in zip(rivals, alone, behind, strict=True))


def as_markdown(model: Estimate, compared: Sequence[Compared]) -> str:
    """A table."""
    lines = [
        "| score | images | AUC (95 % interval) | model − this |",
        "|---|---|---|---|",
        f"| model | {model.n} | {in_words(model)} | |",
        *(
            f"| {each.name} | {each.alone.n} | {in_words(each.alone)} | {in_words(each.behind)} |"
            for each in compared
        ),
    ]
    return "\n".join(lines) + "\n"


def in_words(value: Estimate) -> str:
    """The value and its interval."""
    if value.value is None:
        return value.reason or ""
    if value.low is None or value.high is None:
        return f"{value.value:.3f}"
    return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"


def _rivals(
    collection: Collection, views: Sequence[View], labels: NDArray[np.bool_], own: NDArray[np.intp]
) -> Iterator[tuple[str, Floats]]:
    ages = np.array([_number(view.facts["age"]) for view in views])
    age = np.where(np.isnan(ages), np.nanmean(ages), ages)[:, None]
    names = sorted({view.facts.get("machine", "") for view in views})
    machine = np.array([[view.facts.get("machine", "") == name for name in names] for view in views], float)
    statistics = np.array([image_statistics(collection, view) for view in views])
    yield "age", age[:, 0]
    yield "machine", out_of_fold(machine, labels, own)
    yield "image statistics", out_of_fold(statistics, labels, own)
    yield "all three", out_of_fold(np.hstack([age, machine, statistics]), labels, own)


def image_statistics(collection: Collection, view: View) -> list[float]:
    """Twelve numbers of a view that see no lesion: grey values, their spread, size and form of the breast."""
    image, tissue = collection.image(view), collection.tissue_of(view)
    breast = np.kron(tissue > 0.5, np.ones((8, 8), dtype=np.bool_))
    values = image[breast] if breast.any() else image.ravel()
    rows, columns = np.nonzero(tissue > 0.5)
    down, across = np.gradient(image)
    return [
        *np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist(),
        float(values.mean()),
        float(values.std()),
        float(np.hypot(down, across)[breast].mean()) if breast.any() else 0.0,
        float(tissue.mean()),
        float(np.ptp(rows)) if rows.size else 0.0,
        float(np.ptp(columns)) if columns.size else 0.0,
        float(view.place.row_scale),
    ]


def out_of_fold(features: Floats, labels: NDArray[np.bool_], folds: NDArray[np.intp]) -> Floats:
    """Log-odds (n,) of a ridge logistic regression that learnt from the other folds."""
    scores = np.zeros(labels.size)
    for fold in np.unique(folds):
        learnt = folds != fold
        centre, scale = features[learnt].mean(axis=0), np.maximum(features[learnt].std(axis=0), 1e-6)
        standard = (features - centre) / scale
        weights = ridge(standard[learnt], labels[learnt], PENALTY)
        scores[~learnt] = standard[~learnt] @ weights[1:] + weights[0]
    return scores


def ridge(features: Floats, labels: NDArray[np.bool_], penalty: float) -> Floats:
    """Bias and weights (1 + k,) of a logistic regression on standardised features (n, k)."""
    design = np.hstack([np.ones((len(features), 1)), features])
    wanted = labels.astype(np.float64)

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits = design @ weights
        missing = np.logaddexp(0.0, logits) - wanted * logits
        slope = design.T @ (1.0 / (1.0 + np.exp(-logits)) - wanted) / wanted.size
        shrink = np.concatenate([[0.0], weights[1:]]) * penalty
        return float(missing.mean() + 0.5 * shrink @ weights), slope + shrink

    found: Floats = optimize.minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B").x
    return found


def _number(text: str) -> float:
    return float(text) if text else float("nan")
