"""Rules: which numbers speak against a map.

The agreement with occlusion is told and not judged: where one lesion lies in even tissue, most squares change
the score by next to nothing, and their ranks are chance.
"""

from collections.abc import Iterator

from mammo_core.map_quality import Curve, Doubt, Measured

RESIDUAL = 1e-2
"""Share of the score that may be unaccounted for. Rounding leaves less than a hundredth of this: above it the
head bends, or the gradients are wrong, and the cells are no parts of the score."""
ON_TISSUE = 0.5
"""Below it most of the evidence lies where there is no breast: the model looked at something else."""
FLIP = 0.5
"""Below it the two maps share less than a quarter of the variance of their ranks (0.5² = 0.25)."""


def doubts(measured: Measured, *, in_logits: bool, either_side: bool) -> tuple[Doubt, ...]:
    """Name what speaks against the map.

    The order of the cells is judged only if there is a region: a map without one shows hardly any heat.

    Parameters
    ----------
    measured : Measured
        A number that is unknown speaks neither for nor against the map.
    in_logits : bool
        Whether the map's cells are in logits: the residual says nothing of others.
    either_side : bool
        Whether the model is made for a chest wall at either side. For one that always sees it at the left
        the mirrored image is a strange one; its flip is told and not judged.

    Returns
    -------
    tuple of Doubt
        Those that say the most first.
    """
    return (
        *_occlusion(measured),
        *_tissue(measured),
        *(_completeness(measured) if in_logits else ()),
        *(_order(measured, either_side) if measured.occlusion_drops else ()),
    )


def _order(measured: Measured, either_side: bool) -> Iterator[Doubt]:
    """What the order of the cells is worth; without a region the map shows next to nothing to be ordered."""
    yield from _ordering(measured)
    if either_side:
        yield from _flip(measured)


def _occlusion(measured: Measured) -> Iterator[Doubt]:
    drop = next((drop.value for drop in measured.occlusion_drops[:1]), None)
    if drop is not None and drop <= 0.0:
        yield Doubt(
            "map_occlusion_without_effect",
            f"Filling in the first region does not lower the explained logit ({0.0 - drop:+.2g}).",
            "score no lower without region 1",
        )


def _tissue(measured: Measured) -> Iterator[Doubt]:
    share = measured.evidence_on_tissue.value
    if share is not None and share < ON_TISSUE:
        percent = f"{100.0 * share:.0f} %"
        yield Doubt(
            "map_evidence_off_tissue",
            f"Only {percent} of the map's positive evidence lies on the breast.",
            f"{percent} of evidence on tissue",
        )


def _completeness(measured: Measured) -> Iterator[Doubt]:
    residual = measured.completeness.value
    if residual is not None and residual > RESIDUAL:
        yield Doubt(
            "map_incomplete",
            f"The evidence does not add up to the score: the completeness residual is {residual:.2g}, "
            f"more than {RESIDUAL:g}.",
            f"residual {residual:.2g} of the score",
        )


def _ordering(measured: Measured) -> Iterator[Doubt]:
    ordering = measured.ordering.value
    if ordering is None:
        return
    for name, verb, curve in (
        ("deletion", "Blurring", ordering.deletion),
        ("insertion", "Bringing back", ordering.insertion),
    ):
        if curve.gap <= 0.0:
            yield _by_chance(name, verb, curve)


def _by_chance(name: str, verb: str, curve: Curve) -> Doubt:
    return Doubt(
        f"map_{name}_by_chance",
        f"{verb} the breast in the map's order changes the score no faster than in random orders "
        f"({name} area {curve.area:.2g}, random {curve.random_area:.2g}).",
        f"{name} no better than random",
    )


def _flip(measured: Measured) -> Iterator[Doubt]:
    correlation = measured.flip.value.agreement.value if measured.flip.value is not None else None
    if correlation is not None and correlation < FLIP:
        yield Doubt(
            "map_unstable_under_flip",
            f"The mirrored image has another map (rank correlation {correlation:.2f}, less than {FLIP:g}).",
            "mirrored image has another map",
        )
