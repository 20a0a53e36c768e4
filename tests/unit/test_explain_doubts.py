"""Each number speaks against a map beyond its threshold, and only there."""

from dataclasses import replace
from typing import Any

import pytest

from mammo_core.explain.doubts import doubts
from mammo_core.map_quality import Curve, Doubt, Flip, Measured, Ordering
from mammo_core.records import Sourced


def number(value: float) -> Sourced[float]:
    return Sourced(value, "model")


def ordering(deletion: float, insertion: float) -> Sourced[Ordering]:
    return Sourced(
        Ordering(Curve(0.5 - deletion, 0.5, deletion), Curve(0.5 + insertion, 0.5, insertion)), "model"
    )


def flipped(agreement: float) -> Sourced[Flip]:
    return Sourced(Flip(number(agreement), 0.3), "model")


GOOD = Measured(
    completeness=number(1e-6),
    evidence_on_tissue=number(0.9),
    occlusion_drops=(number(1.5), number(-2.0)),
    ordering=ordering(0.2, 0.3),
    occlusion_agreement=number(0.6),
    flip=flipped(0.9),
)
UNKNOWN = Measured(
    completeness=Sourced.unknown("a test"),
    evidence_on_tissue=Sourced.unknown("a test"),
    occlusion_drops=(Sourced.unknown("a test"),),
    ordering=Sourced.unknown("a test"),
    occlusion_agreement=Sourced.unknown("a test"),
    flip=Sourced(Flip(Sourced.unknown("a test"), 7.0), "model"),
)


def codes(measured: Measured, *, in_logits: bool = True, either_side: bool = True) -> list[str]:
    return [d.code for d in doubts(measured, in_logits=in_logits, either_side=either_side)]


@pytest.mark.parametrize("measured", [GOOD, UNKNOWN, replace(UNKNOWN, flip=Sourced.unknown("a test"))])
def test_good_and_unknown_numbers_speak_against_nothing(measured: Measured) -> None:
    assert codes(measured) == []


@pytest.mark.parametrize(
    ("good", "bad", "doubt"),
    [
        (
            {"completeness": number(0.01)},
            {"completeness": number(0.012)},
            Doubt(
                "map_incomplete",
                "The evidence does not add up to the score: the completeness residual is 0.012, more than "
                "0.01.",
                "residual 0.012 of the score",
            ),
        ),
        (
            {"evidence_on_tissue": number(0.5)},
            {"evidence_on_tissue": number(0.31)},
            Doubt(
                "map_evidence_off_tissue",
                "Only 31 % of the map's positive evidence lies on the breast.",
                "31 % of evidence on tissue",
            ),
        ),
        (
            {"occlusion_drops": (number(0.001),)},
            {"occlusion_drops": (number(0.0),)},
            Doubt(
                "map_occlusion_without_effect",
                "Filling in the first region does not lower the explained logit (+0).",
                "score no lower without region 1",
            ),
        ),
        (
            {"occlusion_drops": (number(0.001), number(-9.0))},
            {"occlusion_drops": (number(-0.256), number(9.0))},
            Doubt(
                "map_occlusion_without_effect",
                "Filling in the first region does not lower the explained logit (+0.26).",
                "score no lower without region 1",
            ),
        ),
        (
            {"ordering": ordering(0.01, 0.3)},
            {"ordering": ordering(-0.1, 0.3)},
            Doubt(
                "map_deletion_by_chance",
                "Blurring the breast in the map's order changes the score no faster than in random orders "
                "(deletion area 0.6, random 0.5).",
                "deletion no better than random",
            ),
        ),
        (
            {"ordering": ordering(0.2, 0.01)},
            {"ordering": ordering(0.2, 0.0)},
            Doubt(
                "map_insertion_by_chance",
                "Bringing back the breast in the map's order changes the score no faster than in random "
                "orders (insertion area 0.5, random 0.5).",
                "insertion no better than random",
            ),
        ),
        (
            {"flip": flipped(0.5)},
            {"flip": flipped(0.49)},
            Doubt(
                "map_unstable_under_flip",
                "The mirrored image has another map (rank correlation 0.49, less than 0.5).",
                "mirrored image has another map",
            ),
        ),
    ],
)
def test_a_number_beyond_its_threshold_is_told_in_words(
    good: dict[str, Any], bad: dict[str, Any], doubt: Doubt
) -> None:
    assert doubts(replace(GOOD, **good), in_logits=True, either_side=True) == ()
    assert doubts(replace(GOOD, **bad), in_logits=True, either_side=True) == (doubt,)


BAD = Measured(
    completeness=number(0.5),
    evidence_on_tissue=number(0.1),
    occlusion_drops=(number(-1.0),),
    ordering=ordering(-0.1, -0.1),
    occlusion_agreement=number(-0.5),
    flip=flipped(0.0),
)


def test_what_says_the_most_comes_first() -> None:
    assert codes(BAD) == [
        "map_occlusion_without_effect",
        "map_evidence_off_tissue",
        "map_incomplete",
        "map_deletion_by_chance",
        "map_insertion_by_chance",
        "map_unstable_under_flip",
    ]


def test_the_residual_says_nothing_of_a_map_that_is_not_in_logits() -> None:
    assert set(codes(BAD)) - set(codes(BAD, in_logits=False)) == {"map_incomplete"}


def test_a_flip_says_nothing_of_a_model_that_always_sees_the_chest_wall_at_the_left() -> None:
    assert set(codes(BAD)) - set(codes(BAD, either_side=False)) == {"map_unstable_under_flip"}


def test_the_order_of_a_map_without_a_region_is_not_judged() -> None:
    assert codes(replace(BAD, occlusion_drops=())) == ["map_evidence_off_tissue", "map_incomplete"]
