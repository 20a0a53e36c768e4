"""Options identify an analysis, and lists of pictures are read with care."""

from dataclasses import FrozenInstanceError, fields, replace
from enum import StrEnum
from itertools import pairwise

import pytest

from mammo_core.errors import InvalidRequestError
from mammo_core.hints import NO_HINTS, Hints
from mammo_core.map_quality import QualityChecks
from mammo_core.options import AnalysisOptions, picture_names
from mammo_core.records import (
    CamMethod,
    ColourMap,
    Laterality,
    PictureFormat,
    PictureName,
    ViewPosition,
)

CHANGED: dict[str, object] = {
    "method": CamMethod.HIRESCAM,
    "images": (PictureName.OVERLAY,),
    "max_side": 512,
    "picture_format": PictureFormat.WEBP,
    "colour_map": ColourMap.VIRIDIS,
    "view": ViewPosition.CC,
    "laterality": Laterality.LEFT,
    "accept_unsuitable": True,
    "exclude_pectoral": False,
    "hints": Hints(laterality=Laterality.LEFT),
    "quality_checks": QualityChecks.FULL,
}


def test_the_defaults_are_those_of_the_api() -> None:
    options = AnalysisOptions()

    assert {field.name: getattr(options, field.name) for field in fields(options)} == {
        "method": CamMethod.GRADCAM,
        "images": tuple(PictureName),
        "max_side": 1024,
        "picture_format": PictureFormat.PNG,
        "colour_map": ColourMap.INFERNO,
        "view": None,
        "laterality": None,
        "accept_unsuitable": False,
        "exclude_pectoral": True,
        "hints": NO_HINTS,
        "quality_checks": QualityChecks.FAST,
    }


def test_options_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        AnalysisOptions().max_side = 3  # type: ignore[misc]  # the point of the test


def test_the_same_image_model_and_options_give_the_same_digest() -> None:
    first = AnalysisOptions(max_side=300).digest("a" * 64, "b" * 64)

    assert first == AnalysisOptions(max_side=300).digest("a" * 64, "b" * 64)
    assert len(first) == 64
    assert set(first) <= set("0123456789abcdef")


@pytest.mark.parametrize("name", [field.name for field in fields(AnalysisOptions)])
def test_each_option_changes_the_digest(name: str) -> None:
    changed = replace(AnalysisOptions(), **{name: CHANGED[name]})  # type: ignore[arg-type]  # any option

    assert changed.digest("a" * 64, "b" * 64) != AnalysisOptions().digest("a" * 64, "b" * 64)


def test_image_and_model_are_told_apart_in_the_digest() -> None:
    digests = [AnalysisOptions().digest(*pair) for pair in (("a", "b"), ("b", "a"), ("a", "a"), ("b", "b"))]

    assert all(x != y for x, y in pairwise(sorted(digests)))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ()),
        (" , ", ()),
        ("overlay", (PictureName.OVERLAY,)),
        ("bbox, original", (PictureName.ORIGINAL, PictureName.BBOX)),
        ("bbox,bbox,", (PictureName.BBOX,)),
        ("original,overlay,heatmap_only,bbox,cancer_type", tuple(PictureName)),
    ],
)
def test_a_list_of_pictures_is_read_in_the_answer_s_order(text: str, names: tuple[StrEnum, ...]) -> None:
    assert picture_names(text) == names


@pytest.mark.parametrize("text", ["heatmap", "Overlay", "overlay;bbox", "overlay,DOE^JANE"])
def test_an_unknown_picture_is_refused_with_the_five_names_and_without_the_text(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        picture_names(text)

    assert caught.value.message == (
        "images: 1 unknown name(s); expected a comma-separated list of "
        "original, overlay, heatmap_only, bbox, cancer_type."
    )
