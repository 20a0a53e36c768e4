"""The numbers as tables of words, for the Markdown page and for the terminal."""

from collections.abc import Iterable
from dataclasses import dataclass

from mammo_core.evaluation.evaluation import Evaluation, Images
from mammo_core.evaluation.maps import FreeResponse, Localisation
from mammo_core.evaluation.resampling import Estimate
from mammo_core.evaluation.scores import Calibration, Classification

NONE = "—"


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and the sentences below it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def tables(evaluation: Evaluation) -> tuple[Table, ...]:
    """All tables, in the order in which they are read."""
    return (
        _images(evaluation.images, evaluation.labels.left_out),
        _classification(evaluation.classification, evaluation.images),
        _calibration(evaluation.calibration, evaluation.images),
        _localisation(evaluation.localisation),
        _free_response(evaluation.free_response),
    )


def worded(estimate: Estimate | None, *, digits: int = 3, signed: bool = False) -> str:
    """A number with its interval, such as ``0.712 (0.650 to 0.770)``."""
    if estimate is None or estimate.value is None:
        return NONE
    form = f"{'+' if signed else ''}.{digits}f"
    value = format(estimate.value, form)
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} ({estimate.low:{form}} to {estimate.high:{form}})"


def _images(images: Images, left_out: int) -> Table:
    prevalence = NONE if images.prevalence is None else f"{images.prevalence:.3f}"
    codes: dict[str, list[int]] = {}
    for failure in images.failures:
        codes.setdefault(failure.code, []).append(failure.row)
    failed = tuple(
        f"Failed with `{code}`: {len(rows)}, row {', '.join(map(str, rows[:20]))}"
        f"{' …' if len(rows) > 20 else ''}."
        for code, rows in sorted(codes.items())
    )
    apart = (f"Rows that are neither positive nor negative, left out: {left_out}.",) if left_out else ()
    return Table(
        "Images",
        ("listed", "analysed", "failed", "positive", "negative", "prevalence", "patients"),
        (
            (
                *map(str, (images.listed, images.analysed, images.failed, images.positive, images.negative)),
                prevalence,
                str(images.patients),
            ),
        ),
        (*failed, *apart, f"Maps: {', '.join(f'{n} {s}' for s, n in images.map_status.items()) or 'none'}."),
    )


def _classification(found: Classification, images: Images) -> Table:
    rows = [
        ("area under the ROC curve", worded(found.auc), str(found.auc.n)),
        ("average precision", worded(found.average_precision), str(found.average_precision.n)),
    ]
    for point in found.operating_points:
        cut = f"at {point.name} {point.threshold:.4g}"
        rows.append((f"sensitivity {cut}", worded(point.sensitivity), str(point.sensitivity.n)))
        rows.append((f"specificity {cut}", worded(point.specificity), str(point.specificity.n)))
    prevalence = () if images.prevalence is None else (images.prevalence,)
    chance = tuple(f"A score that knows nothing reaches 0.5 and {value:.3f}." for value in prevalence)
    tied = f"Images that share their score with another, and so cannot be ranked: {found.tied}."
    return Table(
        "Classification",
        ("measure", "value", "images"),
        tuple(rows),
        (*_reasons([found.auc]), *chance, *([tied] if found.tied else [])),
    )


def _calibration(found: Calibration, images: Images) -> Table:
    prevalence = () if images.prevalence is None else (images.prevalence,)
    rows = (
        ("Brier score", worded(found.brier)),
        ("Brier score of the prevalence alone", worded(found.brier_of_prevalence)),
        ("expected calibration error", worded(found.expected_calibration_error)),
        ("mean score", worded(found.mean_score)),
    )
    notes = tuple(f"The prevalence is {value:.3f}; the mean score should equal it." for value in prevalence)
    return Table("Calibration", ("measure", "value"), rows, (*_reasons([found.brier]), *notes))


def _localisation(found: Localisation) -> Table:
    finders = {
        "model": found.model,
        "brightest blob": found.brightest_blob,
        "breast centre": found.breast_centre,
        "uniform in breast": found.uniform,
    }
    rows = [
        (name, worded(f.hit), worded(f.energy), worded(f.centre_error_mm, digits=1))
        for name, f in finders.items()
        if f is not None
    ]
    if found.hit_over_blob is not None:
        over = (worded(found.hit_over_blob, signed=True), worded(found.energy_over_blob, signed=True))
        rows.append(("model − brightest blob", *over, ""))
    pixels = f"Images without a spacing (tolerance in pixels, no error in mm): {found.in_pixels}."
    notes = (
        f"Lesions: {found.lesions}, on images: {found.images}.",
        *([pixels] if found.in_pixels else []),
        *([f"Not measured: {found.reason}."] if found.reason else []),
    )
    header = ("peak of", "pointing game", "energy in lesion", "centre error, mm (median)")
    return Table("Localisation", header, tuple(rows), notes)


def _free_response(found: FreeResponse) -> Table:
    rows = [(f"{at.false_per_image:g}", worded(at.sensitivity)) for at in found.at]
    if found.mean_sensitivity is not None:
        rows.append(("mean of these", worded(found.mean_sensitivity)))
    if found.all_regions is not None:
        rows.append(
            (
                f"{found.all_regions.false_per_image:.3g} (all regions)",
                worded(found.all_regions.sensitivity),
            )
        )
    left_out = f"Positive images without annotated lesions, left out: {found.left_out}."
    notes = (
        f"Lesions: {found.lesions}; images, with lesions and without: {found.images}.",
        *([left_out] if found.left_out else []),
        *([f"Not measured: {found.reason}."] if found.reason else []),
    )
    return Table("FROC", ("false regions per image", "sensitivity per lesion"), tuple(rows), notes)


def _reasons(estimates: Iterable[Estimate]) -> tuple[str, ...]:
    return tuple(f"Not measured: {e.reason}." for e in estimates if e.reason is not None)
