"""How good a network is, measured on cached views: for choosing between networks, not for publishing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mammo_core.evaluation.lesions import TOLERANCE_MM, Circle, Ruler
from mammo_core.evaluation.localisation import Field, Target
from mammo_core.evaluation.statistics import auc
from mammo_core.geometry import resample
from training.mammogram.augment import coverage
from training.mammogram.catalogue import FILM, FILM_MM, RSNA
from training.mammogram.ground import Ground
from training.mammogram.inputs import GRID
from training.mammogram.planting import plant
from training.mammogram.views import Collection, View

Floats = NDArray[np.float32]

CHUNK = 8
PLANTED_SEED = 7
PLANTED = 60
"""Views into which one lesion each is planted, always the same."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; None where there is nothing to measure on.

    Parameters
    ----------
    auc : float or None
        Cancer or not, digital views.
    film_auc, film_cancer_auc : float or None
        Films: with a finding or normal, cancer or anything else.
    pointing : float or None
        Share of films with annotated lesions whose strongest cell lies on one.
    planted : float or None
        The same of single synthetic lesions in healthy digital views, within a cell.
    """

    auc: float | None
    film_auc: float | None
    film_cancer_auc: float | None
    pointing: float | None
    planted: float | None


def measure(network: Any, collection: Collection, views: Sequence[View]) -> Figures:  # noqa: ANN401
    """Measure a network on views that it has not seen.

    Parameters
    ----------
    network : keras.Model
        Of :func:`training.mammogram.network.build`.
    collection : Collection
    views : sequence of View
    """
    digital = [view for view in views if view.source == RSNA]
    films = [view for view in views if view.source == FILM]
    _, scores = predict(network, [collection.image(view) for view in digital])
    heats, film_scores = predict(network, [collection.image(view) for view in films])
    hits = [points_at(view, heat) for view, heat in zip(films, heats, strict=True) if view.spots]
    return Figures(
        auc=_auc(scores, [bool(view.positive) for view in digital]),
        film_auc=_auc(film_scores, [not view.healthy for view in films]),
        film_cancer_auc=_auc(film_scores, [view.positive is True for view in films]),
        pointing=float(np.mean(hits)) if hits else None,
        planted=_planted(network, collection, [view for view in digital if view.healthy]),
    )


def predict(network: Any, images: Sequence[Floats]) -> tuple[Floats, Floats]:  # noqa: ANN401
    """Maps (n, *GRID) and scores (n,) of images, in logits."""
    heats, scores = [np.zeros((0, *GRID), dtype=np.float32)], [np.zeros(0, dtype=np.float32)]
    for start in range(0, len(images), CHUNK):
        output = network.predict_on_batch(np.stack(images[start : start + CHUNK])[..., None])
        heats.append(np.asarray(output["heat"], dtype=np.float32))
        scores.append(np.asarray(output["score"], dtype=np.float32)[:, 0])
    return np.concatenate(heats), np.concatenate(scores)


def points_at(view: View, heat: Floats) -> bool:
    """Whether the strongest place of the map lies on an annotated lesion, or within 3 mm of one."""
    grid = view.place.transform
    placed = resample(heat - heat.min(), grid.resized(GRID), grid)
    circles = []
    for spot in view.spots:
        row, column = grid.to_source(spot.row, spot.column)
        circles.append(Circle(row, column, spot.down / grid.row.scale))
    whole = Field(grid, np.ones(grid.shape, dtype=np.bool_))
    ruler = Ruler(FILM_MM, FILM_MM, TOLERANCE_MM, "mm")
    return Target(tuple(circles), whole, ruler).measure(placed).hit == 1.0


def _planted(network: Any, collection: Collection, views: Sequence[View]) -> float | None:  # noqa: ANN401
    images, wanted = [], []
    for number, view in enumerate(views[:: max(1, len(views) // PLANTED)][:PLANTED]):
        ground = Ground(collection.image(view), collection.tissue_of(view), view.mm, view.source)
        image, spots = plant(ground, np.random.default_rng([PLANTED_SEED, number]), count=1)
        if spots:
            images.append(image)
            wanted.append(coverage(spots)[0])
    if not images:
        return None
    heats, _ = predict(network, images)
    hits = [shares.flat[int(np.argmax(heat))] > 0.0 for shares, heat in zip(wanted, heats, strict=True)]
    return float(np.mean(hits))


def _auc(scores: Floats, labels: Sequence[bool]) -> float | None:
    wanted = np.array(labels, dtype=np.bool_)
    if wanted.all() or not wanted.any():
        return None
    return auc(scores.astype(np.float64), wanted)
