"""Occlusion drops are those of a hand, and agree with a map that is right."""

import numpy as np
import pytest

from mammo_core.explain.occlusion import LEAST_PATCHES, agreement, occlusion_drops
from mammo_core.explain.probe import Probe, Subject
from mammo_core.records import BoolArray, FloatArray, Sourced
from mammo_core.testing import BIAS, MANIFEST, SQUARE, THRESHOLD, WEIGHTS, FakeModel
from tests.builders_maps import Brightness, make_subject, noise

SHAPE = (MANIFEST.input.rows, MANIFEST.input.columns)
INSIDE = np.zeros(SHAPE, dtype=np.bool_)
INSIDE[int(SQUARE.top) : int(SQUARE.bottom), int(SQUARE.left) : int(SQUARE.right)] = True
ELSEWHERE = np.zeros(SHAPE, dtype=np.bool_)
ELSEWHERE[100:110, 60:80] = True
SHARE = INSIDE.mean()
"""Of the input that the fake model looks at."""


def looked_at(*, inside: float, outside: float) -> Subject:
    image = np.where(INSIDE, inside, outside).astype(np.float32)
    return make_subject(image, [[1.0]], score=float(WEIGHTS[0] * SHARE * (inside - THRESHOLD) + BIAS))


def drops(subject: Subject, *parts: BoolArray) -> list[float | None]:
    return [drop.value for drop in occlusion_drops(subject, parts, Probe(FakeModel()))]


@pytest.mark.parametrize(("inside", "outside"), [(0.6, 0.3), (0.9, 0.2), (0.3, 0.6), (0.5, 0.5)])
def test_the_drop_of_a_region_is_that_of_a_hand(inside: float, outside: float) -> None:
    """The square turns as bright as what surrounds it: z falls by its weight times the difference."""
    subject = looked_at(inside=inside, outside=outside)
    expected = WEIGHTS[0] * SHARE * (inside - outside)

    assert drops(subject, INSIDE) == pytest.approx([expected], abs=1e-5)


def test_a_region_that_the_model_does_not_look_at_drops_nothing() -> None:
    assert drops(looked_at(inside=0.6, outside=0.3), ELSEWHERE) == pytest.approx([0.0], abs=1e-5)


def test_a_brighter_square_drops_more() -> None:
    found = [drops(looked_at(inside=level, outside=0.3), INSIDE)[0] for level in (0.4, 0.5, 0.7, 0.9)]

    assert all(drop is not None for drop in found)
    assert found == sorted(found, key=lambda drop: drop or 0.0)
    assert len(set(found)) == 4


def test_all_regions_are_asked_about_at_once_and_in_their_order() -> None:
    model = Brightness()
    image = np.full(SHAPE, 0.2, dtype=np.float32)
    image[INSIDE], image[ELSEWHERE] = 0.8, 0.5
    probe = Probe(model)

    found = occlusion_drops(
        make_subject(image, [[1.0]], score=float(image.mean())), [ELSEWHERE, INSIDE], probe
    )

    assert [drop.value for drop in found] == pytest.approx(
        [0.3 * ELSEWHERE.mean(), 0.6 * INSIDE.mean()], rel=0.2
    )
    assert (model.batches, probe.forwards) == ([2], 2)
    assert {(drop.source, drop.detail) for drop in found} == {
        ("model", "z of the image less z with the region filled in from the breast around it")
    }


def test_a_region_that_is_all_of_the_breast_has_no_drop_and_costs_no_forward_pass() -> None:
    subject, probe = looked_at(inside=0.6, outside=0.3), Probe(FakeModel())

    found = occlusion_drops(subject, [subject.tissue, INSIDE], probe)

    assert found[0] == Sourced.unknown("the region is all of the breast: nothing is left to fill it from")
    assert found[1].value == pytest.approx(WEIGHTS[0] * SHARE * 0.3, abs=1e-5)
    assert probe.forwards == 1


class TestAgreement:
    BUMPS = np.repeat(np.repeat(noise((8, 6)), 16, axis=0), 16, axis=1)
    """One level for each square of 16 pixels: of a model of brightness, the map."""

    def agreement(
        self, image: FloatArray, cells: FloatArray, tissue: BoolArray | None = None
    ) -> Sourced[float]:
        subject = make_subject(image, cells, score=float(image.mean(dtype=np.float64)), tissue=tissue)
        return agreement(subject, Probe(Brightness()))

    def test_is_high_for_the_right_map_and_as_low_for_its_negative(self) -> None:
        cells = noise((8, 6))

        right, wrong = self.agreement(self.BUMPS, cells), self.agreement(self.BUMPS, -cells)

        assert right.value is not None
        assert right.value > 0.9
        assert wrong.value == pytest.approx(-right.value)
        assert right.detail == "rank correlation over 48 squares of the breast"

    def test_is_about_none_for_a_map_of_something_else(self) -> None:
        found = self.agreement(self.BUMPS, noise((8, 6), seed=9)).value

        assert found is not None
        assert abs(found) < 0.4

    def test_is_of_the_breast_only(self) -> None:
        tissue = np.zeros(SHAPE, dtype=np.bool_)
        tissue[:, :48] = True
        image, cells = self.BUMPS.copy(), noise((8, 6))
        image[~tissue] = 0.0
        # Bilinear reading reaches into the next cell: the column beyond the border stays.
        cells[:, 4:] = 100.0 * noise((8, 2), seed=4)

        found = self.agreement(image, cells, tissue)

        assert found.value is not None
        assert found.value > 0.8
        assert found.detail == "rank correlation over 24 squares of the breast"

    def test_is_unknown_where_no_square_moves_the_score(self) -> None:
        even = np.full(SHAPE, 0.5, dtype=np.float32)

        assert self.agreement(even, noise((8, 6))).reason is not None
        assert self.agreement(self.BUMPS, np.ones((8, 6), dtype=np.float32)) == Sourced.unknown(
            "the map, or the score, is the same whichever square is filled in"
        )

    @pytest.mark.parametrize("squares", [0, LEAST_PATCHES - 1])
    def test_is_unknown_on_a_handful_of_squares(self, squares: int) -> None:
        tissue = np.zeros(SHAPE, dtype=np.bool_)
        tissue[: 16 * squares, :16] = True

        assert self.agreement(self.BUMPS, noise((8, 6)), tissue) == Sourced.unknown(
            "the breast has fewer than 8 squares to compare"
        )
