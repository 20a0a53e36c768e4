"""A region's type comes from what was shown to tell types apart, or there is none and the reason is given."""

from dataclasses import replace
from itertools import permutations

import pytest

from mammo_core.findings.region_type import MODEL_HEAD, NO_KIND, UNDETERMINED, region_types
from mammo_core.geometry import Box
from mammo_core.models.manifest import Head, Manifest
from mammo_core.records import Region, RegionType, Sourced
from tests.conftest import make_manifest

CLASSES = ("normal", "benign mass", "malignant mass", "calcification")
KINDS = {"benign mass": "mass", "malignant mass": "mass", "calcification": "calcification"}


def a_region(number: int) -> Region:
    """Regions that differ in all that the predecessor made types of: number, place, form, strength."""
    size = 10.0 * number
    return Region(
        number=number,
        box=Box(size, size, 2 * size, 3 * size),
        centroid=(1.5 * size, 2.0 * size),
        peak=(1.4 * size, 2.1 * size),
        area_px=size**2,
        area_mm2=None,
        evidence=6.0 / number,
        share_of_evidence=0.5 / number,
        relative_peak=1.0 / number,
        depth=Sourced("middle", "pixels"),
    )


REGIONS = tuple(map(a_region, range(1, 4)))


def manifest_with_kinds() -> Manifest:
    plain = make_manifest(head=Head.SOFTMAX, classes=CLASSES)
    return Manifest.model_validate({**plain.model_dump(), "lesion_classes": KINDS})


def test_without_a_classifier_that_passed_no_region_has_a_type() -> None:
    assert region_types(REGIONS, (0.2, 0.8), make_manifest()) == (UNDETERMINED,) * 3
    assert (UNDETERMINED.label, UNDETERMINED.score) == ("region_of_attention", None)
    assert region_types((), (0.2, 0.8), make_manifest()) == ()


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ((0.1, 0.2, 0.1, 0.6), RegionType("calcification", 0.6, MODEL_HEAD)),
        ((0.1, 0.25, 0.3, 0.35), RegionType("mass", 0.55, MODEL_HEAD)),
        ((0.6, 0.1, 0.1, 0.2), RegionType("region_of_attention", None, NO_KIND)),
        ((0.5, 0.25, 0.25, 0.0), RegionType("region_of_attention", None, NO_KIND)),
    ],
    ids=["one class", "two classes of one kind", "no lesion is likelier", "no lesion is as likely"],
)
def test_a_head_that_tells_kinds_of_lesions_is_believed(
    probabilities: tuple[float, ...], expected: RegionType
) -> None:
    assert region_types(REGIONS, probabilities, manifest_with_kinds()) == (expected,) * 3


@pytest.mark.parametrize("manifest", [make_manifest(), manifest_with_kinds()], ids=["no kinds", "kinds"])
def test_a_type_depends_neither_on_the_number_of_a_region_nor_on_the_order(manifest: Manifest) -> None:
    probabilities = (0.1, 0.25, 0.3, 0.35)[-len(manifest.classes) :]
    named = dict(zip(REGIONS, region_types(REGIONS, probabilities, manifest), strict=True))

    for order in permutations(REGIONS):
        renumbered = [replace(region, number=number) for number, region in enumerate(order, start=1)]
        types = region_types(renumbered, probabilities, manifest)
        assert types == tuple(named[region] for region in order)
