"""A region's type comes from what was shown to tell types apart, or there is none and the reason is given."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.findings.region_classifier import RegionClassifier, shipped
from mammo_core.findings.region_type import (
    INDETERMINATE,
    MODEL_HEAD,
    NO_KIND,
    NO_SPACING,
    REGION_OF_ATTENTION,
    TOO_COARSE,
    TOO_LITTLE,
    by_features,
    by_pixels,
    region_types,
)
from mammo_core.geometry import Box
from mammo_core.models.manifest import Head, Manifest
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import Mammogram, PixelSpacing, Region, RegionLocation, RegionType, Sourced
from tests.conftest import make_mammogram, make_manifest

CLASSES = ("normal", "benign mass", "malignant mass", "calcification")
KINDS = {"benign mass": "mass", "malignant mass": "mass", "calcification": "calcification"}
PIXELS = make_phantom(seed=3, shape=(1440, 1170)).pixels
POINTS = ((700.0, 300.0), (500.0, 250.0), (820.0, 420.0))
FILM = PixelSpacing(0.2, 0.2)
CHANCE = (0.2, 0.8)


def location(depth: str) -> RegionLocation:
    return RegionLocation(Sourced(depth, "pixels"), Sourced.unknown("a test"), Sourced.unknown("a test"))


def a_region(number: int, peak: tuple[float, float]) -> Region:
    """Regions that differ in all that the predecessor made types of: number, place, form, strength."""
    size = 10.0 * number
    return Region(
        number=number,
        box=Box(size, size, 2 * size, 3 * size),
        centroid=(1.5 * size, 2.0 * size),
        peak=peak,
        area_px=size**2,
        area_mm2=None,
        evidence=6.0 / number,
        share_of_evidence=0.5 / number,
        relative_peak=1.0 / number,
        location=location("middle"),
        part=np.zeros((1, 1), dtype=np.bool_),
    )


REGIONS = tuple(a_region(number, point) for number, point in enumerate(POINTS, start=1))


def film(pixels: NDArray[np.uint16] = PIXELS, spacing: PixelSpacing | None = FILM) -> Mammogram:
    return make_mammogram(pixels, spacing=spacing)


def manifest_with_kinds() -> Manifest:
    plain = make_manifest(head=Head.SOFTMAX, classes=CLASSES)
    return Manifest.model_validate({**plain.model_dump(), "lesion_classes": KINDS})


def a_classifier(**changes: object) -> RegionClassifier:
    """One feature x: mass at 1, distortion (which may not be named) at −1, no lesion in between."""
    plain = RegionClassifier(
        classes=("mass", "architectural_distortion", "no_lesion"),
        named=("mass",),
        named_from=0.5,
        features=("x",),
        centre=np.zeros(1),
        scale=np.ones(1),
        lowest=np.full(1, -2.0),
        highest=np.full(1, 2.0),
        weights=np.array([[3.0, -3.0, 0.0]]),
        bias=np.zeros(3),
        source="a test",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # any field


class TestHead:
    @pytest.mark.parametrize(
        ("probabilities", "expected"),
        [
            ((0.1, 0.2, 0.1, 0.6), RegionType("calcification", 0.6, MODEL_HEAD)),
            ((0.1, 0.25, 0.3, 0.35), RegionType("mass", 0.55, MODEL_HEAD)),
            ((0.6, 0.1, 0.1, 0.2), RegionType(REGION_OF_ATTENTION, None, NO_KIND)),
            ((0.5, 0.25, 0.25, 0.0), RegionType(REGION_OF_ATTENTION, None, NO_KIND)),
        ],
        ids=["one class", "two classes of one kind", "no lesion is likelier", "no lesion is as likely"],
    )
    def test_a_head_that_tells_kinds_of_lesions_is_used_and_needs_no_spacing(
        self, probabilities: tuple[float, ...], expected: RegionType
    ) -> None:
        types = region_types(REGIONS, film(spacing=None), None, probabilities, manifest_with_kinds())

        assert types == (expected,) * 3

    def test_kinds_of_classes_that_the_model_does_not_have_are_refused(self) -> None:
        with pytest.raises(ValueError, match="lesion_classes must name some of classes"):
            Manifest.model_validate({**make_manifest().model_dump(), "lesion_classes": {"cyst": "mass"}})
        with pytest.raises(ValueError, match="lesion_classes"):
            Manifest.model_validate({**make_manifest().model_dump(), "lesion_classes": {"benign": "cyst"}})


class TestPixels:
    @pytest.mark.parametrize(
        ("mammogram", "point", "reason"),
        [
            (film(spacing=None), POINTS[0], NO_SPACING),
            (film(spacing=PixelSpacing(0.2, 0.31)), POINTS[0], TOO_COARSE),
            (film(np.full((300, 300), 9_000, dtype=np.uint16)), (150.0, 150.0), TOO_LITTLE),
        ],
        ids=["no spacing", "coarse pixels", "a blank image"],
    )
    def test_what_cannot_be_measured_has_no_type_and_says_why(
        self, mammogram: Mammogram, point: tuple[float, float], reason: str
    ) -> None:
        found = by_pixels(point, mammogram, None, a_classifier())

        assert found == RegionType(REGION_OF_ATTENTION, None, reason)

    @pytest.mark.parametrize(
        ("x", "expected"),
        [
            (1.0, RegionType("mass", 0.950, "a test")),
            (0.1, RegionType(INDETERMINATE, None, "not clearly mass; a test")),
            (0.0, RegionType(INDETERMINATE, None, "not clearly mass; a test")),
            (-1.0, RegionType(INDETERMINATE, None, "not clearly mass; a test")),
            (2.1, RegionType(INDETERMINATE, None, "unlike all regions of the training data; a test")),
        ],
        ids=["clearly a mass", "below the cut", "no lesion", "a kind that may not be named", "never seen"],
    )
    def test_only_a_clear_case_of_a_kind_that_was_shown_is_named(
        self, x: float, expected: RegionType
    ) -> None:
        found = by_features({"x": x}, a_classifier())

        assert (found.label, found.source) == (expected.label, expected.source)
        assert found.score == (None if expected.score is None else pytest.approx(expected.score, abs=1e-3))

    def test_scores_of_all_classes_add_up_to_one(self) -> None:
        shares = a_classifier().probabilities({"x": 0.4})

        assert list(shares) == ["mass", "architectural_distortion", "no_lesion"]
        assert sum(shares.values()) == pytest.approx(1.0)


class TestFakesOfThePredecessor:
    @pytest.mark.parametrize("manifest", [make_manifest(), manifest_with_kinds()], ids=["pixels", "head"])
    def test_a_type_depends_neither_on_the_number_of_a_region_nor_on_the_order(
        self, manifest: Manifest
    ) -> None:
        probabilities = (0.1, 0.25, 0.3, 0.35) if manifest.lesion_classes else CHANCE
        types = region_types(REGIONS, film(), None, probabilities, manifest)
        named = dict(zip(POINTS, types, strict=True))

        for order in permutations(REGIONS):
            renumbered = [replace(region, number=number) for number, region in enumerate(order, start=1)]
            types = region_types(renumbered, film(), None, probabilities, manifest)
            assert types == tuple(named[region.peak] for region in order)

    def test_a_type_depends_neither_on_the_form_of_the_box_nor_on_the_heat(self) -> None:
        plain = REGIONS[0]
        other = replace(
            plain,
            box=Box(0.0, 0.0, 900.0, 20.0),
            evidence=0.01,
            share_of_evidence=0.9,
            relative_peak=0.1,
            area_px=1.0,
            location=location("anterior"),
        )

        assert region_types((plain, other), film(), None, CHANCE, make_manifest()) == (
            region_types((plain,), film(), None, CHANCE, make_manifest()) * 2
        )

    def test_the_same_place_on_another_image_can_have_another_type(self) -> None:
        """Non-vacuity: the type does depend on what is there."""
        rows, columns = np.mgrid[0:500, 0:500] * 0.2
        waves = 0.3 + 0.02 * np.sin(rows / 2.1) * np.cos(columns / 1.7)
        disk = 0.25 / (1.0 + np.exp((np.hypot(rows - 50.0, columns - 50.0) - 5.0) / 0.3))
        plain, with_disk = (np.rint(v * 65_535).astype(np.uint16) for v in (waves, waves + disk))
        bright = a_classifier(
            features=("core_contrast",),
            lowest=np.full(1, -99.0),
            highest=np.full(1, 99.0),
            centre=np.full(1, 4.0),
        )

        assert by_pixels((250.0, 250.0), film(with_disk), None, bright).label == "mass"
        assert by_pixels((250.0, 250.0), film(plain), None, bright).label == INDETERMINATE

    def test_no_words_about_margins_categories_or_advice_come_with_a_type(self) -> None:
        words = " ".join(
            [*shipped().named, shipped().source, NO_KIND, NO_SPACING, TOO_COARSE, TOO_LITTLE, MODEL_HEAD]
        ).lower()

        banned = (
            "spicul margin circumscribed bi-rads birads vascular fat benign malignant biopsy recommend follow"
        )
        assert [word for word in banned.split() if word in words] == []
