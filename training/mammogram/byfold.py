"""Figures of an evaluation for each fold, and how the cuts that ship divide images of each kind."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo_core.evaluation.resampling import Estimate, Plan, Statistic, estimate
from mammo_core.evaluation.statistics import auc
from training.mammogram.calibration import Calibrated
from training.mammogram.competitors import UNDEFINED
from training.mammogram.declaration import OutOfFold
from training.mammogram.outoffold import image_folds
from training.mammogram.views import View

KINDS = (False, None, True)
"""``positive`` of a view: no cancer, a benign finding on film, a cancer."""


@dataclass(frozen=True, slots=True)
class Divided:
    """How the cuts divide images of one kind; shares of them, with their bounds.

    Parameters
    ----------
    kind : bool or None
        Of :data:`KINDS`.
    suspected : Estimate
        At or above ``threshold``.
    ruled_out : Estimate
        Below ``rule_out``.
    ruled_in : Estimate
        At or above ``rule_in``.
    """

    kind: bool | None
    suspected: Estimate
    ruled_out: Estimate
    ruled_in: Estimate


def areas(table: Path, views: Sequence[View], *, plan: Plan) -> dict[int, Estimate]:
    """AUC of each fold's own model, on the images that it left out.

    Parameters
    ----------
    table : Path
        ``images.csv`` of an evaluation out of fold.
    views : sequence of View
        All that the folds were made of.
    plan : Plan
    """
    read = OutOfFold.read(table, image_folds(tuple(views)))

    def of(own: NDArray[np.intp]) -> Statistic:
        return lambda at: np.array([auc(read.logits[own[at]], read.labels[own[at]])])

    return _each(read.folds, _patients(read.images, views), of, plan, UNDEFINED)


def hits(table: Path, views: Sequence[View], *, plan: Plan) -> dict[int, Estimate]:
    """Pointing game of each fold's own model, on the images with a lesion that it left out."""
    with table.open(newline="") as opened:
        rows = [row for row in csv.DictReader(opened) if row.get("hit")]
    folds_of = image_folds(tuple(views))
    images = tuple(row["image"] for row in rows)
    found = np.array([float(row["hit"]) for row in rows])
    folds = np.array([folds_of[image] for image in images], dtype=np.intp)

    def of(own: NDArray[np.intp]) -> Statistic:
        return lambda at: np.array([found[own[at]].mean()])

    return _each(folds, _patients(images, views), of, plan, "there is no image with a lesion")


def divided(table: Path, views: Sequence[View], calibrated: Calibrated, *, plan: Plan) -> list[Divided]:
    """Calibrate the scores of an evaluation by the line that ships, and cut them.

    Parameters
    ----------
    table : Path
    views : sequence of View
    calibrated : Calibrated
        Line and cuts.
    plan : Plan

    Returns
    -------
    list of Divided
        For each kind that occurs.
    """
    read = OutOfFold.read(table, image_folds(tuple(views)))
    scores = calibrated.line.probabilities(read.logits)
    patients = _patients(read.images, views)
    kind_of = {view.image: view.positive for view in views}
    cuts = calibrated.cuts
    found = []
    for kind in KINDS:
        own = np.array([kind_of[image] is kind for image in read.images], dtype=np.bool_)
        if own.any():
            values = scores[own]
            sides = np.stack(
                [
                    values >= cuts.middle.threshold,
                    values < cuts.low.threshold,
                    values >= cuts.high.threshold,
                ],
                axis=1,
            )
            shares = estimate(_means(sides), patients[own], plan, undefined=UNDEFINED, numbers=3)
            found.append(Divided(kind, *shares))
    return found


def _means(sides: NDArray[np.bool_]) -> Statistic:
    return lambda at: sides[at].mean(axis=0)


def _each(
    folds: NDArray[np.intp],
    patients: NDArray[np.intp],
    of: Callable[[NDArray[np.intp]], Statistic],
    plan: Plan,
    undefined: str,
) -> dict[int, Estimate]:
    """One figure for each fold that occurs."""
    found = {}
    for fold in np.unique(folds):
        own = np.flatnonzero(folds == fold)
        (found[int(fold)],) = estimate(of(own), patients[own], plan, undefined=undefined)
    return found


def _patients(images: Sequence[str], views: Sequence[View]) -> NDArray[np.intp]:
    """A number for each image's patient."""
    patient_of: Mapping[str, str] = {view.image: view.patient for view in views}
    _, codes = np.unique([patient_of[image] for image in images], return_inverse=True)
    return np.asarray(codes, dtype=np.intp)
