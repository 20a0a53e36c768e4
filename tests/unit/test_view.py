"""A tag beats the request, the request the file's name, all of them the pixels; and nobody defaults."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.anatomy.breast import breast_on
from mammo_core.anatomy.pectoral import find_pectoral
from mammo_core.anatomy.records import Orientation
from mammo_core.anatomy.reduce import reduced
from mammo_core.anatomy.view import (
    ASSUMED,
    laterality_from_pixels,
    orientation_of,
    resolve,
    view_from_pixels,
    view_mismatch,
)
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import BreastMask, Laterality, Notice, Side, Sourced, ViewPosition
from tests.conftest import AIR, TISSUE, breast_pixels

TAGGED = Sourced(Laterality.LEFT, "dicom_tag", "ImageLaterality (0020,0062)")
UNKNOWN: Sourced[Laterality] = Sourced.unknown("a raster file has no tags")
L, R = Laterality.LEFT, Laterality.RIGHT


def found(pixels: NDArray[np.uint16]) -> BreastMask:
    breast = breast_on(*reduced(pixels))
    assert breast is not None
    return breast


def seen(pixels: NDArray[np.uint16]) -> Sourced[ViewPosition]:
    values, transform = reduced(pixels)
    breast = breast_on(values, transform)
    assert breast is not None
    return view_from_pixels(breast, find_pectoral(values, breast))


class TestWhatIsSaid:
    @pytest.mark.parametrize("requested", [None, L])
    @pytest.mark.parametrize("named", [None, L])
    def test_by_a_tag_is_taken_when_the_others_agree(
        self, requested: Laterality | None, named: Laterality | None
    ) -> None:
        assert resolve("laterality", TAGGED, (("request", requested), ("file_name", named))) == (TAGGED, ())

    def test_by_the_request_stands_in_for_a_missing_tag(self) -> None:
        assert resolve("laterality", UNKNOWN, (("request", R), ("file_name", R))) == (
            Sourced(R, "request"),
            (),
        )

    def test_by_the_file_name_stands_in_for_both(self) -> None:
        assert resolve("laterality", UNKNOWN, (("request", None), ("file_name", R))) == (
            Sourced(R, "file_name"),
            (),
        )

    def test_by_nobody_stays_unknown(self) -> None:
        assert resolve("laterality", UNKNOWN, (("request", None), ("file_name", None))) == (UNKNOWN, ())

    def test_by_a_tag_beats_both_others_and_each_difference_is_told(self) -> None:
        assert resolve("laterality", TAGGED, (("request", R), ("file_name", R))) == (
            TAGGED,
            (
                Notice(
                    "laterality_mismatch",
                    "The request says R, the file's tag says L; the file's tag is used.",
                ),
                Notice(
                    "laterality_mismatch",
                    "The file's name says R, the file's tag says L; the file's tag is used.",
                ),
            ),
        )

    def test_by_the_request_beats_the_file_name(self) -> None:
        unknown: Sourced[ViewPosition] = Sourced.unknown("a test")
        claims = (("request", ViewPosition.CC), ("file_name", ViewPosition.MLO))

        assert resolve("view_position", unknown, claims) == (
            Sourced(ViewPosition.CC, "request"),
            (
                Notice(
                    "view_position_mismatch",
                    "The file's name says MLO, the request says CC; the request is used.",
                ),
            ),
        )


class TestTheViewFromPixels:
    @pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
    @pytest.mark.parametrize("side", [L, R])
    @pytest.mark.parametrize("seed", range(6))
    def test_is_that_of_the_phantom_on_either_side(
        self, view: ViewPosition, side: Laterality, seed: int
    ) -> None:
        pixels = make_phantom(seed=seed, view_position=view, laterality=side, shape=(512, 416)).pixels

        told = seen(pixels)

        assert (told.value, told.source) == (view, "pixels")

    def test_does_not_depend_on_the_width_of_the_image(self) -> None:
        for view in (ViewPosition.CC, ViewPosition.MLO):
            pixels = make_phantom(seed=3, view_position=view, shape=(512, 416)).pixels
            wider = np.pad(pixels, ((0, 0), (0, 400)))
            assert (seen(pixels).value, seen(wider).value) == (view, view)

    def test_of_a_breast_that_reaches_the_top_without_a_muscle_is_not_told(self) -> None:
        pixels = breast_pixels((320, 240))[100:]
        assert pixels[0, 0] == TISSUE, "the breast reaches the top edge"

        assert seen(pixels) == Sourced.unknown(
            "the breast reaches the top edge as on oblique views, but shows no pectoral muscle"
        )

    def test_is_not_told_without_a_chest_wall_or_a_breast(self) -> None:
        pixels = np.full((320, 240), AIR, dtype=np.uint16)
        pixels[40:280] = TISSUE
        nothing = Sourced.unknown("a test")  # type: ignore[var-annotated]  # fits any Sourced

        assert view_from_pixels(found(pixels), nothing) == Sourced.unknown("the chest-wall side is not known")
        assert view_from_pixels(None, nothing) == Sourced.unknown("no breast was found")

    @pytest.mark.parametrize(
        ("stated", "looks", "told"),
        [
            (ViewPosition.CC, ViewPosition.CC, False),
            (ViewPosition.CC, ViewPosition.MLO, True),
            (ViewPosition.MLO, ViewPosition.CC, True),
            (ViewPosition.XCCL, ViewPosition.MLO, False),
            (None, ViewPosition.MLO, False),
            (ViewPosition.MLO, None, False),
        ],
    )
    def test_that_contradicts_a_stated_one_is_a_warning(
        self, stated: ViewPosition | None, looks: ViewPosition | None, *, told: bool
    ) -> None:
        notices = view_mismatch(Sourced(stated, "dicom_tag"), Sourced(looks, "pixels", "as measured"))

        message = f"The pixels look like {looks} (as measured), the file's tag says {stated}, which is used."
        assert notices == ((Notice("view_position_mismatch", message),) if told else ())


class TestLaterality:
    @pytest.mark.parametrize(("side", "laterality"), [(Side.LEFT, L), (Side.RIGHT, R)])
    def test_is_told_by_the_chest_wall_and_says_what_it_assumes(
        self, side: Side, laterality: Laterality
    ) -> None:
        assert laterality_from_pixels(found(breast_pixels(chest_wall=side))) == Sourced(
            laterality, "pixels", f"chest wall at the {side} edge; {ASSUMED}"
        )

    @pytest.mark.parametrize("seed", range(4))
    def test_of_a_mirrored_image_is_the_other_one(self, seed: int) -> None:
        pixels = make_phantom(seed=seed, shape=(512, 416)).pixels

        ours, mirrored = (laterality_from_pixels(found(p)) for p in (pixels, pixels[:, ::-1].copy()))

        assert (ours.value, mirrored.value) == (L, R)

    def test_of_a_symmetric_image_is_not_told(self) -> None:
        half = breast_pixels((320, 120), reach=0.9)
        pixels = np.concatenate([half[:, ::-1], half], axis=1)
        assert np.array_equal(pixels, pixels[:, ::-1])

        assert laterality_from_pixels(found(pixels)) == Sourced.unknown(
            "both ends of the breast mask are equally straight"
        )

    def test_is_not_told_without_a_breast(self) -> None:
        assert laterality_from_pixels(None) == Sourced.unknown("no breast was found")


class TestOrientation:
    @pytest.mark.parametrize("side", Side)
    @pytest.mark.parametrize("laterality", [L, R])
    def test_is_standard_if_a_left_breast_has_its_chest_wall_at_the_left(
        self, side: Side, laterality: Laterality
    ) -> None:
        breast = found(breast_pixels(chest_wall=side))
        fits = (side is Side.LEFT) is (laterality is L)

        orientation, notices = orientation_of(Sourced(laterality, "dicom_tag"), breast)

        assert orientation == Sourced(
            Orientation.STANDARD if fits else Orientation.MIRRORED,
            "pixels",
            f"laterality {laterality}, chest wall at the {side} edge",
        )
        message = (
            f"The chest wall is at the {side} edge, where a breast of laterality {laterality} does not "
            "have it as mammograms are hung: the image is mirrored, or the laterality is wrong."
        )
        assert notices == (() if fits else (Notice("orientation_mismatch", message),))

    @pytest.mark.parametrize("laterality", [None, Laterality.BOTH])
    def test_is_not_told_without_a_laterality(self, laterality: Laterality | None) -> None:
        assert orientation_of(Sourced(laterality), found(breast_pixels())) == (
            Sourced.unknown("it takes a laterality of L or R that does not come from the pixels"),
            (),
        )

    def test_is_not_told_without_a_chest_wall(self) -> None:
        breast = replace(found(breast_pixels()), chest_wall=Sourced.unknown("a test"))

        assert orientation_of(TAGGED, breast) == (Sourced.unknown("the chest-wall side is not known"), ())
