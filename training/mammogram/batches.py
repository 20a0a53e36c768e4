"""Batches for the two stages: which views, what is planted into them, and how they are changed."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.mammogram.augment import Strength, Warp, coverage, regrade
from training.mammogram.catalogue import FILM, RSNA
from training.mammogram.ground import Ground
from training.mammogram.lesions import Lesions
from training.mammogram.planting import plant
from training.mammogram.transplants import transplants
from training.mammogram.views import Collection, Spot, View
from training.mammogram.weaving import woven

Floats = NDArray[np.float32]

COUNTS = (0.25, 0.35, 0.25, 0.15)
"""How often 0, 1, 2 and 3 lesions are planted."""
AHEAD = 3
"""Batches that are made while the network learns."""


@dataclass(frozen=True, slots=True)
class Mix:
    """How many images of each kind a batch has.

    Parameters
    ----------
    planted, planted_film : int
        Healthy digital views and films with synthetic lesions, or none.
    labelled : int
        Digital views with a label; half of them, as far as it goes, show a cancer.
    film, normal_film : int
        Films as they are: with annotated lesions, and without a finding.
    """

    planted: int = 12
    planted_film: int = 4
    labelled: int = 0
    film: int = 0
    normal_film: int = 0

    @property
    def size(self) -> int:
        """Images in a batch."""
        return self.planted + self.planted_film + self.labelled + self.film + self.normal_film


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step learns from.

    Parameters
    ----------
    images : ndarray of shape (n, rows, columns, 1), float32
    shares, weights : ndarray of shape (n, *GRID), float32
        See :func:`training.mammogram.augment.coverage`.
    located : ndarray of shape (n,), float32
        1 if it is known of all cells whether they show a lesion.
    labels, labelled : ndarray of shape (n,), float32
        The label of the image, and the weight with which it is learnt.
    """

    images: Floats
    shares: Floats
    weights: Floats
    located: Floats
    labels: Floats
    labelled: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Example:
    image: Floats
    spots: tuple[Spot, ...]
    located: float
    label: float | None
    """None: whether a lesion is to be seen, once the view has been changed."""
    labelled: float


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Makes the batch of any step; the same step gives the same batch.

    Parameters
    ----------
    collection : Collection
    views : sequence of View
        Those that may be learnt from.
    mix : Mix
    seed : int
    strength : Strength
    transplants : float
        Share of what is planted that is lifted out of annotated films.
    woven : float
        Share of the digital views to plant into whose tissue is made of random textures.
    """

    collection: Collection
    views: Sequence[View]
    mix: Mix
    seed: int
    strength: Strength = field(default_factory=Strength)
    transplants: float = 0.0
    woven: float = 0.0

    def batches(self, first: int, steps: int) -> Iterator[Batch]:
        """Make the batches of steps ``first`` to ``steps`` - 1, some of them in advance."""
        makers = self._makers()
        with ThreadPoolExecutor(1) as pool:
            waiting = [
                pool.submit(self._batch, makers, step) for step in range(first, min(first + AHEAD, steps))
            ]
            for step in range(first, steps):
                batch = waiting.pop(0).result()
                if step + AHEAD < steps:
                    waiting.append(pool.submit(self._batch, makers, step + AHEAD))
                yield batch

    def _makers(self) -> list[Callable[[np.random.Generator], _Example]]:
        """One for each image of a batch."""
        digital = [view for view in self.views if view.source == RSNA]
        healthy = [view for view in digital if view.healthy]
        films = [view for view in self.views if view.source == FILM and view.healthy]
        annotated = [view for view in self.views if view.source == FILM and view.spots]
        by_label = [[view for view in digital if bool(view.positive) is wanted] for wanted in (False, True)]
        lesions = transplants(self.collection, annotated, share=self.transplants)
        learns = 1.0 if self.mix.labelled == 0 else 0.0
        return [
            *[self._planting(healthy, lesions, learns)] * self.mix.planted,
            *[self._planting(films, lesions, learns)] * self.mix.planted_film,
            *[self._labelled(by_label[n % 2], float(n % 2)) for n in range(self.mix.labelled)],
            *[self._film(annotated)] * self.mix.film,
            *[self._film(films)] * self.mix.normal_film,
        ]

    def _batch(self, makers: list[Callable[[np.random.Generator], _Example]], step: int) -> Batch:
        rng = np.random.default_rng([self.seed, step])
        examples = [make(rng) for make in makers]
        changed = [self._changed(example, rng) for example in examples]
        covered = [coverage(spots) for _, spots in changed]
        return Batch(
            images=np.stack([image for image, _ in changed])[..., None],
            shares=np.stack([shares for shares, _ in covered]),
            weights=np.stack([weights for _, weights in covered]),
            located=np.array([example.located for example in examples], dtype=np.float32),
            labels=np.array(
                [
                    float(shares.any()) if example.label is None else example.label
                    for example, (shares, _) in zip(examples, covered, strict=True)
                ],
                dtype=np.float32,
            ),
            labelled=np.array([example.labelled for example in examples], dtype=np.float32),
        )

    def _planting(
        self, views: Sequence[View], lesions: Lesions, learns: float
    ) -> Callable[[np.random.Generator], _Example]:
        def make(rng: np.random.Generator) -> _Example:
            view = views[int(rng.integers(len(views)))]
            ground = Ground(
                self.collection.image(view), self.collection.tissue_of(view), view.mm, view.source
            )
            if view.source == RSNA and rng.uniform() < self.woven:
                ground = woven(ground, rng)
            image, spots = plant(ground, rng, count=int(rng.choice(len(COUNTS), p=COUNTS)), lesions=lesions)
            return _Example(image, spots, 1.0, None, learns)

        return make

    def _labelled(self, views: Sequence[View], label: float) -> Callable[[np.random.Generator], _Example]:
        def make(rng: np.random.Generator) -> _Example:
            view = views[int(rng.integers(len(views)))]
            return _Example(self.collection.image(view), (), 0.0, label, 1.0)

        return make

    def _film(self, views: Sequence[View]) -> Callable[[np.random.Generator], _Example]:
        def make(rng: np.random.Generator) -> _Example:
            view = views[int(rng.integers(len(views)))]
            learns = 0.0 if view.positive is None else 1.0
            return _Example(self.collection.image(view), view.spots, 1.0, float(bool(view.positive)), learns)

        return make

    def _changed(self, example: _Example, rng: np.random.Generator) -> tuple[Floats, tuple[Spot, ...]]:
        warp = Warp.drawn(rng, self.strength)
        image = regrade(warp.image(example.image), rng, self.strength.grey)
        return image, tuple(warp.spot(spot) for spot in example.spots)
