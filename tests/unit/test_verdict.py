"""A score is compared with the cuts that the manifest declares, and with no others."""

import pytest

from mammo_core.findings.verdict import NO_POINTS, Verdict, decide, suspicion
from mammo_core.models.manifest import Head, Manifest, OperatingPoint
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

    assert verdict == Verdict(result, score, CUT, Sourced.unknown(NO_POINTS))


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
