"""Folds: no patient in two of them, machines and labels spread evenly over them."""

from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np

from training.mammogram.views import View

FOLDS = 3
SEED = 20_26


def fold_of(views: Iterable[View], *, folds: int = FOLDS, seed: int = SEED) -> dict[str, int]:
    """Assign each patient to a fold.

    Patients are shuffled and dealt out one after the other, those with many images first, each to the fold
    that has least of what the patient brings: images of the same stratum, then images at all.

    Returns
    -------
    dict
        Patient to fold, 0 to ``folds`` - 1.
    """
    strata: dict[str, Counter[str]] = defaultdict(Counter)
    for view in views:
        strata[view.patient][view.stratum] += 1
    patients = sorted(strata)
    np.random.default_rng(seed).shuffle(patients)
    patients.sort(key=lambda patient: -strata[patient].total())
    held = [Counter[str]() for _ in range(folds)]
    chosen = {}
    for patient in patients:
        brings = strata[patient]
        loads = [
            (sum(count * fold[stratum] for stratum, count in brings.items()), fold.total()) for fold in held
        ]
        fold = loads.index(min(loads))
        held[fold] += brings
        chosen[patient] = fold
    return chosen
