"""From the evidence behind a score to a map and its regions. Nothing here can cost the score.

Each step is imported and run inside :func:`mammo_core.attempt.attempt`, so that a module that is missing once
deployed takes away its own result, with a reason, and no other.
"""

from dataclasses import dataclass

from mammo_core.anatomy.records import Anatomy
from mammo_core.attempt import Failure, Outcome, attempt
from mammo_core.geometry import PixelTransform
from mammo_core.models.manifest import Manifest
from mammo_core.options import AnalysisOptions
from mammo_core.records import (
    BreastMask,
    CamMethod,
    ColourAnchor,
    Mammogram,
    ModelInput,
    ModelOutput,
    Notice,
    Region,
    RegionType,
    SaliencyMap,
)


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """A map and the local evidence that is drawn in its last colour."""

    saliency: SaliencyMap
    anchor: ColourAnchor


@dataclass(frozen=True, slots=True, eq=False)
class TypedRegion:
    """A region and what it may be."""

    region: Region
    type: RegionType


@dataclass(frozen=True, slots=True, eq=False)
class Interpretation:
    """What the evidence says, or why it says nothing.

    Parameters
    ----------
    heat : Outcome[Heat]
    regions : Outcome[tuple[TypedRegion, ...]]
    evidence_on_tissue : Outcome[float | None]
        Share of the positive evidence on the breast, 0 to 1; None if no breast was found.
    untyped : Failure or None
        Why the regions have no types, if that is because something broke.
    """

    heat: Outcome[Heat]
    regions: Outcome[tuple[TypedRegion, ...]]
    evidence_on_tissue: Outcome[float | None]
    untyped: Failure | None = None

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What a reader of the map should know."""
        return self.heat.value.saliency.notices if self.heat.value is not None else ()

    @property
    def failures(self) -> tuple[Failure, ...]:
        """What broke, each once: a step that lacks its input did not break itself."""
        outcomes = (self.heat, self.regions, self.evidence_on_tissue)
        failures = (*(outcome.failure for outcome in outcomes), self.untyped)
        return tuple(dict.fromkeys(failure for failure in failures if failure is not None))


def interpret(
    output: ModelOutput,
    model_input: ModelInput,
    mammogram: Mammogram,
    anatomy: Anatomy,
    *,
    manifest: Manifest,
    options: AnalysisOptions,
) -> Interpretation:
    """Make the map and find its regions; never raises."""
    heat = _heat(output, model_input, options.method, manifest)
    if heat.value is None:
        return Interpretation(heat, Outcome(None, heat.failure), Outcome(None, heat.failure))
    found = heat.value
    regions = attempt(
        "the regions", lambda: _regions(found, model_input.transform, mammogram, anatomy, options)
    )
    typed, untyped = _typed(regions, output, mammogram, anatomy.breast, manifest)
    return Interpretation(
        heat,
        typed,
        attempt(
            "the share of evidence on tissue",
            lambda: _on_tissue(found, model_input.transform, anatomy.breast),
        ),
        untyped,
    )


def _heat(
    output: ModelOutput, model_input: ModelInput, method: CamMethod, manifest: Manifest
) -> Outcome[Heat]:
    evidence = output.evidence
    if evidence is None:
        reason = output.unavailable or "the model gave no evidence"
        return Outcome(None, Failure(f"the map could not be made: {reason}", "target layer"))

    def make() -> Heat:
        from mammo_core.explain.saliency import colour_anchor, explain

        saliency = explain(evidence, model_input, method)
        return Heat(saliency, colour_anchor(saliency, manifest.reference_logit))

    return attempt("the map", make)


def _regions(
    heat: Heat,
    model_grid: PixelTransform,
    mammogram: Mammogram,
    anatomy: Anatomy,
    options: AnalysisOptions,
) -> tuple[Region, ...]:
    from mammo_core.findings.regions import find_regions

    return find_regions(
        heat.saliency,
        model_grid=model_grid,
        anatomy=anatomy,
        exclude_pectoral=options.exclude_pectoral,
        anchor=heat.anchor,
        spacing=mammogram.spacing.value,
    )


def _typed(
    regions: Outcome[tuple[Region, ...]],
    output: ModelOutput,
    mammogram: Mammogram,
    breast: BreastMask | None,
    manifest: Manifest,
) -> tuple[Outcome[tuple[TypedRegion, ...]], Failure | None]:
    """Say of each region what it may be; if that breaks, the regions stay, and say so."""
    found = regions.value
    if found is None:
        return Outcome(None, regions.failure), None

    def types() -> tuple[RegionType, ...]:
        from mammo_core.findings.region_type import region_types

        return region_types(found, mammogram, breast, output.probabilities, manifest)

    named = attempt("the region types", types)
    each = named.value or (RegionType("region_of_attention", None, named.reason or ""),) * len(found)
    return Outcome(tuple(map(TypedRegion, found, each))), named.failure


def _on_tissue(heat: Heat, model_grid: PixelTransform, breast: BreastMask | None) -> float | None:
    from mammo_core.findings.regions import evidence_on_tissue

    if breast is None:
        return None
    return evidence_on_tissue(heat.saliency, model_grid=model_grid, breast=breast)
