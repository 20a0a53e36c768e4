"""What the maps and regions are worth: localisation against baselines, and FROC."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mammo_core.evaluation.baselines import Finder
from mammo_core.evaluation.examination import Examined
from mammo_core.evaluation.froc import RATES, Froc, Marks
from mammo_core.evaluation.resampling import Estimate, Floats, Indices, Plan, estimate
from mammo_core.records import MapStatus

NO_LESIONS = "no image with an annotated lesion could be analysed"
NO_MAPS = "the model gave no map of any of these images"
NO_PEAK = "no peak on an image of known spacing"


@dataclass(frozen=True, slots=True)
class Found:
    """How well one finder points at lesions: means over images, and the median error of the centre."""

    hit: Estimate
    energy: Estimate
    centre_error_mm: Estimate


@dataclass(frozen=True, slots=True)
class Localisation:
    """How well the maps point at lesions.

    Parameters
    ----------
    images, lesions : int
        With annotation, and analysed.
    in_pixels : int
        Images without a spacing: their tolerance is in pixels, and they give no error in mm.
    model : Found or None
        None without a map, or without lesions.
    brightest_blob, breast_centre, uniform : Found or None
        The baselines; None without lesions.
    hit_over_blob, energy_over_blob : Estimate or None
        Model less brightest blob, on the same images in each resample (paired). The map adds something to
        brightness if ``low`` is above 0.
    reason : str or None
        Why something is None.
    """

    images: int
    lesions: int
    in_pixels: int = 0
    model: Found | None = None
    brightest_blob: Found | None = None
    breast_centre: Found | None = None
    uniform: Found | None = None
    hit_over_blob: Estimate | None = None
    energy_over_blob: Estimate | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AtRate:
    """Lesions found with at most so many false regions per image."""

    false_per_image: float
    sensitivity: Estimate


@dataclass(frozen=True, slots=True)
class FreeResponse:
    """Lesions found against false regions.

    Parameters
    ----------
    images, lesions : int
    left_out : int
        Positive images whose lesions are not annotated: it is not known which regions are false there.
    at : tuple of AtRate
    mean_sensitivity : Estimate or None
        Over the rates.
    all_regions : AtRate or None
        Without a cut.
    reason : str or None
        Why there are no numbers.
    """

    images: int
    lesions: int
    left_out: int
    at: tuple[AtRate, ...] = ()
    mean_sensitivity: Estimate | None = None
    all_regions: AtRate | None = None
    reason: str | None = None


def localisation(examined: Iterable[Examined], plan: Plan) -> Localisation:
    """Measure on the images with lesions; an image without a map, or with an empty one, is a miss."""
    done = [each for each in examined if each.localised]
    lesions = sum(len(each.case.targets) for each in done)
    if not done:
        return Localisation(0, 0, reason=NO_LESIONS)
    has_map = any(each.map_status is not MapStatus.UNAVAILABLE for each in done)
    found = {finder: _found(done, finder, plan) for finder in Finder}
    hit, energy = _over_blob(done, plan)
    return Localisation(
        images=len(done),
        lesions=lesions,
        in_pixels=sum(each.unit == "px" for each in done),
        model=found[Finder.MODEL] if has_map else None,
        brightest_blob=found[Finder.BRIGHTEST_BLOB],
        breast_centre=found[Finder.BREAST_CENTRE],
        uniform=found[Finder.UNIFORM],
        hit_over_blob=hit if has_map else None,
        energy_over_blob=energy if has_map else None,
        reason=None if has_map else NO_MAPS,
    )


def free_response(examined: Iterable[Examined], plan: Plan) -> FreeResponse:
    """Measure the FROC on the images whose lesions are all annotated, and on those without."""
    done = [each for each in examined if each.error is None]
    used = [each for each in done if is_complete(each)]
    found = marks(used)
    counts = (len(used), found.lesion_score.size, len(done) - len(used))
    if found.lesion_score.size == 0:
        return FreeResponse(*counts, reason=NO_LESIONS)
    if all(each.map_status is MapStatus.UNAVAILABLE for each in used):
        return FreeResponse(*counts, reason=NO_MAPS)
    curve = Froc(found)

    def measure(at: Indices) -> Floats:
        weights = np.bincount(at, minlength=len(used)).astype(np.float64)
        return np.append(curve.sensitivities(weights), curve.curve(weights)[1][-1])

    estimates = estimate(
        measure,
        np.array([each.case.patient for each in used], dtype=np.intp),
        plan,
        numbers=len(RATES) + 2,
        undefined=NO_LESIONS,
        n=found.lesion_score.size,
    )
    *at_rates, mean, unlimited = estimates
    return FreeResponse(
        *counts,
        at=tuple(AtRate(rate, value) for rate, value in zip(RATES, at_rates, strict=True)),
        mean_sensitivity=mean,
        all_regions=AtRate(found.false_score.size / len(used), unlimited),
    )


def is_complete(each: Examined) -> bool:
    """Whether it is known of all regions of an image whether they are on a lesion."""
    return each.error is None and (bool(each.case.targets) or not each.case.positive)


def marks(used: Sequence[Examined]) -> Marks:
    """Put the regions of all images together; their score is their evidence."""
    lesions = [(i, score) for i, each in enumerate(used) for score in each.marked.lesions]
    false = [(i, score) for i, each in enumerate(used) for score in each.marked.false]
    return Marks(
        lesion_image=np.array([i for i, _ in lesions], dtype=np.intp),
        lesion_score=np.array([-np.inf if s is None else s for _, s in lesions], dtype=np.float64),
        false_image=np.array([i for i, _ in false], dtype=np.intp),
        false_score=np.array([s for _, s in false], dtype=np.float64),
        images=len(used),
    )


def _found(done: Sequence[Examined], finder: Finder, plan: Plan) -> Found:
    means = np.array([(each.localised[finder].hit, each.localised[finder].energy) for each in done])
    hit, energy = estimate(
        lambda at: means[at].mean(axis=0), _patients(done), plan, numbers=2, undefined=NO_LESIONS
    )
    pointed = [each for each in done if each.unit == "mm" and each.localised[finder].centre_error is not None]
    errors = np.array([each.localised[finder].centre_error for each in pointed], dtype=np.float64)
    (error,) = estimate(
        lambda at: np.array([np.median(errors[at])]), _patients(pointed), plan, undefined=NO_PEAK
    )
    return Found(hit, energy, error)


def _over_blob(done: Sequence[Examined], plan: Plan) -> tuple[Estimate, ...]:
    pairs = [(each.localised[Finder.MODEL], each.localised[Finder.BRIGHTEST_BLOB]) for each in done]
    differences = np.array([(model.hit - blob.hit, model.energy - blob.energy) for model, blob in pairs])
    return estimate(
        lambda at: differences[at].mean(axis=0), _patients(done), plan, numbers=2, undefined=NO_LESIONS
    )


def _patients(done: Sequence[Examined]) -> Indices:
    return np.array([each.case.patient for each in done], dtype=np.intp)
