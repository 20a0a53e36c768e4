"""The region classifier that ships is the one that was measured, and may say no more than was shown."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from mammo_core.errors import ModelIntegrityError
from mammo_core.findings.region_classifier import ASSET, digest, read, shipped
from mammo_core.findings.region_type import by_features
from mammo_core.models.manifest import LesionKind

DATA = resources.files("mammo_core.assets").joinpath(ASSET).read_bytes()
WHOLE: dict[str, Any] = json.loads(DATA)
MANIFEST, MEASURED = WHOLE["manifest"], WHOLE["manifest"]["measured"]
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "region_type.md").read_text()


def test_the_rule_of_the_page_is_met_by_what_was_measured() -> None:
    for name in ("balanced_accuracy", "balanced_accuracy_among_lesions"):
        assert MEASURED[name]["low"] > MEASURED[name]["chance"], name
    assert MEASURED["balanced_accuracy"]["chance"] == 1 / len(MANIFEST["classes"])
    assert MEASURED["balanced_accuracy_among_lesions"]["chance"] == 1 / (len(MANIFEST["classes"]) - 1)
    assert MEASURED["passed"] is True
    recalls = [row[index] for index, row in enumerate(MEASURED["confusion"])]
    assert sum(recalls) / len(recalls) == pytest.approx(MEASURED["balanced_accuracy"]["value"], abs=1e-3)


def test_a_class_is_named_only_if_its_recall_was_shown_to_beat_chance() -> None:
    shown = [
        name
        for name, recall in zip(MANIFEST["classes"][:-1], MEASURED["recalls"][:-1], strict=True)
        if recall["low"] > recall["chance"]
    ]

    assert MANIFEST["classes"][-1] == "no_lesion"
    assert shipped().named == tuple(shown)
    assert set(shown) <= set(LesionKind)
    assert shown


def test_the_page_holds_the_tables_of_the_classifier_that_ships() -> None:
    for name, key in (
        ("balanced accuracy, all classes", "balanced_accuracy"),
        ("balanced accuracy among the lesions", "balanced_accuracy_among_lesions"),
    ):
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {name} |")]
        bound = MEASURED[key]
        assert f"| {bound['value']:.2f} ({bound['low']:.2f} to {bound['high']:.2f}) |" in line
    for name, count, row in zip(MANIFEST["classes"], MEASURED["regions"], MEASURED["confusion"], strict=True):
        assert f"| `{name}` ({count}) | {' | '.join(f'{100 * share:.0f}' for share in row)} |" in PAGE


def test_the_source_states_the_balanced_accuracy_with_its_interval_and_the_data() -> None:
    bound = MEASURED["balanced_accuracy"]

    assert shipped().source == (
        f"mini-mias-regions 1, balanced accuracy {bound['value']:.2f} "
        f"({bound['low']:.2f} to {bound['high']:.2f}, chance 0.20; film regions of mini-MIAS)"
    )


def test_numbers_that_were_not_measured_are_refused() -> None:
    altered = json.loads(DATA)
    altered["classifier"]["bias"][0] += 0.5

    assert digest(WHOLE["classifier"]) == MANIFEST["sha256"]
    with pytest.raises(ModelIntegrityError, match="region classifier"):
        read(json.dumps(altered).encode())


def test_what_is_average_in_all_features_is_not_clear() -> None:
    classifier = shipped()
    average = dict(zip(classifier.features, map(float, classifier.centre), strict=True))

    assert classifier.unlike(average) == ()
    assert by_features(average, classifier).label == "indeterminate"
    assert by_features(average, classifier).score is None
