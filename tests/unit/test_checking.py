"""A map is measured as far as was asked for, and whatever breaks costs its own number only."""

import sys
from dataclasses import replace
from typing import NoReturn

import numpy as np
import pytest

from mammo_core.attempt import Failure, Outcome
from mammo_core.checking import check_map
from mammo_core.errors import InferenceError
from mammo_core.explain import mirror, occlusion, ordering
from mammo_core.explain.doubts import doubts
from mammo_core.geometry import PixelTransform
from mammo_core.interpretation import Interpretation, interpret
from mammo_core.map_quality import MapQuality, Measured, QualityChecks, QualityStatus
from mammo_core.models.manifest import Orientation
from mammo_core.options import AnalysisOptions
from mammo_core.records import FloatArray, ModelInput, ModelOutput, Sourced
from mammo_core.testing import AGAINST, EVERYWHERE, MANIFEST, FakeModel
from tests.conftest import make_anatomy, make_mammogram

SHAPE = (MANIFEST.input.rows, MANIFEST.input.columns)
LESION = np.s_[50:78, 10:30]
OFF = "not asked for: quality_checks is off"
FAST = "not asked for: quality_checks is fast"
BROKEN = "The model's time is up."


class Silent(FakeModel):
    """Predicts once; whoever asks again is an error."""

    runs = 0

    def run(self, model_input: ModelInput) -> ModelOutput:
        self.runs += 1
        if self.runs > 1:
            raise InferenceError(BROKEN)
        return super().run(model_input)

    def explained_scores(self, images: FloatArray) -> NoReturn:
        raise InferenceError(BROKEN)


def model_input() -> ModelInput:
    """A bright lesion on even tissue, where the fake model looks; all of it is breast."""
    values = np.full(SHAPE, 0.3, dtype=np.float32)
    values[LESION] = 0.8
    return ModelInput(values[None, :, :, None], PixelTransform.identity(SHAPE), ())


def checked(
    model: FakeModel, checks: QualityChecks, **changes: Outcome[object]
) -> tuple[MapQuality, Interpretation]:
    given = model_input()
    output = model.run(given)
    mammogram = make_mammogram(np.zeros(SHAPE, dtype=np.uint16))
    interpretation = interpret(
        output, given, mammogram, make_anatomy(None), manifest=model.manifest, options=AnalysisOptions()
    )
    interpretation = replace(interpretation, **changes)  # type: ignore[arg-type]  # some of its fields
    score = output.evidence.score if output.evidence is not None else None
    return check_map(interpretation, given, None, score=score, model=model, checks=checks), interpretation


def whole(checks: QualityChecks) -> MapQuality:
    return checked(FakeModel(square=EVERYWHERE), checks)[0]


def test_off_asks_the_model_nothing_and_judges_nothing() -> None:
    quality, interpretation = checked(Silent(), QualityChecks.OFF)

    assert interpretation.regions.value, "there is a region to be filled in"
    assert quality == MapQuality(
        QualityChecks.OFF,
        Measured(
            completeness=quality.measured.completeness,
            evidence_on_tissue=Sourced.unknown("no breast was found"),
            occlusion_drops=(Sourced.unknown(OFF),),
            ordering=Sourced.unknown(OFF),
            occlusion_agreement=Sourced.unknown(OFF),
            flip=Sourced.unknown(OFF),
        ),
        doubts=(),
        forwards=0,
        complete=False,
        failures=(),
    )
    assert quality.measured.completeness.value == pytest.approx(0.0, abs=1e-6)
    assert quality.status is QualityStatus.NOT_CHECKED


def test_fast_fills_the_regions_in_and_no_more() -> None:
    quality = whole(QualityChecks.FAST)

    assert quality.status is QualityStatus.GOOD
    assert (quality.doubts, quality.failures, quality.notices) == ((), (), ())
    assert quality.forwards == 1
    (drop,) = quality.measured.occlusion_drops
    assert drop.value is not None
    assert drop.value > 0.5
    for rest in (quality.measured.ordering, quality.measured.occlusion_agreement, quality.measured.flip):
        assert rest == Sourced.unknown(FAST)


def test_full_measures_everything_and_the_same_each_time() -> None:
    quality, again = whole(QualityChecks.FULL), whole(QualityChecks.FULL)

    measured = quality.measured
    assert quality == again
    assert quality.failures == ()
    assert measured.occlusion_drops == whole(QualityChecks.FAST).measured.occlusion_drops
    assert measured.occlusion_agreement.value is not None
    assert measured.flip.value is not None
    assert measured.flip.value.agreement.value == pytest.approx(1.0)
    # The blur keeps the mean brightness, and with it this model's score.
    assert measured.ordering.reason == "the image scores less than 0.1 logits more than its blurred breast"
    assert quality.forwards == 1 + 1 + 48 + 1, "a region, the blurred breast, the squares, the mirror"
    assert quality.status is QualityStatus.GOOD


def test_full_compares_the_order_of_the_cells_with_chance() -> None:
    quality, _ = checked(FakeModel(), QualityChecks.FULL)

    ordering = quality.measured.ordering.value
    assert ordering is not None
    assert ordering.deletion.area < 0.05, "all that counts is taken first"
    assert ordering.insertion.area > 0.95
    assert ordering.deletion.random_area == ordering.insertion.random_area == pytest.approx(0.5, abs=0.1)
    assert quality.forwards == 1 + 76 + 48 + 1


def test_an_empty_map_is_not_checked_and_not_doubted() -> None:
    quality, _ = checked(FakeModel(weights=AGAINST), QualityChecks.FULL)

    reason = "the map has no positive evidence that is localised"
    assert quality.status is QualityStatus.NOT_CHECKED
    assert (quality.doubts, quality.failures, quality.forwards) == ((), (), 0)
    assert quality.measured.completeness.value == pytest.approx(0.0, abs=1e-6)
    assert quality.measured.evidence_on_tissue == Sourced.unknown(reason)
    assert quality.measured.ordering == Sourced.unknown(reason)


def test_an_empty_map_that_does_not_add_up_is_doubtful() -> None:
    _, interpretation = checked(FakeModel(weights=AGAINST), QualityChecks.FAST)
    heat = interpretation.heat.value
    assert heat is not None
    torn = replace(heat, saliency=replace(heat.saliency, completeness_residual=0.4))

    quality, _ = checked(FakeModel(weights=AGAINST), QualityChecks.FAST, heat=Outcome(torn))

    assert [doubt.code for doubt in quality.doubts] == ["map_incomplete"]
    assert quality.status is QualityStatus.DOUBTFUL


def test_a_residual_that_is_no_number_is_told() -> None:
    _, interpretation = checked(FakeModel(), QualityChecks.FAST)
    heat = interpretation.heat.value
    assert heat is not None
    torn = replace(heat, saliency=replace(heat.saliency, completeness_residual=None))

    quality, _ = checked(FakeModel(), QualityChecks.FAST, heat=Outcome(torn))

    assert quality.measured.completeness == Sourced.unknown("it is not a finite number")


def test_without_a_map_there_is_nothing_to_check() -> None:
    quality, _ = checked(FakeModel(unavailable="no layer"), QualityChecks.FULL)

    nothing = Sourced.unknown("there is no map")  # type: ignore[var-annotated]  # fits any Sourced
    assert quality == MapQuality(
        QualityChecks.FULL,
        Measured(nothing, nothing, (), nothing, nothing, nothing),
        doubts=(),
        forwards=0,
        complete=False,
        failures=(),
    )
    assert quality.status is QualityStatus.NOT_CHECKED


def test_a_model_that_cannot_be_asked_again_costs_the_numbers_and_says_so() -> None:
    quality, _ = checked(Silent(square=EVERYWHERE), QualityChecks.FULL)

    measured = quality.measured
    assert [drop.reason for drop in measured.occlusion_drops] == [
        f"the occlusion drops could not be made: {BROKEN}"
    ]
    assert measured.ordering.reason == f"the deletion and insertion curves could not be made: {BROKEN}"
    assert measured.occlusion_agreement.reason == f"the agreement with occlusion could not be made: {BROKEN}"
    assert measured.flip.reason == f"the map of the mirrored image could not be made: {BROKEN}"
    assert measured.completeness.value is not None
    assert [failure.where.split(":")[0] for failure in quality.failures] == [__name__] * 4
    assert quality.status is QualityStatus.NOT_CHECKED


@pytest.mark.parametrize("module", [occlusion, ordering, mirror, sys.modules[doubts.__module__]])
def test_a_module_that_is_missing_costs_its_own_numbers_only(
    module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = getattr(module, "__name__", "")
    monkeypatch.setitem(sys.modules, name, None)

    quality = whole(QualityChecks.FULL)

    reasons = {
        "mammo_core.explain.occlusion": quality.measured.occlusion_agreement.reason,
        "mammo_core.explain.mirror": quality.measured.flip.reason,
        "mammo_core.explain.ordering": quality.measured.ordering.reason,
    }
    for other, reason in reasons.items():
        assert ("ModuleNotFoundError" in (reason or "")) is (other == name)
    assert {failure.where.split(":")[0] for failure in quality.failures} == {"mammo_core.checking"}
    assert len(quality.failures) == (2 if name == "mammo_core.explain.occlusion" else 1)
    assert quality.status is QualityStatus.NOT_CHECKED


def test_a_step_that_broke_before_keeps_the_badge_from_being_good() -> None:
    broken = Failure("the regions could not be made: ImportError", "somewhere:1")

    quality, _ = checked(FakeModel(), QualityChecks.FAST, regions=Outcome(None, broken))

    assert quality.measured.occlusion_drops == ()
    assert quality.failures == (), "told by the step that broke"
    assert quality.status is QualityStatus.NOT_CHECKED


@pytest.mark.parametrize(
    ("orientation", "status"),
    [(Orientation.AS_IS, QualityStatus.DOUBTFUL), (Orientation.CHEST_WALL_LEFT, QualityStatus.GOOD)],
)
def test_a_flip_is_judged_only_for_a_model_of_either_side(
    orientation: Orientation, status: QualityStatus
) -> None:
    spec = MANIFEST.input.model_copy(update={"orientation": orientation})
    model = FakeModel(manifest=MANIFEST.model_copy(update={"input": spec}))

    quality, _ = checked(model, QualityChecks.FULL)

    assert quality.measured.flip.value is not None
    assert quality.measured.flip.value.agreement.value is not None
    assert quality.measured.flip.value.agreement.value < 0
    assert quality.status is status
