"""Whether a model is worth the same for all: its AUC by machine, density, view and age."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mammo_core.evaluation.resampling import Estimate, Plan, estimate
from mammo_core.evaluation.statistics import auc
from training.mammogram.competitors import UNDEFINED, in_words
from training.mammogram.views import View

BANDS = (50, 60, 70)
"""Ages at which a new band begins."""
SMALLEST = 40
"""Images; of a smaller group nothing can be said."""


@dataclass(frozen=True, slots=True)
class Subgroup:
    """One group: what it has in common, its images, those with cancer, and the model's AUC on them."""

    fact: str
    value: str
    images: int
    positive: int
    area: Estimate


def subgroups(views: tuple[View, ...], scores: Mapping[str, float], *, plan: Plan) -> list[Subgroup]:
    """Measure every group of at least :data:`SMALLEST` images.

    Parameters
    ----------
    views : tuple of View
    scores : mapping of str to float
        Image to score, out of fold; others are left out.
    plan : Plan
    """
    scored = [view for view in views if view.image in scores and view.positive is not None]
    found = []
    for fact, value_of in FACTS.items():
        values = {view.image: value_of(view) for view in scored}
        for value in sorted(set(values.values())):
            group = [view for view in scored if values[view.image] == value]
            if len(group) >= SMALLEST:
                found.append(_measured(fact, value, group, scores, plan))
    return found


def as_markdown(groups: list[Subgroup]) -> str:
    """A table."""
    return (
        "\n".join(
            [
                "| | group | images | with cancer | AUC (95 % interval) |",
                "|---|---|---|---|---|",
                *_rows(groups),
            ]
        )
        + "\n"
    )


def _rows(groups: list[Subgroup]) -> Iterator[str]:
    for group in groups:
        share = group.positive / group.images
        yield (
            f"| {group.fact} | {group.value} | {group.images} | {group.positive} ({share:.0%}) "
            f"| {in_words(group.area)} |"
        )


def _measured(fact: str, value: str, group: list[View], scores: Mapping[str, float], plan: Plan) -> Subgroup:
    labels = np.array([bool(view.positive) for view in group])
    values = np.array([scores[view.image] for view in group], dtype=np.float64)
    _, patients = np.unique([view.patient for view in group], return_inverse=True)
    (area,) = estimate(
        lambda at: np.array([auc(values[at], labels[at])]), patients, plan, undefined=UNDEFINED
    )
    return Subgroup(fact, value, len(group), int(labels.sum()), area)


def _age(view: View) -> str:
    text = view.facts.get("age", "")
    if not text:
        return "unknown"
    band = int(np.searchsorted(BANDS, float(text), side="right"))
    names = [
        f"under {BANDS[0]}",
        *(f"{low} to {high - 1}" for low, high in pairwise(BANDS)),
    ]
    return [*names, f"{BANDS[-1]} and over"][band]


FACTS: dict[str, Callable[[View], str]] = {
    "machine": lambda view: view.facts.get("machine") or "unknown",
    "density": lambda view: view.facts.get("density") or "unknown",
    "view": lambda view: view.facts.get("view") or "unknown",
    "age": _age,
}
