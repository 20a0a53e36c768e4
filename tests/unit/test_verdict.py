"""A score is compared with the cuts that the manifest declares, and with no others."""

import pytest

from mammo_core.findings.verdict import NO_CATEGORIES, NO_POINTS, Verdict, birads_like, decide, suspicion
from mammo_core.models.manifest import BiradsLikeCut, Calibration, Head, Manifest, OperatingPoint
from mammo_core.records import Sourced, Suspicion
from tests.conftest import make_manifest

LOW = OperatingPoint(threshold=0.2, sensitivity=0.9, source="validation")
HIGH = OperatingPoint(threshold=0.7, specificity=0.9, source="validation")
CUT = OperatingPoint(threshold=0.4, source="validation")


def manifest_with(**changes: object) -> Manifest:
    return make_manifest().model_copy(update={"threshold": CUT, **changes})


@pytest.mark.parametrize(
    ("score", "result"),
    [(0.0, "benign"), (0.39, "benign"), (0.4, "malignant"), (0.41, "malignant"), (1.0, "malignant")],
)
def test_the_result_changes_at_the_threshold(score: float, result: str) -> None:
    verdict = decide((1.0 - score, score), manifest_with())

    assert verdict == Verdict(result, score, CUT, Sourced.unknown(NO_POINTS), Sourced.unknown(NO_CATEGORIES))


def test_the_score_is_that_of_the_positive_class_wherever_it_stands() -> None:
    manifest = manifest_with(classes=("malignant", "benign"))

    assert decide((0.9, 0.1), manifest).result == "malignant"
    assert decide((0.9, 0.1), manifest).score == 0.9
    assert decide((0.1, 0.9), manifest).result == "benign"


@pytest.mark.parametrize(
    ("probabilities", "result"),
    [
        ((0.5, 0.2, 0.3), "normal"),
        ((0.2, 0.5, 0.3), "benign"),
        ((0.35, 0.35, 0.3), "normal"),
        ((0.5, 0.1, 0.4), "malignant"),
        ((0.05, 0.05, 0.9), "malignant"),
    ],
)
def test_of_three_classes_the_most_probable_other_is_named_below_the_threshold(
    probabilities: tuple[float, ...], result: str
) -> None:
    manifest = make_manifest(head=Head.SOFTMAX, classes=("normal", "benign", "malignant"))

    assert decide(probabilities, manifest.model_copy(update={"threshold": CUT})).result == result


@pytest.mark.parametrize(
    ("score", "value"),
    [
        (0.0, Suspicion.LOW),
        (0.19, Suspicion.LOW),
        (0.2, Suspicion.INTERMEDIATE),
        (0.69, Suspicion.INTERMEDIATE),
        (0.7, Suspicion.HIGH),
        (1.0, Suspicion.HIGH),
    ],
)
def test_suspicion_changes_at_the_two_operating_points(score: float, value: Suspicion) -> None:
    manifest = manifest_with(rule_out=LOW, rule_in=HIGH)

    assert suspicion(score, manifest) == Sourced(
        value, "manifest", "cut at 0.2 (validation) and 0.7 (validation)"
    )
    assert decide((1.0 - score, score), manifest).suspicion.value is value


@pytest.mark.parametrize("points", [{}, {"rule_out": LOW}, {"rule_in": HIGH}])
def test_without_both_operating_points_no_category_is_invented(points: dict[str, OperatingPoint]) -> None:
    assert suspicion(0.99, manifest_with(**points)) == Sourced.unknown(NO_POINTS)


CALIBRATION = Calibration(method="Platt scaling", prevalence=0.006, source="a test")
CATEGORIES = (
    BiradsLikeCut(category="2", from_probability=0.0),
    BiradsLikeCut(category="3", from_probability=0.001),
    BiradsLikeCut(category="4A", from_probability=0.02),
    BiradsLikeCut(category="5", from_probability=0.95),
)


@pytest.mark.parametrize(
    ("score", "category"),
    [(0.0, "2"), (0.0009, "2"), (0.001, "3"), (0.02, "4A"), (0.94, "4A"), (0.95, "5"), (1.0, "5")],
)
def test_a_calibrated_model_may_declare_categories_and_the_answer_repeats_their_cuts(
    score: float, category: str
) -> None:
    manifest = manifest_with(calibration=CALIBRATION, birads_like=CATEGORIES)

    assert birads_like(score, manifest) == Sourced(
        category,
        "manifest",
        "by thresholds of a calibrated score; this is no radiologist's assessment: 2 from 0, 3 from 0.001, "
        "4A from 0.02, 5 from 0.95; Platt scaling at a prevalence of 0.006 (a test)",
    )
    assert decide((1.0 - score, score), manifest).birads_like.value == category


def test_without_declared_categories_none_is_given() -> None:
    assert birads_like(0.99, manifest_with(calibration=CALIBRATION)) == Sourced.unknown(NO_CATEGORIES)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"birads_like": CATEGORIES}, "needs a calibration"),
        ({"birads_like": CATEGORIES[1:], "calibration": CALIBRATION}, "must ascend from 0"),
        ({"birads_like": (*CATEGORIES, CATEGORIES[1]), "calibration": CALIBRATION}, "must ascend from 0"),
        (
            {
                "birads_like": (
                    CATEGORIES[0],
                    BiradsLikeCut(category="2", from_probability=0.5),
                ),
                "calibration": CALIBRATION,
            },
            "each category once",
        ),
    ],
)
def test_categories_without_calibration_or_order_are_refused(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Manifest.model_validate({**make_manifest().model_dump(), **changes})
