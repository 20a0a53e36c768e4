"""A tag beats the caller, the caller beats nothing, and nobody guesses."""

from mammo_core.anatomy.view import resolve
from mammo_core.records import Laterality, Notice, Sourced, ViewPosition

TAGGED = Sourced(Laterality.LEFT, "dicom_tag", "ImageLaterality (0020,0062)")
UNKNOWN: Sourced[Laterality] = Sourced.unknown("a raster file has no tags")


def test_a_tag_is_taken() -> None:
    assert resolve("laterality", TAGGED, None) == (TAGGED, ())


def test_a_tag_that_the_request_confirms_is_taken() -> None:
    assert resolve("laterality", TAGGED, Laterality.LEFT) == (TAGGED, ())


def test_a_request_stands_in_for_a_missing_tag() -> None:
    assert resolve("laterality", UNKNOWN, Laterality.RIGHT) == (Sourced(Laterality.RIGHT, "request"), ())


def test_without_either_the_reason_stays() -> None:
    assert resolve("laterality", UNKNOWN, None) == (UNKNOWN, ())


def test_a_tag_beats_a_request_that_differs_and_the_answer_says_so() -> None:
    tagged = Sourced(ViewPosition.CC, "dicom_tag")

    assert resolve("view_position", tagged, ViewPosition.MLO) == (
        tagged,
        (
            Notice(
                "view_position_mismatch",
                "The request says MLO, the file's tag says CC; the tag is used.",
            ),
        ),
    )
