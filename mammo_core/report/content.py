"""What a report says, in which order: words and numbers of an answer, before anything is laid out."""

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from typing import Any

from mammo_core import schemas as wire
from mammo_core.records import PictureName

DASH = "—"
TITLES = {
    PictureName.ORIGINAL: "Original",
    PictureName.OVERLAY: "Overlay",
    PictureName.BBOX: "Bounding boxes",
    PictureName.HEATMAP_ONLY: "Heatmap",
    PictureName.CANCER_TYPE: "Region type",
}
"""Pictures in the order in which a report shows them."""
SIGNATURES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}
"""How the files of pictures begin."""
LIMITS = (
    "The map shows what moved this model's score. It is neither the outline of a lesion nor a probability for each place.",  # noqa: E501 - one sentence
    "A score depends on the data that the model was trained on; it is no probability for the person in the image.",  # noqa: E501 - one sentence
    "One view was analysed, without earlier images, the other views, or clinical data.",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what, how much, and where that comes from or why it is not known."""

    label: str
    value: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts under a heading."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Plate:
    """A picture, or the reason why there is none.

    Parameters
    ----------
    title : str
    media_type : str or None
        None if there is no picture.
    base64 : str or None
        The picture's file.
    reason : str
        Why it is missing, or what is missing in it; empty if nothing is.
    """

    title: str
    media_type: str | None
    base64: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str
    """What the columns mean, or why there are no rows."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of a report."""

    title: str
    notice: str
    """That this is no medical device."""
    intended_use: str
    verdict: Section
    plates: tuple[Plate, ...]
    regions: Grid
    sections: tuple[Section, ...]
    warnings: tuple[str, ...]
    limits: tuple[str, ...]


def report_of(answer: wire.Answer) -> Report:
    """Choose what a report says of an answer.

    Parameters
    ----------
    answer : Answer
        Nothing else is looked at: the same answer makes the same report.

    Returns
    -------
    Report
    """
    return Report(
        title="Mammogram analysis",
        notice=answer.disclaimer,
        intended_use=answer.model.intended_use or "the manifest does not say",
        verdict=_verdict(answer),
        plates=tuple(_plate(name, title, answer) for name, title in TITLES.items()),
        regions=_regions(answer),
        sections=(_view(answer), _map(answer), _image(answer), _model(answer)),
        warnings=tuple(f"{warning.code}: {warning.message}" for warning in answer.warnings),
        limits=LIMITS,
    )


def _verdict(answer: wire.Answer) -> Section:
    assessment = answer.findings.assessment
    return Section(
        "Result",
        (
            Fact("Result", answer.result, "the class at the operating threshold"),
            Fact("Score", _score(answer.confidence), "of the positive class, by the model, 0 to 1"),
            Fact("Threshold", _score(answer.threshold), answer.threshold_source),
            Fact("Each class", _scores(answer.scores), "scores of the classes, by the model"),
            _known("Suspicion", assessment.suspicion),
            _known("BI-RADS-like category", assessment.birads_like),
        ),
    )


def _plate(name: PictureName, title: str, answer: wire.Answer) -> Plate:
    status: wire.ImageStatus = getattr(answer.image_status, name)
    base64: str | None = getattr(answer.images, name)
    if base64 is None:
        return Plate(title, None, None, status.reason or "The answer holds no such picture.")
    media_type = _media_type(base64)
    if media_type is None:
        # A result of the worker has links or file names in the place of its pictures, and they do not last.
        return Plate(title, None, None, "The answer names this picture, but does not hold it.")
    return Plate(title, media_type, base64, status.reason or "")


def _media_type(base64: str) -> str | None:
    """What the picture's own first bytes say; None if it is no picture."""
    try:
        begins = b64decode(base64[:16], validate=True)
    except (Error, ValueError):
        return None
    return next((name for name, mark in SIGNATURES.items() if begins.startswith(mark)), None)


def _regions(answer: wire.Answer) -> Grid:
    found = answer.findings
    return Grid(
        title="Regions",
        header=("no.", "type", "box x, y, w × h (px)", "area", "evidence", "share", "drop", "place"),
        rows=tuple(_region(region) for region in found.regions or ()),
        note=found.reason
        or "Boxes in pixels of the image. Evidence: sum of the map, in logits; share: of all positive "
        "evidence; drop: what the explained logit loses when the region is filled in.",
    )


def _region(region: wire.RegionOut) -> tuple[str, ...]:
    box, kind = region.bbox, region.type
    label = kind.label.replace("_", " ")
    area = _value(region.area_mm2.value)
    kind_score = "" if kind.score is None else f" {kind.score:.2f}"
    places = (region.location.depth, region.location.vertical, region.location.horizontal)
    return (
        str(region.id),
        f"{label}{kind_score} ({kind.source})",
        f"{box.x1}, {box.y1}, {box.x2 - box.x1} × {box.y2 - box.y1}",
        f"{_number(region.area_px)} px" if area == DASH else f"{area} mm²",
        _value(region.evidence_logit.value),
        f"{100 * region.share_of_evidence:.0f} %",
        _value(region.occlusion_drop.value),
        ", ".join(str(place.value) for place in places if place.value is not None) or DASH,
    )


def _view(answer: wire.Answer) -> Section:
    view, tissue = answer.view_analysis, answer.findings.tissue
    return Section(
        "View",
        (
            _known("View position", view.view_position),
            _known("Laterality", view.laterality),
            _known("Orientation", view.orientation),
            _known("Density index", view.density_index),
            _known("Breast, share of the image", tissue.breast_fraction),
            *_quality(view.image_quality),
        ),
    )


def _quality(quality: wire.Known[wire.ImageQualityOut]) -> tuple[Fact, ...]:
    if quality.value is None:
        return (_known("Image quality", quality),)
    return (
        _known("Contrast", quality.value.contrast),
        _known("Sharpness", quality.value.sharpness),
        _known("Breast cut off", quality.value.cut_off),
    )


def _map(answer: wire.Answer) -> Section:
    explanation = answer.explanation
    quality = explanation.quality
    return Section(
        "Explanation",
        (
            Fact("Map", str(explanation.status), _made(explanation)),
            Fact("Explained", explanation.explained_class, f"layer {explanation.target_layer or DASH}"),
            Fact("Explained logit", _value(explanation.score), "by the model"),
            Fact("Quality", str(quality.status), ", ".join(quality.issues) or f"checks: {quality.checks}"),
            _known("Completeness residual", quality.completeness),
            _known("Evidence on tissue", quality.evidence_on_tissue),
            _known("Cell of the map (mm)", explanation.cell_size_mm),
            Fact(
                "Colours",
                str(explanation.colormap),
                f"last colour at {_value(explanation.reference_logit)} logits: "
                f"{explanation.reference_logit_source or 'no reference'}",
            ),
        ),
    )


def _made(explanation: wire.Explanation) -> str:
    """By which method, and why there is nothing to see."""
    return ": ".join(part for part in (str(explanation.method), explanation.reason) if part)


def _image(answer: wire.Answer) -> Section:
    image = answer.input
    return Section(
        "Image",
        (
            Fact("Size", f"{image.width} × {image.height} px", str(image.format)),
            _known("Pixel spacing (mm)", image.pixel_spacing_mm),
            Fact("SHA-256", image.sha256),
            Fact("Preprocessing", "; ".join(image.preprocessing) or "none"),
            Fact("Analysis", answer.analysis_id, "of image, model and options"),
        ),
    )


def _model(answer: wire.Answer) -> Section:
    model = answer.model
    return Section(
        "Model",
        (
            Fact("Model", f"{model.id} {model.version}", f"backend {model.backend}"),
            Fact("SHA-256", model.sha256),
            Fact("Manifest SHA-256", model.manifest_sha256 or DASH),
        ),
    )


def _score(score: float) -> str:
    """Three digits, that do not claim to be 0 or 1 where the score is not."""
    if 0.9995 <= score < 1:
        return "> 0.999"
    return "< 0.001" if 0 < score < 0.0005 else f"{score:.3f}"


def _scores(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {_score(score)}" for name, score in scores.items()) or DASH


def _known(label: str, known: wire.Known[Any]) -> Fact:
    """A value with its source, or a dash with the reason."""
    if known.value is None:
        return Fact(label, DASH, known.reason or "")
    source = ", ".join(part for part in (known.source, known.detail) if part)
    return Fact(label, _value(known.value), source)


def _value(value: object) -> str:
    if value is None:
        return DASH
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, wire.Size):
        return f"{_number(value.x)} × {_number(value.y)}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _number(value: float) -> str:
    """Three digits; whole numbers stay whole."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
