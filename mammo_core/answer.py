"""From the records of an analysis to the answer: rows and columns become x and y, here only."""

import base64
from collections.abc import Callable
from math import exp
from typing import TypeVar

from mammo_core import schemas as wire
from mammo_core.anatomy.records import Anatomy, ImageQuality, PectoralMuscle
from mammo_core.geometry import Box
from mammo_core.interpretation import Heat, TypedRegion
from mammo_core.map_quality import Curve, MapQuality
from mammo_core.models.protocol import Model
from mammo_core.options import AnalysisOptions
from mammo_core.pipeline import Analysis
from mammo_core.records import MapStatus, Picture, PixelSpacing, Sourced

T = TypeVar("T")
U = TypeVar("U")
NO_SPACING = "the pixel spacing at the breast is not known"
WHY_EMPTY = {
    MapStatus.NO_POSITIVE_EVIDENCE: "no cell of the map speaks for the explained class",
    MapStatus.DEGENERATE: "all cells of the map are equal: nothing is localised",
}
NOT_LOGITS = "this map is not in logits: its cells do not add up to the score"
NO_BREAST = "no breast was found"
NO_REGION = "there is no region to fill in"


def to_answer(analysis: Analysis, *, options: AnalysisOptions) -> wire.Answer:
    """Put an analysis on the wire.

    Parameters
    ----------
    analysis : Analysis
    options : AnalysisOptions
    """
    model = analysis.model
    verdict = analysis.verdict
    return wire.Answer(
        result=verdict.result,
        confidence=verdict.score,
        images=wire.Images(**{p.name.value: _base64(p) for p in analysis.pictures}),
        findings=_findings(analysis),
        image_status=image_statuses(analysis.pictures),
        view_analysis=_view_analysis(analysis.anatomy),
        explanation=_explanation(analysis, model, options),
        input=_input(analysis),
        scores=dict(zip(model.manifest.classes, analysis.output.probabilities, strict=True)),
        threshold=verdict.threshold.threshold,
        threshold_source=verdict.threshold.source,
        model=model_out(model),
        timings_ms=analysis.timings_ms,
        cold_start=analysis.loaded,
        warnings=_warnings(analysis, model),
        analysis_id=options.digest(analysis.mammogram.sha256, model.identity.digest),
    )


def image_statuses(pictures: tuple[Picture, ...]) -> wire.ImageStatuses:
    """Tell of each picture whether it is there."""
    return wire.ImageStatuses(
        **{
            picture.name.value: wire.ImageStatus(
                status=picture.state,
                reason=picture.reason,
                media_type=picture.media_type,
                width=picture.width,
                height=picture.height,
                bytes=len(picture.data) if picture.data is not None else None,
                scale=picture.scale,
            )
            for picture in pictures
        }
    )


def model_out(model: Model) -> wire.ModelOut:
    """Identify the model."""
    identity = model.identity
    return wire.ModelOut(
        id=model.manifest.id,
        version=model.manifest.version,
        sha256=identity.sha256,
        manifest_sha256=identity.manifest_sha256,
        backend=identity.backend,
        intended_use=model.manifest.intended_use,
    )


def _findings(analysis: Analysis) -> wire.Findings:
    regions = analysis.interpretation.regions
    heat = analysis.interpretation.heat.value
    in_logits = heat is not None and heat.saliency.in_logits
    drops = analysis.map_quality.measured.occlusion_drops
    listed = None
    if regions.value is not None:
        spacing = analysis.mammogram.spacing
        listed = [_region(r, drop, in_logits, spacing) for r, drop in zip(regions.value, drops, strict=True)]
    reason = regions.reason if listed is None else None if listed else _no_regions(heat)
    return wire.Findings(
        num_regions=None if listed is None else len(listed),
        regions=listed,
        reason=reason,
        assessment=wire.AssessmentOut(
            suspicion=_known(analysis.verdict.suspicion), birads_like=_known(analysis.verdict.birads_like)
        ),
        tissue=_tissue(analysis),
    )


def _no_regions(heat: Heat | None) -> str:
    status = heat.saliency.status if heat is not None else MapStatus.UNAVAILABLE
    return WHY_EMPTY.get(status, "no part of the map reaches a visible share of the colour scale")


def _region(
    typed: TypedRegion, drop: Sourced[float], in_logits: bool, spacing: Sourced[PixelSpacing]
) -> wire.RegionOut:
    region = typed.region
    return wire.RegionOut(
        id=region.number,
        bbox=_bounding_box(region.box),
        centroid=_point(region.centroid),
        peak_xy=_point(region.peak),
        area_px=region.area_px,
        area_mm2=_area_mm2(region.area_mm2, spacing),
        evidence_logit=_in_logits(region.evidence, in_logits),
        share_of_evidence=region.share_of_evidence,
        confidence=_in_logits(1.0 / (1.0 + exp(-region.evidence)), in_logits),
        peak=region.relative_peak,
        occlusion_drop=_known(drop),
        type=wire.LesionType(label=typed.type.label, score=typed.type.score, source=typed.type.source),
        location=wire.Location(
            depth=_known(region.location.depth),
            vertical=_known(region.location.vertical),
            horizontal=_known(region.location.horizontal),
        ),
    )


def _area_mm2(area: float | None, spacing: Sourced[PixelSpacing]) -> wire.Known[float]:
    """Millimetres come from where the spacing comes from."""
    if area is None:
        return wire.Known(value=None, reason=NO_SPACING)
    return wire.Known(value=area, source=spacing.source, detail=spacing.detail)


def _in_logits(value: float, in_logits: bool) -> wire.Known[float]:
    return _or_reason(
        value if in_logits else None,
        "model",
        NOT_LOGITS,
    )


def _tissue(analysis: Analysis) -> wire.Tissue:
    breast, share = analysis.anatomy.breast, analysis.interpretation.evidence_on_tissue
    return wire.Tissue(
        breast_fraction=_or_reason(breast.fraction if breast else None, "pixels", NO_BREAST),
        evidence_on_tissue=_or_reason(share.value, "model", share.reason or NO_BREAST),
        method=breast.method if breast else None,
    )


def _view_analysis(anatomy: Anatomy) -> wire.ViewAnalysis:
    breast = anatomy.breast
    mask: wire.Known[wire.BreastMaskOut] = wire.Known(value=None, reason=NO_BREAST)
    if breast is not None:
        found = wire.BreastMaskOut(
            bbox=_bounding_box(breast.box),
            breast_fraction=breast.fraction,
            chest_wall_side=_known(breast.chest_wall),
        )
        mask = wire.Known(value=found, source="pixels", detail=breast.method)
    return wire.ViewAnalysis(
        view_position=_known(anatomy.view_position),
        laterality=_known(anatomy.laterality),
        orientation=_known(anatomy.orientation),
        breast_mask=mask,
        pectoral_muscle=_translated(anatomy.pectoral, _pectoral),
        density_index=_known(anatomy.density_index),
        image_quality=_translated(anatomy.quality, _quality),
    )


def _pectoral(muscle: PectoralMuscle) -> wire.PectoralMuscleOut:
    return wire.PectoralMuscleOut(
        bbox=_bounding_box(muscle.box),
        share_of_breast=muscle.share_of_breast,
        contrast=muscle.contrast,
        edge=[_point(point) for point in muscle.edge],
    )


def _quality(quality: ImageQuality) -> wire.ImageQualityOut:
    return wire.ImageQualityOut(
        clipped_white=_known(quality.clipped_white),
        clipped_black=_known(quality.clipped_black),
        contrast=_known(quality.contrast),
        sharpness=_known(quality.sharpness),
        cut_off=_translated(quality.cut_off, list),
        pectoral_visible=_known(quality.pectoral_visible),
    )


def _explanation(analysis: Analysis, model: Model, options: AnalysisOptions) -> wire.Explanation:
    interpretation, evidence = analysis.interpretation, analysis.output.evidence
    heat = interpretation.heat.value
    cell = None
    if heat is not None:
        grid = heat.saliency.transform
        cell = wire.Size(x=1.0 / abs(grid.column.scale), y=1.0 / abs(grid.row.scale))
    return wire.Explanation(
        status=heat.saliency.status if heat is not None else MapStatus.UNAVAILABLE,
        reason=interpretation.heat.reason if heat is None else WHY_EMPTY.get(heat.saliency.status),
        method=options.method,
        target_layer=evidence.target_layer if evidence else None,
        explained_class=model.manifest.positive,
        score=evidence.score if evidence else None,
        completeness=wire.Completeness(
            residual=heat.saliency.completeness_residual if heat is not None else None,
            bias_evidence=evidence.bias_evidence if evidence else None,
        ),
        evidence_on_tissue=interpretation.evidence_on_tissue.value,
        quality=_map_quality(analysis.map_quality),
        cell_size_px=cell,
        cell_size_mm=_cell_size_mm(cell, analysis.mammogram.spacing),
        colormap=options.colour_map,
        reference_logit=heat.anchor.value if heat is not None else None,
        reference_logit_source=heat.anchor.source if heat is not None else None,
    )


def _map_quality(quality: MapQuality) -> wire.MapQualityOut:
    measured = quality.measured
    flip = measured.flip
    return wire.MapQualityOut(
        status=quality.status,
        checks=quality.checks,
        issues=[doubt.message for doubt in quality.doubts],
        completeness=_known(measured.completeness),
        evidence_on_tissue=_known(measured.evidence_on_tissue),
        occlusion_drop=_known(next(iter(measured.occlusion_drops), Sourced.unknown(NO_REGION))),
        deletion=_translated(measured.ordering, lambda ordering: _curve(ordering.deletion)),
        insertion=_translated(measured.ordering, lambda ordering: _curve(ordering.insertion)),
        occlusion_agreement=_known(measured.occlusion_agreement),
        flip_agreement=_known(flip.value.agreement)
        if flip.value
        else _known(Sourced(None, reason=flip.reason)),
        flip_logit_change=_translated(flip, lambda change: change.logit_change),
        forwards=quality.forwards,
    )


def _curve(curve: Curve) -> wire.CurveOut:
    return wire.CurveOut(area=curve.area, random_area=curve.random_area, gap=curve.gap)


def _cell_size_mm(cell: wire.Size | None, spacing: Sourced[PixelSpacing]) -> wire.Known[wire.Size]:
    if cell is None:
        return wire.Known(value=None, reason="there is no map")
    if spacing.value is None:
        return wire.Known(value=None, reason=NO_SPACING)
    size = wire.Size(x=cell.x * spacing.value.column_mm, y=cell.y * spacing.value.row_mm)
    return wire.Known(value=size, source=spacing.source, detail=spacing.detail)


def _input(analysis: Analysis) -> wire.InputOut:
    mammogram = analysis.mammogram
    spacing = mammogram.spacing
    size = None
    if spacing.value is not None:
        size = wire.Size(x=spacing.value.column_mm, y=spacing.value.row_mm)
    return wire.InputOut(
        width=mammogram.shape[1],
        height=mammogram.shape[0],
        format=mammogram.image_format,
        sha256=mammogram.sha256,
        preprocessing=[*mammogram.steps, *analysis.model_input.steps],
        pixel_spacing_mm=wire.Known(
            value=size, source=spacing.source, detail=spacing.detail, reason=spacing.reason
        ),
    )


def _warnings(analysis: Analysis, model: Model) -> list[wire.WarningOut]:
    """Notices of the steps, and what the answer as a whole lacks."""
    listed = [wire.WarningOut(code=n.code, message=n.message) for n in analysis.notices]
    if model.manifest.absent:
        message = (
            "The model has no manifest: its input (the whole image, values scaled to "
            f"{model.manifest.input.scaling}), its labels and its threshold follow documented defaults."
        )
        listed.append(wire.WarningOut(code="manifest_missing", message=message))
    compiled = model.manifest.compiled
    if compiled is not None and compiled.verification.maps == 0:
        message = "When this model was compiled no input gave a map: its maps were not compared with Keras's."
        listed.append(wire.WarningOut(code="explanation_unverified", message=message))
    if model.manifest.demonstration:
        message = f"This model is for demonstration: {model.manifest.intended_use or 'not for real images'}."
        listed.append(wire.WarningOut(code="demonstration_model", message=message))
    return listed


def _base64(picture: Picture) -> str | None:
    return None if picture.data is None else base64.b64encode(picture.data).decode("ascii")


def _known(value: Sourced[T]) -> wire.Known[T]:
    return wire.Known(value=value.value, source=value.source, detail=value.detail, reason=value.reason)


def _translated(value: Sourced[T], translate: Callable[[T], U]) -> wire.Known[U]:
    """The same, its value in the wire's words."""
    inner = None if value.value is None else translate(value.value)
    return wire.Known(value=inner, source=value.source, detail=value.detail, reason=value.reason)


def _or_reason(value: T | None, source: str, reason: str) -> wire.Known[T]:
    if value is None:
        return wire.Known(value=None, reason=reason)
    return wire.Known(value=value, source=source)


def _bounding_box(box: Box) -> wire.BoundingBox:
    return wire.BoundingBox(x1=int(box.left), y1=int(box.top), x2=int(box.right), y2=int(box.bottom))


def _point(position: tuple[float, float]) -> wire.Point:
    return wire.Point(x=position[1], y=position[0])
