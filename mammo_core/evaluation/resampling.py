"""How sure a number is: the bootstrap, with the patient as the unit that is drawn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Statistic = Callable[[Indices], Floats]
"""From the images drawn, some of them more than once, to (k,) numbers; NaN where one is not defined."""

LEVEL = 0.95
"""Of the intervals."""
MIN_DEFINED = 0.5
"""Share of the resamples in which a number must be defined to get an interval."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often to draw, and from which seed."""

    resamples: int = 2000
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured number.

    Parameters
    ----------
    value : float or None
        None if it is not defined on these images.
    low, high : float or None
        Percentile interval of level :data:`LEVEL`; None if it was not asked for, there are fewer than two
        patients, or the number is not defined in half of the resamples.
    n : int
        Images (of a FROC's sensitivities: lesions) that it is made of.
    reason : str or None
        Why there is no value; None with a value.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None


def estimate(
    statistic: Statistic,
    groups: Indices,
    plan: Plan,
    *,
    undefined: str,
    numbers: int = 1,
    n: int | None = None,
) -> tuple[Estimate, ...]:
    """Measure numbers on all images, and how they vary if other patients had come.

    Parameters
    ----------
    statistic : callable
        Not called without images.
    groups : ndarray of shape (n,), int
        The patient of each image. Images of one patient are drawn together, because they are alike: drawn
        one by one they would make the interval too narrow.
    plan : Plan
    undefined : str
        The reason to give for a number that is not defined.
    numbers : int
        How many the statistic returns.
    n : int or None
        What the numbers are made of, if it is not the images.

    Returns
    -------
    tuple of Estimate
        Those of one call come from the same draws.

    References
    ----------
    B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13 (percentile intervals);
    C. M. Rutter, Academic Radiology 2000;7:413-419 (patients as the unit).
    """
    size = groups.size if n is None else n
    values = statistic(np.arange(groups.size)) if groups.size else np.full(numbers, np.nan)
    drawn = np.array([statistic(indices) for indices in draws(groups, plan)]).reshape(-1, numbers)
    return tuple(
        Estimate(None, None, None, size, undefined)
        if not np.isfinite(value)
        else Estimate(float(value), *_interval(drawn[:, column], plan), size)
        for column, value in enumerate(values)
    )


def draws(groups: Indices, plan: Plan) -> Iterator[Indices]:
    """Draw as many patients as there are, with replacement, and yield the indices of their images.

    Yields nothing with fewer than two patients: there is no variation to see.
    """
    _, codes, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if counts.size < 2:
        return
    order = np.argsort(codes, kind="stable")
    starts = np.cumsum(counts) - counts
    rng = np.random.default_rng(plan.seed)
    for _ in range(plan.resamples):
        chosen = rng.integers(0, counts.size, counts.size)
        sizes = counts[chosen]
        # Each patient's images lie side by side in ``order``: count on from where they start.
        shifts = np.repeat(starts[chosen] - np.cumsum(sizes) + sizes, sizes)
        yield order[shifts + np.arange(shifts.size)]


def _interval(drawn: Floats, plan: Plan) -> tuple[float | None, float | None]:
    defined = drawn[np.isfinite(drawn)]
    if defined.size == 0 or defined.size < MIN_DEFINED * plan.resamples:
        return None, None
    low, high = np.quantile(defined, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    return float(low), float(high)
