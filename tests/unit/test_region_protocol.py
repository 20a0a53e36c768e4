"""The measurement of a region classifier finds what is there, and lets nothing pass that knows no types."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.evaluation.resampling import Plan
from training.region_learning import Regions, Setting, fit, folds, predicted
from training.region_protocol import FIVE, FOUR, Bound, Result, run, summarised
from training.region_report import as_markdown
from training.region_samples import NO_LESION, Sample, Samples

Floats = NDArray[np.float64]

COUNTS = {
    "mass": 32,
    "calcification": 12,
    "architectural_distortion": 9,
    "asymmetry": 8,
    NO_LESION: 60,
}
SETTING = Setting(0.1, 0.3)


@pytest.fixture(autouse=True)
def _quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Choosing among many settings and drawing very often take long, and are not what is tested here."""
    monkeypatch.setattr("training.region_learning.PENALTIES", (0.1,))
    monkeypatch.setattr("training.region_learning.PHANTOM_WEIGHTS", (0.0, 0.3))
    monkeypatch.setattr("training.region_protocol.BOOTSTRAP", Plan(resamples=1000, seed=0))


def samples(separation: float) -> Samples:
    """Regions whose class shifts one feature each, and phantoms that are all alike."""
    rng = np.random.default_rng(5)
    listed = []
    for kind, count in COUNTS.items():
        for number in range(count):
            features = rng.standard_normal((2, len(FIVE.classes)))
            features[:, FIVE.index(kind)] += separation
            listed.append(Sample(kind, f"p{number % 40}", True, features))
    listed += [Sample("mass", f"phantom {n}", False, np.full((2, len(FIVE.classes)), 9.0)) for n in range(6)]
    return Samples(tuple(listed), tuple("abcde"), "0" * 64)


def judged(chosen: list[int]) -> Result:
    """The report on one region of each patient, two of each of the five classes."""
    classes = np.repeat(np.arange(5), 2)
    probabilities = np.full((1, 10, 5), 0.1)
    probabilities[0, np.arange(10), chosen] = 0.6
    return summarised(FIVE, classes, np.arange(10), probabilities, (SETTING,))


def test_regions_that_differ_by_class_pass() -> None:
    result = run(samples(separation=4.0), FIVE, repeats=1)

    assert result.passed
    assert result.overall.value > 0.8
    assert result.counts == tuple(COUNTS.values()), "phantoms are not measured"


def test_regions_that_differ_by_chance_do_not_pass() -> None:
    result = run(samples(separation=0.0), FIVE, repeats=1)

    assert not result.passed
    assert result.overall.low < 0.2


def test_who_calls_every_lesion_a_mass_does_not_pass() -> None:
    classes = np.repeat(np.arange(5), 20)
    probabilities = np.full((1, 100, 5), 0.0)
    probabilities[0, classes < 4, 0] = 1.0
    probabilities[0, classes == 4, 4] = 1.0

    result = summarised(FIVE, classes, np.arange(100), probabilities, (SETTING,))

    assert result.overall.passed, "it tells lesions from other tissue"
    assert result.lesion_or_not.value == 1.0
    assert result.among_lesions.value == 0.25
    assert not result.among_lesions.passed
    assert not result.passed


def test_the_confusion_counts_what_regions_are_taken_for() -> None:
    result = judged([0, 1, 1, 1, 2, 4, 0, 0, 4, 4])

    assert result.confusion.tolist() == [
        [0.5, 0.5, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.5, 0.0, 0.5],
        [1.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0],
    ]
    assert result.overall.value == pytest.approx(0.6)
    assert result.lesion_or_not.value == pytest.approx((7 / 8 + 1) / 2)
    assert result.named[:, -1].tolist() == [0.0] * 5, "no answer says that there is no lesion"


def test_folds_keep_patients_together_and_hold_each_real_region_once() -> None:
    listed = samples(0.0).samples
    regions = Regions(
        np.stack([s.features for s in listed]),
        np.array([FIVE.index(s.kind) for s in listed]),
        np.array([int(s.patient.split()[-1].lstrip("p")) + 1000 * (not s.real) for s in listed]),
        np.array([s.real for s in listed]),
    )

    masks = list(folds(regions, 5, seed=3))

    assert (np.sum(masks, axis=0) == regions.real).all()
    for mask in masks:
        assert mask.any()
        assert not set(regions.patients[mask]) & set(regions.patients[~mask])


def test_what_cannot_be_measured_is_taken_for_no_lesion() -> None:
    listed = samples(4.0).samples
    regions = Regions(
        np.stack([s.features for s in listed]),
        np.array([FIVE.index(s.kind) for s in listed]),
        np.arange(len(listed)),
        np.array([s.real for s in listed]),
    )
    features: Floats = np.full((1, 2, 5), np.nan)
    features[0, 1] = [4.0, 0.0, 0.0, 0.0, 0.0]

    found = predicted(fit(regions, 5, SETTING), features)

    assert found[0, 0].tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert found[0, 1].argmax() == 0
    assert found[0, 1].sum() == pytest.approx(1.0)


def test_a_merged_taxonomy_keeps_the_order_and_knows_each_kind() -> None:
    assert [FOUR.index(kind) for kind in COUNTS] == [0, 1, 2, 2, 3]


def test_the_report_says_whether_the_rule_is_met() -> None:
    text = as_markdown([judged([0, 1, 1, 1, 2, 4, 0, 0, 4, 4])], "a command")

    assert "By the rule, this taxonomy **does not pass**." in text
    assert "| `mass` (2) | 50 | 50 | 0 | 0 | 0 |" in text
    assert "| balanced accuracy, all classes | 10 | 0.60 (" in text
    assert "`mass` 1.0 of 3.0, `calcification` 2.0 of 3.0" in text, "how many that are named so are so"
    assert "0.1 / 0.3 (1×)" in text


def test_a_bound_at_chance_is_not_above_it() -> None:
    assert Bound(0.5, 0.2001, 0.9, 0.2).passed
    assert not Bound(0.5, 0.2 + 1e-12, 0.9, 0.2).passed
