"""What the probabilities say against the cuts that the manifest declares."""

from dataclasses import dataclass

from mammo_core.models.manifest import Manifest, OperatingPoint
from mammo_core.records import Sourced, Suspicion

NO_CATEGORIES = "the manifest declares no calibrated thresholds for assessment categories"
NOT_AN_ASSESSMENT = "by thresholds of a calibrated score; this is no radiologist's assessment"
NO_POINTS = "the manifest declares no operating points at 90 % sensitivity and 90 % specificity"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer's first two fields, and the cuts behind them.

    Parameters
    ----------
    result : str
        Label at the operating threshold.
    score : float
        Probability of the positive class, 0 to 1.
    threshold : OperatingPoint
    suspicion : Sourced[Suspicion]
    birads_like : Sourced[str]
    """

    result: str
    score: float
    threshold: OperatingPoint
    suspicion: Sourced[Suspicion]
    birads_like: Sourced[str]


def decide(probabilities: tuple[float, ...], manifest: Manifest) -> Verdict:
    """Compare the positive class's probability with the manifest's cuts.

    Parameters
    ----------
    probabilities : tuple of float
        One per class of the manifest, in its order.
    manifest : Manifest

    Returns
    -------
    Verdict
        Below the threshold, the result is the most probable of the other classes.
    """
    score = probabilities[manifest.positive_index]
    others = [(p, -i) for i, p in enumerate(probabilities) if i != manifest.positive_index]
    best_other = manifest.classes[-max(others)[1]]
    result = manifest.positive if score >= manifest.threshold.threshold else best_other
    return Verdict(
        result, score, manifest.threshold, suspicion(score, manifest), birads_like(score, manifest)
    )


def suspicion(score: float, manifest: Manifest) -> Sourced[Suspicion]:
    """Place a score between the two operating points.

    Parameters
    ----------
    score : float
        Probability of the positive class, 0 to 1.
    manifest : Manifest

    Returns
    -------
    Sourced[Suspicion]
        Unknown without both points: a category without measured cuts would be invented.
    """
    low, high = manifest.rule_out, manifest.rule_in
    if low is None or high is None:
        return Sourced.unknown(NO_POINTS)
    if score < low.threshold:
        value = Suspicion.LOW
    elif score < high.threshold:
        value = Suspicion.INTERMEDIATE
    else:
        value = Suspicion.HIGH
    detail = f"cut at {low.threshold:g} ({low.source}) and {high.threshold:g} ({high.source})"
    return Sourced(value, "manifest", detail)


def birads_like(score: float, manifest: Manifest) -> Sourced[str]:
    """Find the category of a calibrated score.

    Parameters
    ----------
    score : float
        Probability of the positive class, 0 to 1.
    manifest : Manifest

    Returns
    -------
    Sourced[str]
        Unknown unless the manifest declares thresholds; the detail repeats them.
    """
    cuts, calibration = manifest.birads_like, manifest.calibration
    if not cuts or calibration is None:
        return Sourced.unknown(NO_CATEGORIES)
    category = [cut.category for cut in cuts if score >= cut.from_probability][-1]
    listed = ", ".join(f"{cut.category} from {cut.from_probability:g}" for cut in cuts)
    detail = (
        f"{NOT_AN_ASSESSMENT}: {listed}; {calibration.method} at a prevalence of {calibration.prevalence:g} "
        f"({calibration.source})"
    )
    return Sourced(category, "manifest", detail)
