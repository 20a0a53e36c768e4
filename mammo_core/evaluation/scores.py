"""What the scores are worth: discrimination, operating points, calibration."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mammo_core.evaluation import statistics
from mammo_core.evaluation.examination import Examined
from mammo_core.evaluation.resampling import Estimate, Floats, Indices, Plan, estimate
from mammo_core.evaluation.statistics import Bin, Counts, Labels
from mammo_core.models.manifest import Manifest

BOTH_LABELS = "it takes positive and negative images that could be analysed"
NO_IMAGES = "no image could be analysed"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scores of the images that could be analysed.

    Parameters
    ----------
    scores : ndarray of shape (n,), float
    labels : ndarray of shape (n,), bool
    patients : ndarray of shape (n,), int
    """

    scores: Floats
    labels: Labels
    patients: Indices

    @classmethod
    def of(cls, examined: Iterable[Examined]) -> "Scored":
        """Take those without an error."""
        done = [each for each in examined if each.error is None]
        return cls(
            np.array([each.score for each in done], dtype=np.float64),
            np.array([each.case.positive for each in done], dtype=np.bool_),
            np.array([each.case.patient for each in done], dtype=np.intp),
        )


@dataclass(frozen=True, slots=True)
class Point:
    """One of the manifest's cuts of the score, on these images."""

    name: str
    threshold: float
    source: str
    sensitivity: Estimate
    specificity: Estimate
    counts: Counts


@dataclass(frozen=True, slots=True)
class Classification:
    """How well the score tells positive images from negative ones.

    Parameters
    ----------
    auc, average_precision : Estimate
    tied : int
        Images whose score is exactly that of another image: many of them mean a score that saturates.
    operating_points : tuple of Point
        Those of the manifest.
    """

    auc: Estimate
    average_precision: Estimate
    tied: int
    operating_points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well the score is a probability.

    Parameters
    ----------
    brier : Estimate
    brier_of_prevalence : Estimate
        The Brier score of answering the prevalence for each image: what has to be beaten.
    expected_calibration_error : Estimate
    mean_score : Estimate
        To be compared with the prevalence.
    bins : tuple of Bin
        The reliability table.
    """

    brier: Estimate
    brier_of_prevalence: Estimate
    expected_calibration_error: Estimate
    mean_score: Estimate
    bins: tuple[Bin, ...]


def classification(scored: Scored, manifest: Manifest, plan: Plan) -> Classification:
    """Measure the discrimination, and each cut that the manifest declares."""

    def measure(at: Indices) -> Floats:
        scores, labels = scored.scores[at], scored.labels[at]
        return np.array([statistics.auc(scores, labels), statistics.average_precision(scores, labels)])

    area, precision = estimate(measure, scored.patients, plan, numbers=2, undefined=BOTH_LABELS)
    cuts = {
        "threshold": manifest.threshold,
        "rule_out": manifest.rule_out,
        "rule_in": manifest.rule_in,
    }
    points = tuple(
        _point(name, cut.threshold, cut.source, scored, plan) for name, cut in cuts.items() if cut is not None
    )
    _, counts = np.unique(scored.scores, return_counts=True)
    return Classification(area, precision, int(counts[counts > 1].sum()), points)


def calibration(scored: Scored, plan: Plan) -> Calibration:
    """Measure the calibration."""

    def measure(at: Indices) -> Floats:
        scores, labels = scored.scores[at], scored.labels[at]
        prevalence = float(labels.mean())
        return np.array(
            [
                statistics.brier(scores, labels),
                prevalence * (1.0 - prevalence),
                statistics.expected_calibration_error(scores, labels),
                float(scores.mean()),
            ]
        )

    brier, of_prevalence, error, mean = estimate(
        measure, scored.patients, plan, numbers=4, undefined=NO_IMAGES
    )
    bins = statistics.reliability(scored.scores, scored.labels)
    return Calibration(brier, of_prevalence, error, mean, bins)


def _point(name: str, threshold: float, source: str, scored: Scored, plan: Plan) -> Point:
    def measure(at: Indices) -> Floats:
        counts = statistics.count(scored.scores[at], scored.labels[at], threshold)
        return np.array([counts.sensitivity, counts.specificity])

    counts = statistics.count(scored.scores, scored.labels, threshold)
    positive = counts.true_positive + counts.false_negative
    sensitivity, specificity = _sized(
        estimate(measure, scored.patients, plan, numbers=2, undefined="no image has this label"),
        (positive, scored.labels.size - positive),
    )
    return Point(name, threshold, source, sensitivity, specificity, counts)


def _sized(estimates: Sequence[Estimate], sizes: Sequence[int]) -> list[Estimate]:
    """The same estimates, each with the number of images that it is made of."""
    return [Estimate(e.value, e.low, e.high, n, e.reason) for e, n in zip(estimates, sizes, strict=True)]
