"""Rank correlation, against a hand and against SciPy."""

import numpy as np
import pytest
from scipy import stats

from mammo_core.explain.ranks import spearman


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3], [10, 20, 900], 1.0),
        ([1, 2, 3], [3, 2, 1], -1.0),
        ([1, 2, 3, 4], [1, 3, 2, 4], 0.8),
        # Ranks 1.5, 1.5, 3 and 1, 2, 3: covariance 0.5, variances 0.5 and 2/3.
        ([5, 5, 7], [1, 2, 3], 0.75**0.5),
        ([0, 0, 1, 1], [1, 1, 0, 0], -1.0),
    ],
)
def test_the_correlation_is_that_of_a_hand(first: list[int], second: list[int], expected: float) -> None:
    assert spearman(np.array(first, dtype=float), np.array(second, dtype=float)) == pytest.approx(expected)


@pytest.mark.parametrize("values", [[], [3.0], [3.0, 3.0, 3.0]])
def test_a_constant_agrees_with_nothing(values: list[float]) -> None:
    constant, other = np.array(values), np.arange(float(len(values)))

    assert spearman(constant, other) is None
    assert spearman(other, constant) is None


@pytest.mark.parametrize("seed", range(10))
def test_the_correlation_is_scipy_s(seed: int) -> None:
    random = np.random.default_rng(seed)
    first = random.integers(0, 8, 50).astype(float)
    second = first + random.normal(0, 4, 50).round()

    assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second).statistic)
    assert spearman(first, -second) == pytest.approx(-stats.spearmanr(first, second).statistic)
