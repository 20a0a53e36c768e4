"""Spacing, laterality and view come from their tags, or are unknown with a reason."""

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes

from mammo_core.imaging.decode import decode
from mammo_core.imaging.dicom_tags import CID_4014, LATERALITY_CODES, VIEW_CODES
from mammo_core.records import Laterality, Notice, PixelSpacing, Sourced, ViewPosition
from tests.builders_images import (
    make_code,
    make_dicom,
)

NO_SPACING: Sourced[PixelSpacing] = Sourced(
    None,
    reason="the file has no positive ImagerPixelSpacing with a positive magnification factor, and no "
    "PixelSpacing that says how it was calibrated",
)
MAGNIFICATION_UNKNOWN = Notice(
    "magnification_unknown",
    "EstimatedRadiographicMagnificationFactor (0018,1114) is missing: lengths are those on the detector, a "
    "few per cent larger than in the breast.",
)


@pytest.mark.parametrize(
    ("tags", "expected", "notices"),
    [
        (
            {"ImagerPixelSpacing": [0.1, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
            Sourced(
                PixelSpacing(0.08, 0.16),
                "detector",
                "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor",
            ),
            (),
        ),
        (
            {"ImagerPixelSpacing": [0.1, 0.2]},
            Sourced(PixelSpacing(0.1, 0.2), "detector", "ImagerPixelSpacing, without magnification"),
            (MAGNIFICATION_UNKNOWN,),
        ),
        (
            {"PixelSpacing": [0.05, 0.06], "PixelSpacingCalibrationType": "GEOMETRY"},
            Sourced(PixelSpacing(0.05, 0.06), "calibrated", "PixelSpacing, calibrated by GEOMETRY"),
            (),
        ),
        (
            {
                "PixelSpacing": [0.05, 0.06],
                "PixelSpacingCalibrationType": "FIDUCIAL",
                "ImagerPixelSpacing": [0.1, 0.2],
            },
            Sourced(PixelSpacing(0.05, 0.06), "calibrated", "PixelSpacing, calibrated by FIDUCIAL"),
            (),
        ),
        ({}, NO_SPACING, ()),
        ({"PixelSpacing": [0.05, 0.06]}, NO_SPACING, ()),
        ({"PixelSpacing": [0.05, 0.06], "PixelSpacingCalibrationType": "OTHER"}, NO_SPACING, ()),
        ({"PixelSpacing": [0, 0.06], "PixelSpacingCalibrationType": "GEOMETRY"}, NO_SPACING, ()),
        ({"ImagerPixelSpacing": [0.1, -0.1]}, NO_SPACING, ()),
        ({"ImagerPixelSpacing": 0.1}, NO_SPACING, ()),
        ({"ImagerPixelSpacing": ""}, NO_SPACING, ()),
        (
            {"ImagerPixelSpacing": [0.1, 0.1], "EstimatedRadiographicMagnificationFactor": 0},
            NO_SPACING,
            (),
        ),
        ({"ImagerPixelSpacing": ["1e400", "0.1"]}, NO_SPACING, ()),
    ],
)
def test_spacing_is_that_at_the_breast_or_unknown(
    tags: dict[str, object], expected: Sourced[PixelSpacing], notices: tuple[Notice, ...]
) -> None:
    mammogram = decode(make_dicom(tags=tags))

    assert mammogram.spacing == expected
    assert mammogram.notices == notices


def test_a_spacing_that_makes_the_image_larger_than_any_film_is_not_trusted() -> None:
    pixels = np.full((100, 80), 7, np.uint16)
    tags = {"EstimatedRadiographicMagnificationFactor": 1.0}

    largest = decode(make_dicom(pixels, tags={**tags, "ImagerPixelSpacing": [5.0, 5.0]}))
    too_large = decode(make_dicom(pixels, tags={**tags, "ImagerPixelSpacing": [5.1, 5.0]}))
    without_factor = decode(make_dicom(pixels, tags={"ImagerPixelSpacing": [70.0, 70.0]}))

    assert largest.spacing.value == PixelSpacing(5.0, 5.0)
    assert too_large.spacing == Sourced(
        None,
        reason="ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor would make the image "
        "510 × 400 mm large, which no detector and no film is",
    )
    assert without_factor.spacing.value is None
    assert without_factor.notices == ()


@pytest.mark.parametrize(
    ("tags", "value", "keyword"),
    [
        ({"ImageLaterality": "L"}, Laterality.LEFT, "ImageLaterality (0020,0062)"),
        ({"ImageLaterality": "R", "Laterality": "L"}, Laterality.RIGHT, "ImageLaterality (0020,0062)"),
        ({"ImageLaterality": "", "Laterality": "B"}, Laterality.BOTH, "Laterality (0020,0060)"),
        ({"ImageLaterality": "U", "Laterality": "L"}, Laterality.LEFT, "Laterality (0020,0060)"),
    ],
)
def test_laterality_comes_from_its_tag(tags: dict[str, object], value: Laterality, keyword: str) -> None:
    assert decode(make_dicom(tags=tags)).laterality == Sourced(value, "dicom_tag", keyword)


def anatomic_region(*modifiers: Dataset) -> Dataset:
    """An item of Anatomic Region Sequence."""
    region = make_code("76752008", "SCT")
    region.AnatomicRegionModifierSequence = list(modifiers)
    return region


CODED_LEFT = anatomic_region(make_code("7771000", "SCT"))


def test_the_laterality_codes_are_those_of_the_standard() -> None:
    names = {"Left": Laterality.LEFT, "Right": Laterality.RIGHT, "Bilateral": Laterality.BOTH}
    concepts = {code.meaning: code.value for code in codes.cid244.concepts.values()}

    expected = {("SCT", concepts[name]): value for name, value in names.items()}
    retired = {(mapping["SCT"][concepts[name]]): value for name, value in names.items()}

    assert (
        expected | {(scheme, code): value for code, value in retired.items() for scheme in ("SRT", "SNM3")}
        == LATERALITY_CODES
    )


@pytest.mark.parametrize(("scheme", "code"), LATERALITY_CODES)
def test_the_laterality_may_come_as_a_code_of_the_region(scheme: str, code: str) -> None:
    value = LATERALITY_CODES[scheme, code]
    region = anatomic_region(make_code("1", "99LOCAL"), make_code(code, scheme))

    alone = decode(make_dicom(tags={"AnatomicRegionSequence": [region], "Laterality": "L"}))
    agreeing = decode(make_dicom(tags={"AnatomicRegionSequence": [region], "ImageLaterality": value.value}))

    assert alone.laterality == Sourced(value, "dicom_tag", "AnatomicRegionModifierSequence (0008,2220)")
    assert agreeing.laterality == Sourced(value, "dicom_tag", "ImageLaterality (0020,0062)")


def test_a_code_and_a_string_that_contradict_each_other_give_no_laterality() -> None:
    region = anatomic_region(make_code("7771000", "SCT"))

    mammogram = decode(make_dicom(tags={"AnatomicRegionSequence": [region], "ImageLaterality": "R"}))

    assert mammogram.laterality == Sourced(
        None, reason="AnatomicRegionModifierSequence and ImageLaterality contradict each other"
    )
    assert mammogram.notices == (
        Notice(
            "laterality_contradiction",
            "The file names different breasts: AnatomicRegionModifierSequence (0008,2220) L, "
            "ImageLaterality (0020,0062) R; none of them was followed.",
        ),
    )


@pytest.mark.parametrize(
    ("tags", "value", "said"),
    [
        (
            {"ImageLaterality": "R", "Laterality": "L"},
            Laterality.RIGHT,
            "ImageLaterality (0020,0062) R, Laterality (0020,0060) L; ImageLaterality was followed.",
        ),
        (
            {"AnatomicRegionSequence": [CODED_LEFT], "Laterality": "R"},
            Laterality.LEFT,
            "AnatomicRegionModifierSequence (0008,2220) L, Laterality (0020,0060) R; "
            "AnatomicRegionModifierSequence was followed.",
        ),
        (
            {"AnatomicRegionSequence": [CODED_LEFT], "ImageLaterality": "L", "Laterality": "R"},
            Laterality.LEFT,
            "AnatomicRegionModifierSequence (0008,2220) L, ImageLaterality (0020,0062) L, "
            "Laterality (0020,0060) R; ImageLaterality was followed.",
        ),
    ],
)
def test_a_laterality_of_the_series_that_contradicts_the_image_is_told(
    tags: dict[str, object], value: Laterality, said: str
) -> None:
    mammogram = decode(make_dicom(tags=tags))

    assert mammogram.laterality.value == value
    assert mammogram.notices == (
        Notice("laterality_contradiction", f"The file names different breasts: {said}"),
    )


@pytest.mark.parametrize("of_series", ["L", "B", "", "KESTREL"])
def test_a_laterality_of_the_series_that_contradicts_nothing_is_not_told(of_series: str) -> None:
    mammogram = decode(make_dicom(tags={"ImageLaterality": "L", "Laterality": of_series}))

    assert mammogram.notices == ()


def test_a_view_code_wins_over_another_view_string_with_a_notice() -> None:
    tags = {"ViewCodeSequence": [make_code("399162004", "SCT")], "ViewPosition": "MLO"}

    mammogram = decode(make_dicom(tags=tags))

    assert mammogram.view_position == Sourced(ViewPosition.CC, "dicom_tag", "ViewCodeSequence (0054,0220)")
    assert mammogram.notices == (
        Notice(
            "view_contradiction",
            "ViewCodeSequence (0054,0220) and ViewPosition (0018,5101) name different projections; the code "
            "was followed.",
        ),
    )


@pytest.mark.parametrize("tags", [{}, {"ImageLaterality": "U"}, {"Laterality": "KESTREL"}])
def test_without_a_known_laterality_there_is_a_reason_and_no_default(tags: dict[str, object]) -> None:
    assert decode(make_dicom(tags=tags)).laterality == Sourced(
        None, reason="neither ImageLaterality nor Laterality is L, R or B, and no code says which breast"
    )


def test_the_view_codes_are_those_of_the_standard() -> None:
    concepts = codes.cid4014.concepts
    meanings = {code.value: code.meaning for code in concepts.values()}

    assert {concept for _, concept, _ in CID_4014} == set(meanings) - {"127457009"}  # no view: a specimen
    assert {concept: code for _, concept, code in CID_4014} == {
        concept: code for concept, code in mapping["SCT"].items() if concept in VIEW_OF
    }
    assert {view: meanings[concept] for view, concept, _ in CID_4014} == {
        ViewPosition.CC: "cranio-caudal",
        ViewPosition.MLO: "medio-lateral oblique",
        ViewPosition.ML: "medial-lateral",
        ViewPosition.LM: "latero-medial",
        ViewPosition.LMO: "latero-medial oblique",
        ViewPosition.XCCL: "cranio-caudal exaggerated laterally",
        ViewPosition.XCCM: "cranio-caudal exaggerated medially",
        ViewPosition.FB: "caudo-cranial",
        ViewPosition.SIO: "superolateral to inferomedial oblique",
        ViewPosition.ISO: "inferomedial to superolateral oblique",
    }
    assert {view for view, _, _ in CID_4014} == set(ViewPosition)


VIEW_OF = {concept: view for view, concept, _ in CID_4014}


@pytest.mark.parametrize(("scheme", "code"), VIEW_CODES)
def test_the_view_comes_from_its_code_in_the_new_and_in_the_old_scheme(scheme: str, code: str) -> None:
    mammogram = decode(
        make_dicom(tags={"ViewCodeSequence": [make_code(code, scheme)], "ViewPosition": "KESTREL"})
    )

    assert mammogram.view_position == Sourced(
        VIEW_CODES[scheme, code], "dicom_tag", "ViewCodeSequence (0054,0220)"
    )


@pytest.mark.parametrize("sequence", [[], [make_code("R-10226", "SCT")], [make_code("1", "99LOCAL")]])
@pytest.mark.parametrize("view", ViewPosition)
def test_without_a_known_code_the_view_comes_from_its_string(
    sequence: list[Dataset], view: ViewPosition
) -> None:
    mammogram = decode(make_dicom(tags={"ViewCodeSequence": sequence, "ViewPosition": view.value}))

    assert mammogram.view_position == Sourced(view, "dicom_tag", "ViewPosition (0018,5101)")


@pytest.mark.parametrize("view", ["", "AP", "KESTREL"])
def test_without_a_known_view_there_is_a_reason(view: str) -> None:
    assert decode(make_dicom(tags={"ViewPosition": view})).view_position == Sourced(
        None, reason="neither ViewCodeSequence nor ViewPosition names a known projection"
    )
