"""How far a map can be trusted: what is measured of it, and what speaks against it.

Nothing here can cost the score: as in ``interpretation.py``, each step is imported and run inside
:func:`mammo_core.attempt.attempt`.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from mammo_core.attempt import Failure, attempt
from mammo_core.interpretation import Heat, Interpretation
from mammo_core.map_quality import Doubt, Flip, MapQuality, Measured, Ordering, QualityChecks
from mammo_core.models.manifest import Orientation
from mammo_core.models.protocol import Model
from mammo_core.records import BreastMask, MapStatus, ModelInput, Sourced

if TYPE_CHECKING:  # when running, inside the steps: a module that is missing takes away its own result only
    from mammo_core.explain.probe import Probe, Subject

T = TypeVar("T")
NO_MAP = "there is no map"
NO_EVIDENCE = "the map has no positive evidence that is localised"
NO_BREAST = "no breast was found"
NOT_FINITE = "it is not a finite number"
RESIDUAL = "|Σ G⊙A + bias_evidence − z| / max(1, |z|), of hirescam"
ON_TISSUE = "positive evidence on the breast mask, as a share of all of it"


def check_map(
    interpretation: Interpretation,
    model_input: ModelInput,
    breast: BreastMask | None,
    *,
    score: float | None,
    model: Model,
    checks: QualityChecks,
) -> MapQuality:
    """Measure a map and judge it; never raises.

    Parameters
    ----------
    interpretation : Interpretation
    model_input : ModelInput
    breast : BreastMask or None
    score : float or None
        z of the input, the explained logit; None if there is no evidence, and so no map.
    model : Model
        Asked again about changed copies of the input; never if ``checks`` is off.
    checks : QualityChecks
    """
    heat = interpretation.heat.value
    if heat is None or score is None:
        return MapQuality(checks, _nothing(), doubts=(), forwards=0, complete=False, failures=())
    bench = _Bench(heat, interpretation, model_input, breast, score=score, model=model, checks=checks)
    measured = bench.measured()
    doubts = bench.doubts(measured)
    broken = (*interpretation.failures, *bench.failures)
    return MapQuality(
        checks,
        measured,
        doubts=doubts,
        forwards=bench.forwards,
        complete=bench.reason(QualityChecks.FAST) is None and not broken,
        failures=tuple(bench.failures),
    )


def _nothing() -> Measured:
    return Measured(
        completeness=Sourced.unknown(NO_MAP),
        evidence_on_tissue=Sourced.unknown(NO_MAP),
        occlusion_drops=(),
        ordering=Sourced.unknown(NO_MAP),
        occlusion_agreement=Sourced.unknown(NO_MAP),
        flip=Sourced.unknown(NO_MAP),
    )


class _Bench:
    """One map on the bench: its steps, and what broke of them."""

    def __init__(
        self,
        heat: Heat,
        interpretation: Interpretation,
        model_input: ModelInput,
        breast: BreastMask | None,
        *,
        score: float,
        model: Model,
        checks: QualityChecks,
    ) -> None:
        self.failures: list[Failure] = []
        self._saliency = heat.saliency
        self._interpretation = interpretation
        self._input = model_input
        self._breast = breast
        self._score = score
        self._model = model
        self._checks = checks

    def measured(self) -> Measured:
        """Measure what was asked for."""
        return Measured(
            completeness=self._completeness(),
            evidence_on_tissue=self._on_tissue(),
            occlusion_drops=self._occlusion_drops(),
            ordering=self._step("the deletion and insertion curves", self._ordering, QualityChecks.FULL),
            occlusion_agreement=self._step(
                "the agreement with occlusion", self._agreement, QualityChecks.FULL
            ),
            flip=self._step("the map of the mirrored image", self._flip, QualityChecks.FULL),
        )

    def doubts(self, measured: Measured) -> tuple[Doubt, ...]:
        """Judge it, unless nothing was asked for."""

        def judge() -> tuple[Doubt, ...]:
            from mammo_core.explain.doubts import doubts

            orientation = self._model.manifest.input.orientation
            return doubts(
                measured,
                in_logits=self._saliency.in_logits,
                either_side=orientation is Orientation.AS_IS,
            )

        return (
            () if self._checks is QualityChecks.OFF else self._attempt("the verdict on the map", judge) or ()
        )

    @property
    def forwards(self) -> int:
        """Inputs that the model was asked about."""
        return self._probe.forwards if "_probe" in self.__dict__ else 0

    def reason(self, since: QualityChecks) -> str | None:
        """Why a step that belongs to a level is not run."""
        if self._saliency.status is not MapStatus.OK:
            return NO_EVIDENCE
        levels = list(QualityChecks)
        if levels.index(self._checks) < levels.index(since):
            return f"not asked for: quality_checks is {self._checks}"
        return None

    def _completeness(self) -> Sourced[float]:
        residual = self._saliency.completeness_residual
        return Sourced.unknown(NOT_FINITE) if residual is None else Sourced(residual, "model", RESIDUAL)

    def _on_tissue(self) -> Sourced[float]:
        share = self._interpretation.evidence_on_tissue
        if self._saliency.status is not MapStatus.OK:
            return Sourced.unknown(NO_EVIDENCE)
        if share.value is None:
            return Sourced.unknown(share.reason or NO_BREAST)
        return Sourced(share.value, "model", ON_TISSUE)

    def _occlusion_drops(self) -> tuple[Sourced[float], ...]:
        regions = self._interpretation.regions.value or ()

        def drops() -> Sourced[tuple[Sourced[float], ...]]:
            from mammo_core.explain.occlusion import occlusion_drops

            parts = [typed.region.part for typed in regions]
            return Sourced(occlusion_drops(self._subject, parts, self._probe))

        if not regions:
            return ()
        found = self._step("the occlusion drops", drops, QualityChecks.FAST)
        return found.value or (Sourced.unknown(found.reason or NO_MAP),) * len(regions)

    def _ordering(self) -> Sourced[Ordering]:
        from mammo_core.explain.ordering import deletion_and_insertion

        return deletion_and_insertion(self._subject, self._probe)

    def _agreement(self) -> Sourced[float]:
        from mammo_core.explain.occlusion import agreement

        return agreement(self._subject, self._probe)

    def _flip(self) -> Sourced[Flip]:
        from mammo_core.explain.mirror import flip

        return flip(self._subject, self._probe)

    def _step(self, what: str, step: Callable[[], Sourced[T]], since: QualityChecks) -> Sourced[T]:
        reason = self.reason(since)
        if reason is not None:
            return Sourced.unknown(reason)
        return self._attempt(what, step) or Sourced.unknown(self.failures[-1].reason)

    def _attempt(self, what: str, step: Callable[[], T]) -> T | None:
        outcome = attempt(what, step)
        if outcome.failure is not None:
            self.failures.append(outcome.failure)
        return outcome.value

    @cached_property
    def _probe(self) -> "Probe":
        from mammo_core.explain.probe import Probe

        return Probe(self._model)

    @cached_property
    def _subject(self) -> "Subject":
        from mammo_core.explain.probe import Subject
        from mammo_core.findings.regions import tissue_on_grid

        grid = self._input.transform
        tissue = tissue_on_grid(self._breast, grid)
        return Subject(self._input.tensor[0], grid, tissue, self._saliency, self._score)
