"""A manifest says all that its model needs, or it is refused with the name of the field."""

import json
from typing import Any, Literal

import pytest

from mammo_core.errors import ConfigurationError
from mammo_core.models.manifest import (
    Aspect,
    Crop,
    Head,
    InputSpec,
    Manifest,
    OperatingPoint,
    Orientation,
    Resampling,
    Scaling,
    inferred,
    parse,
)

LEAST: dict[str, Any] = {
    "id": "m",
    "version": "1",
    "input": {"rows": 64, "columns": 48, "channels": 1, "scaling": "0-1"},
    "classes": ["benign", "malignant"],
    "positive": "malignant",
    "head": "sigmoid",
    "threshold": {"threshold": 0.4, "source": "validation"},
}


def parsed(**changes: object) -> Manifest:
    return parse(json.dumps(LEAST | changes).encode())


def refusal(text: bytes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    return caught.value.message


def test_the_least_manifest_has_documented_defaults() -> None:
    manifest = parsed()

    assert manifest.input == InputSpec(
        rows=64,
        columns=48,
        channels=1,
        scaling=Scaling.UNIT,
        crop=Crop.NONE,
        orientation=Orientation.AS_IS,
        aspect=Aspect.STRETCH,
        resampling=Resampling.BILINEAR,
    )
    assert manifest.positive_index == 1
    assert manifest.absent is False
    assert manifest.schema_version == "1.0"
    for name in ("rule_out", "rule_in", "calibration", "target_layer", "reference_logit"):
        assert getattr(manifest, name) is None


def test_a_manifest_survives_being_written_and_read() -> None:
    manifest = parsed(
        rule_out={"threshold": 0.2, "sensitivity": 0.9, "source": "v"},
        rule_in={"threshold": 0.6, "specificity": 0.9, "source": "v"},
        reference_logit={"value": 3.5, "source": "v"},
        performance=[{"metric": "AUC", "value": 0.8, "data": "v"}],
        weights_sha256="ab" * 32,
    )

    assert parse(manifest.model_dump_json().encode()) == manifest


def test_the_positive_class_may_stand_anywhere() -> None:
    assert parsed(positive="benign").positive_index == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": ""}, "id"),
        ({"schema_version": "2.0"}, "schema_version"),
        ({"input": LEAST["input"] | {"rows": 4}}, "input.rows"),
        ({"input": LEAST["input"] | {"channels": 2}}, "input.channels"),
        ({"input": LEAST["input"] | {"scaling": "0-2"}}, "input.scaling"),
        ({"input": LEAST["input"] | {"resampling": "nearest"}}, "input.resampling"),
        ({"input": LEAST["input"] | {"mirrored": True}}, "input.mirrored"),
        ({"classes": ["one"]}, "classes"),
        ({"classes": ["same", "same"], "positive": "same"}, "classes must be different"),
        ({"positive": "other"}, "positive must be one of classes"),
        ({"head": "relu"}, "head"),
        ({"threshold": {"threshold": 1.5, "source": "x"}}, "threshold.threshold"),
        ({"threshold": {"threshold": 0.5}}, "threshold.source"),
        ({"reference_logit": {"value": 0.0, "source": "x"}}, "reference_logit.value"),
        ({"reference_logit": {"value": float("inf"), "source": "x"}}, "reference_logit.value"),
        ({"performance": [{"metric": "AUC", "value": float("nan"), "data": "x"}]}, "performance.0.value"),
        ({"weights_sha256": "AB" * 32}, "weights_sha256"),
        ({"tresholds": 1}, "tresholds"),
        (
            {
                "rule_out": {"threshold": 0.7, "source": "x"},
                "rule_in": {"threshold": 0.3, "source": "x"},
            },
            "rule_out.threshold must not exceed",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(changes: dict[str, object], field: str) -> None:
    message = refusal(json.dumps(LEAST | changes).encode())

    assert message.startswith("The model's manifest is invalid: ")
    assert field in message


@pytest.mark.parametrize("name", sorted(LEAST))
def test_no_part_of_the_least_manifest_can_be_left_out(name: str) -> None:
    assert name in refusal(json.dumps({k: v for k, v in LEAST.items() if k != name}).encode())


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff\xfe", b"null", b'"text"'])
def test_what_is_no_manifest_at_all_is_refused(text: bytes) -> None:
    assert refusal(text).startswith("The model's manifest is invalid: manifest: ")


def test_a_refusal_names_fields_and_not_their_values() -> None:
    assert "SECRET" not in refusal(json.dumps(LEAST | {"head": "SECRET"}).encode())


class TestWithoutAManifest:
    @staticmethod
    def inferred(
        *, channels: Literal[1, 3] = 1, outputs: int = 1, head: Head = Head.SIGMOID, rescales: bool = False
    ) -> Manifest:
        return inferred(rows=64, columns=48, channels=channels, outputs=outputs, head=head, rescales=rescales)

    def test_a_model_of_one_output_is_served_by_documented_rules(self) -> None:
        assert self.inferred() == Manifest(
            id="unnamed",
            version="0",
            input=InputSpec(rows=64, columns=48, channels=1, scaling=Scaling.UNIT),
            classes=("negative", "positive"),
            positive="positive",
            head=Head.SIGMOID,
            threshold=OperatingPoint(threshold=0.5, source="default"),
            absent=True,
        )

    @pytest.mark.parametrize(
        ("outputs", "classes"),
        [
            (1, ("negative", "positive")),
            (2, ("negative", "positive")),
            (3, ("class_0", "class_1", "positive")),
            (4, ("class_0", "class_1", "class_2", "positive")),
        ],
    )
    def test_the_last_output_is_the_positive_class(self, outputs: int, classes: tuple[str, ...]) -> None:
        manifest = self.inferred(outputs=outputs, head=Head.SOFTMAX)

        assert manifest.classes == classes
        assert manifest.positive_index == len(classes) - 1

    def test_a_model_that_rescales_itself_gets_0_to_255(self) -> None:
        assert self.inferred(rescales=True).input.scaling is Scaling.BYTE
        assert self.inferred(rescales=False).input.scaling is Scaling.UNIT

    @pytest.mark.parametrize("head", Head)
    def test_the_head_is_the_network_s(self, head: Head) -> None:
        assert self.inferred(head=head).head is head
