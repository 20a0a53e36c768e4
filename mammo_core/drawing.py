"""The pictures of an analysis, whatever of it is there to be shown. Nothing here can cost the score."""

from mammo_core.attempt import Failure, attempt
from mammo_core.findings.verdict import Verdict
from mammo_core.interpretation import Interpretation
from mammo_core.map_quality import MapQuality
from mammo_core.options import AnalysisOptions
from mammo_core.records import BreastMask, Mammogram, Picture, PictureName, PictureState


def draw(
    mammogram: Mammogram,
    breast: BreastMask | None,
    interpretation: Interpretation,
    map_quality: MapQuality,
    *,
    verdict: Verdict,
    options: AnalysisOptions,
    max_bytes: int,
) -> tuple[Picture, ...]:
    """Draw the pictures that were asked for; never raises.

    Returns
    -------
    tuple of Picture
        All five, in the order of :class:`mammo_core.records.PictureName`; those that are missing say why.
    """

    def make() -> tuple[Picture, ...]:
        from mammo_core.render.album import PictureOptions, make_pictures
        from mammo_core.render.scene import Scene

        heat, regions = interpretation.heat, interpretation.regions
        scene = Scene(
            mammogram=mammogram,
            breast=breast,
            saliency=heat.value.saliency if heat.value else None,
            saliency_reason=heat.reason,
            anchor=heat.value.anchor if heat.value else None,
            doubts=tuple(doubt.caption for doubt in map_quality.doubts),
            regions=tuple(r.region for r in regions.value) if regions.value is not None else None,
            regions_reason=regions.reason,
            region_types=tuple(r.type for r in regions.value or ()),
            result=verdict.result,
            score=verdict.score,
            threshold=verdict.threshold.threshold,
            colour_map=options.colour_map,
        )
        return make_pictures(
            scene,
            PictureOptions(
                names=options.images,
                max_side=options.max_side,
                picture_format=options.picture_format,
                max_total_bytes=max_bytes,
            ),
        )

    if not options.images:
        return tuple(Picture(name, PictureState.NOT_REQUESTED) for name in PictureName)
    drawn = attempt("the pictures", make)
    if drawn.failure is None and drawn.value is not None:
        return drawn.value
    return tuple(_missing(name, options, drawn.failure) for name in PictureName)


def _missing(name: PictureName, options: AnalysisOptions, failure: Failure | None) -> Picture:
    if name not in options.images or failure is None:
        return Picture(name, PictureState.NOT_REQUESTED)
    return Picture(name, PictureState.FAILED, failure.reason, failure.where)
