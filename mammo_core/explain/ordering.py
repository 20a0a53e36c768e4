"""Deletion and insertion: whether the cells that the map ranks first are those that make the score.

References
----------
.. [1] V. Petsiuk et al., RISE, arXiv:1806.07421
.. [2] W. Samek et al., IEEE Trans Neural Netw Learn Syst 2017;28:2660-2673, arXiv:1509.06321
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo_core.explain.filling import blended, enlarged, surroundings
from mammo_core.explain.probe import Probe, Subject
from mammo_core.map_quality import Curve, Ordering
from mammo_core.records import FloatArray, Sourced

STEPS = 16
"""Equal shares of the breast that are taken one after the other."""
RANDOM_ORDERS = 3
SEED = 0
"""The same random orders in each analysis: the same image gives the same answer."""
LEAST_SPAN = 0.1
"""Logits that the image must score more than its blurred breast, for there to be something to be taken away:
0.1 moves even odds to 0.525."""

NOTHING_TO_TAKE = f"the image scores less than {LEAST_SPAN:g} logits more than its blurred breast"
DETAIL = f"{STEPS} shares of the breast, {RANDOM_ORDERS} random orders, the blurred breast as baseline"

Order = NDArray[np.intp]


def deletion_and_insertion(subject: Subject, probe: Probe) -> Sourced[Ordering]:
    """Take the cells of the breast in the order of their evidence, and follow the score [1]_ [2]_.

    Parameters
    ----------
    subject : Subject
    probe : Probe
        Asked (2 + :data:`RANDOM_ORDERS`) (:data:`STEPS` − 1) + 1 times at most.

    Returns
    -------
    Sourced[Ordering]
        Let z be the score of the image, z₀ that of the image with its whole breast blurred, and z(x) that
        with a share x of the breast blurred, the cells with the most evidence first. The area of the
        deletion curve is the integral of (z(x) − z₀) / (z − z₀) over x from 0 to 1; a good map makes it
        small. Insertion begins with the blurred breast and brings the same cells back; a good map makes its
        area large. Each is compared with the mean area over random orders of the same cells; a random order
        read backwards turns deletion into insertion, so the two share that mean. Cells of equal evidence
        are taken in a random order. Pixels outside of the breast are left as they are.

        Unknown if the map has one cell on the breast, or z − z₀ is less than :data:`LEAST_SPAN`.

    Raises
    ------
    InferenceError
        If the model gives no finite score.
    """
    cells, sizes = np.unique(subject.cells()[subject.tissue], return_counts=True)
    if cells.size < 2:
        return Sourced.unknown("the breast lies in one cell of the map")
    walk = _Walk.over(subject, cells, sizes)
    base = float(probe.scores([walk.blurred])[0])
    if subject.score - base < LEAST_SPAN:
        return Sourced.unknown(NOTHING_TO_TAKE)
    random = np.random.default_rng(SEED)
    order = _by_evidence(subject.saliency.cells.ravel()[cells], random)
    orders = [random.permutation(cells.size) for _ in range(RANDOM_ORDERS)]
    by_chance = float(np.mean([walk.area(each, probe, base) for each in orders]))
    deleted = walk.area(order, probe, base)
    inserted = walk.area(order, probe, base, insert=True)
    ordering = Ordering(
        deletion=Curve(deleted, by_chance, by_chance - deleted),
        insertion=Curve(inserted, by_chance, inserted - by_chance),
    )
    return Sourced(ordering, "model", DETAIL)


def _by_evidence(evidence: FloatArray, random: np.random.Generator) -> Order:
    """The cells with the most evidence first; equal ones at random, else the first rows came first."""
    shuffled = random.permutation(evidence.size)
    return shuffled[np.argsort(-evidence[shuffled], kind="stable")]


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """The cells of a map that lie on the breast, and what is there instead of them.

    Parameters
    ----------
    subject : Subject
    blurred : ndarray of shape (rows, columns, channels), float32
        The input with the whole breast replaced.
    cells, sizes : ndarray of shape (cells on the breast,)
        Flat index of each, and its pixels of the breast.
    on_breast : ndarray of shape (rows, columns), float32
        How much of a pixel's bilinear neighbourhood are cells on the breast.
    """

    subject: Subject
    blurred: FloatArray
    cells: Order
    sizes: Order
    on_breast: FloatArray

    @classmethod
    def over(cls, subject: Subject, cells: Order, sizes: Order) -> "_Walk":
        around = surroundings(subject.image, subject.tissue.astype(np.float64))
        blurred = blended(subject.image, around, subject.tissue)
        return cls(subject, blurred, cells, sizes, _on_pixels(subject, cells))

    def area(self, order: Order, probe: Probe, base: float, *, insert: bool = False) -> float:
        """Area below the normalised score while the cells are taken, or brought back, in an order."""
        shares, images = self._along(order, insert=insert)
        first, last = (base, self.subject.score) if insert else (self.subject.score, base)
        scores = np.array([first, *probe.scores(images), last])
        return float(np.trapezoid((scores - base) / (self.subject.score - base), shares))

    def _along(self, order: Order, *, insert: bool) -> tuple[NDArray[np.float64], Iterator[FloatArray]]:
        """Shares of the breast that have been taken, ends included, and the inputs between the ends."""
        taken = np.cumsum(self.sizes[order])
        wanted = np.arange(1, STEPS) * taken[-1] / STEPS
        counts = np.unique(np.searchsorted(taken, wanted) + 1)
        counts = counts[counts < order.size]
        shares = np.array([0.0, *(taken[counts - 1] / taken[-1]), 1.0])
        return shares, (self._with(self.cells[order[:count]], insert=insert) for count in counts)

    def _with(self, taken: Order, *, insert: bool) -> FloatArray:
        """The input with some of the cells taken; from cell to cell it fades, as the map does when drawn."""
        share = _on_pixels(self.subject, taken)
        np.divide(share, self.on_breast, out=share, where=self.on_breast > 0.0)
        share *= self.subject.tissue
        first, second = self.subject.image, self.blurred
        return blended(second, first, share) if insert else blended(first, second, share)


def _on_pixels(subject: Subject, cells: Order) -> FloatArray:
    """1 in some cells and 0 in the others, read bilinearly at the pixels."""
    grid, pixels = subject.saliency.transform.shape, subject.grid.shape
    chosen = np.zeros(grid, dtype=np.float32)
    chosen.flat[cells] = 1.0
    return enlarged(chosen, pixels, (pixels[0] / grid[0], pixels[1] / grid[1]))
