"""Boxes and text are inside the frame, apart from each other, and say what the scene says."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammo_core.geometry import Box
from mammo_core.records import PictureName, PictureState, Region, RegionType
from mammo_core.render import bbox, boxes, cancer_type, colour, original
from mammo_core.render.canvas import Canvas
from mammo_core.render.frame import Frame
from mammo_core.render.place import Rect
from tests.unit.test_render_scene import (
    UNTYPED,
    hot_map,
    left_breast,
    pictures,
    pixels,
    region,
    scene,
    tissue,
)


def corner_regions(shape: tuple[int, int]) -> tuple[Region, ...]:
    """One region in each corner, and one in the middle."""
    corners = ((0.0, 0.0), (0.0, 0.92), (0.94, 0.0), (0.94, 0.92), (0.45, 0.4))
    rows, columns = shape
    places = [Box(r * rows, c * columns, (r + 0.06) * rows, (c + 0.08) * columns) for r, c in corners]
    return tuple(region(number, box, 0.2) for number, box in enumerate(places, start=1))


class TestRegions:
    @pytest.mark.parametrize("side", [64, 100, 300, 1000, 4000])
    def test_every_box_is_outlined_inside_the_frame(self, side: int) -> None:
        shape = (side, round(0.8 * side))
        frame = Frame(scene(np.full(shape, 40000, dtype=np.uint16)), side)
        dark = boxes.casing(frame.stroke)
        for each in corner_regions(shape):
            box = boxes.box_on_picture(each, frame)
            image = Image.new("RGB", (shape[1], shape[0]), (128, 128, 128))
            boxes.paint_boxes(Canvas(image, frame), [box])
            outer, stroke, inner = box.grown(frame.stroke + dark), box.grown(frame.stroke), box.grown(-dark)
            assert outer.within((shape[1], shape[0]))
            areas = [rect.width * rect.height for rect in (outer, stroke, box, inner)]
            # A coloured line between two dark ones; a line that was cut off would have fewer pixels.
            assert {c: n for n, c in image.getcolors() or []} == {
                colour.BOX_COLOURS[0]: areas[1] - areas[2],
                colour.BLACK: areas[0] - areas[1] + areas[2] - areas[3],
                (128, 128, 128): shape[0] * shape[1] - areas[0] + areas[3],
            }
            assert image.getpixel((stroke.left, box.top)) == colour.BOX_COLOURS[0]
            assert image.getpixel((stroke.right - 1, box.bottom - 1)) == colour.BOX_COLOURS[0]

    @pytest.mark.parametrize("side", [64, 100, 300, 1000, 4000])
    def test_all_text_is_inside_the_frame_and_apart(self, side: int) -> None:
        shape = (side, round(0.8 * side))
        regions = corner_regions(shape)
        labels = tuple(RegionType("mass", 0.81, f"source {n}") for n in range(5))
        values = np.full(shape, 40000, dtype=np.uint16)
        shown = scene(values, breast=left_breast(shape), regions=regions, region_types=labels)
        frame = Frame(shown, side)
        canvases = [bbox.draw(frame), cancer_type.draw(frame)]
        # The notice and five labels; the other picture has a header too.
        assert [len(canvas.taken) for canvas in canvases] == [6, 7]
        for canvas in canvases:
            assert all(place.within(canvas.size, 1) for place in canvas.taken)
            assert not any(a.shared(b) for n, a in enumerate(canvas.taken) for b in canvas.taken[:n])

    def test_a_label_without_room_is_left_out_and_told(self) -> None:
        crowd = tuple(region(number, Box(20, 20, 30, 30)) for number in range(1, 21))
        canvas = bbox.draw(Frame(scene(tissue((64, 50)), breast=None, regions=crowd), 64))
        labels = len(canvas.taken) - 1
        assert 3 <= labels < 20
        (note,) = canvas.notes
        assert note.startswith("no room for the label of region ")
        assert len(note.split(",")) == 20 - labels

    def test_in_a_narrow_frame_the_header_is_shortened_and_told(self) -> None:
        notes = [cancer_type.draw(Frame(scene(), side)).notes for side in (300, 100)]
        assert notes == [[], ["the text at the top is shortened, no room"]]

    def test_a_box_is_where_its_region_is(self) -> None:
        frame = Frame(scene(), 150)
        assert boxes.box_on_picture(region(1, Box(60, 100, 95, 140)), frame) == Rect(50, 30, 70, 48)

    @pytest.mark.parametrize("box", [Box(0, 0, 1, 1), Box(-9, -9, -5, -5), Box(299, 239, 300, 240)])
    def test_a_tiny_or_stray_region_still_gets_a_visible_box(self, box: Box) -> None:
        frame = Frame(scene(), 1024)
        drawn = boxes.box_on_picture(region(1, box), frame)
        assert (drawn.width, drawn.height) == (boxes.LEAST_BOX, boxes.LEAST_BOX)
        assert drawn.grown(frame.stroke + boxes.casing(frame.stroke)).within((240, 300))

    def test_each_region_has_its_own_colour(self) -> None:
        got = pixels(
            pictures(scene(regions=corner_regions((300, 240)), region_types=(UNTYPED,) * 5))[PictureName.BBOX]
        )
        colours = {tuple(c) for c in np.unique(got.reshape(-1, 3), axis=0).tolist()}
        assert set(colour.BOX_COLOURS[:5]) <= colours
        assert colour.box_colour(6) == colour.BOX_COLOURS[0]

    def test_without_regions_both_pictures_are_drawn_in_grey_and_say_so(self) -> None:
        made = pictures(scene(regions=(), region_types=(), regions_reason="nothing above the cut"))
        for name in (PictureName.BBOX, PictureName.CANCER_TYPE):
            got = pixels(made[name])
            assert (got[:, :, 0] == got[:, :, 1]).all()
            assert (got != pixels(made[PictureName.ORIGINAL])).any()
        assert made[PictureName.BBOX].reason == "nothing above the cut"

    def test_result_score_and_type_change_the_picture(self) -> None:
        typed = (RegionType("mass", 0.81, "classifier 1.0"),)
        versions: list[dict[str, object]] = [
            {},
            {"result": "Benign"},
            {"score": 0.74},
            {"threshold": 0.6},
            {"region_types": typed},
        ]
        images = {pictures(scene(None, **changes))[PictureName.CANCER_TYPE].data for changes in versions}
        assert len(images) == len(versions)

    def test_a_long_source_is_shown_to_its_end(self) -> None:
        """The measured accuracy stands there: a source that is left out makes a label look certain."""
        shape = np.full((900, 900), 20_000, dtype=np.uint16)
        source = "regions 1, balanced accuracy 0.38 (0.28 to 0.48, chance 0.20; a collection of {})"
        made = [
            pictures(scene(shape, region_types=(RegionType("indeterminate", None, source.format(data)),)))[
                PictureName.CANCER_TYPE
            ]
            for data in ("films", "views")
        ]

        assert made[0].data != made[1].data
        assert [picture.reason for picture in made] == [None, None]

    @pytest.mark.parametrize(
        ("score", "threshold", "expected"),
        [
            (0.73, 0.5, ("score 0.73", "threshold 0.50")),
            (0.4996, 0.5, ("score 0.4996", "threshold 0.5000")),
            (0.502, 0.5, ("score 0.502", "threshold 0.500")),
            (0.5, 0.5, ("score 0.5000", "threshold 0.5000")),
        ],
    )
    def test_score_and_threshold_are_told_apart(
        self, score: float, threshold: float, expected: tuple[str, str]
    ) -> None:
        assert cancer_type.scores_in_words(score, threshold) == expected

    def test_a_missing_region_label_costs_one_picture(self) -> None:
        made = pictures(scene(region_types=()))
        failed = {name: p.reason for name, p in made.items() if p.state is not PictureState.OK}
        reason = "could not be drawn: region labels (expected 1, received 0)"
        assert failed == {PictureName.CANCER_TYPE: reason}


class TestNotice:
    @pytest.mark.parametrize("side", [64, 100, 300, 1000])
    @pytest.mark.parametrize("name", list(PictureName))
    def test_every_picture_carries_it(self, name: PictureName, side: int) -> None:
        shape = (side, round(0.8 * side))
        shown = scene(np.zeros(shape, dtype=np.uint16), breast=None, saliency=hot_map(shape), regions=(),
                      region_types=())  # fmt: skip
        place = original.draw(Frame(shown, side)).taken[0]
        assert place.bottom > 0.8 * side  # no breast is known: bottom left
        assert place.left < 0.1 * side
        text = pixels(pictures(shown)[name])[place.top : place.bottom, place.left : place.right].min(axis=2)
        # Letters from end to end: bright pixels in most columns.
        assert (text.max(axis=0) > 100).mean() > 0.6

    @pytest.mark.parametrize("mirrored", [False, True])
    def test_it_lies_where_the_breast_is_not(self, mirrored: bool) -> None:
        breast = left_breast((600, 480))
        if mirrored:
            breast = replace(breast, inside=breast.inside[:, ::-1].copy())
        place = original.draw(Frame(scene(tissue((600, 480)), breast=breast), 1024)).taken[0]
        assert place.top > 500
        assert place.right <= 160 if mirrored else place.left >= 320

    def test_a_frame_without_room_for_it_is_told(self) -> None:
        made = pictures(scene(tissue((12, 12)), breast=None, regions=(), region_types=()))
        assert made[PictureName.ORIGINAL].reason == "the frame is too small for the notice"
