"""The scale bar is as long as it says, stands where nothing else is, and costs no picture."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammo_core.geometry import Box
from mammo_core.records import PictureName, PixelSpacing, Sourced
from mammo_core.render import ruler
from mammo_core.render.album import PictureOptions
from mammo_core.render.canvas import Canvas
from mammo_core.render.frame import Frame
from mammo_core.render.original import draw
from mammo_core.render.ruler import put_scale_bar
from mammo_core.render.scene import Scene
from tests.unit.test_render_scene import pictures, pixels, region, scene, tissue

BLACK = np.zeros((300, 240), dtype=np.uint16)


def with_spacing(shown: Scene, row_mm: float, column_mm: float) -> Scene:
    known = Sourced(PixelSpacing(row_mm, column_mm), "dicom_tag", "ImagerPixelSpacing")
    return replace(shown, mammogram=replace(shown.mammogram, spacing=known))


def bar_of(shown: Scene, max_side: int = 1024) -> tuple[str | None, int]:
    """What the bar says, and the longest line of full white that it draws, in pixels."""
    canvas = draw(Frame(shown, max_side))
    said: list[str] = []
    line = canvas.face.line

    def noted(text: str, size: float) -> Image.Image:
        said.append(text)
        return line(text, size)

    canvas.face.line = noted  # type: ignore[method-assign]  # notes the text
    before, places = np.asarray(canvas.image).copy(), len(canvas.taken)
    put_scale_bar(canvas)
    if len(canvas.taken) == places:
        assert np.array_equal(before, np.asarray(canvas.image))
        return None, 0
    place = canvas.taken[-1]
    part = np.asarray(canvas.image)[place.top : place.bottom, place.left : place.right].min(axis=-1)
    longest = max(_runs(row) for row in part >= 230)
    return said[-1], longest


def _runs(row: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> int:
    ends = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    return int((ends[1::2] - ends[::2]).max(initial=0))


@pytest.mark.parametrize(
    ("column_mm", "max_side", "said", "length"),
    [
        (0.2, 1024, "10 mm", 50),  # 20 mm would be 100 px, of 240: more than a quarter
        (1.0, 1024, "50 mm", 50),
        (0.1, 1024, "5 mm", 50),
        (0.85, 1024, "50 mm", 59),
        (0.2, 150, "10 mm", 25),  # drawn at half the size: 2.5 px per mm
        (0.02, 1024, "1 mm", 50),
        (20.0, 1024, None, 0),  # 100 mm are 5 px: too short to be read
    ],
)
def test_it_is_the_longest_round_length_of_at_most_a_quarter_of_the_width(
    column_mm: float, max_side: int, said: str | None, length: int
) -> None:
    assert bar_of(with_spacing(scene(BLACK), 9.0, column_mm), max_side) == (said, length)


def test_without_millimetres_there_is_none() -> None:
    assert bar_of(scene(BLACK)) == (None, 0)


def test_it_stands_apart_from_all_other_text_in_every_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Canvas] = []
    right = ruler.put_scale_bar

    def noted(canvas: Canvas) -> None:
        places = len(canvas.taken)
        right(canvas)
        assert len(canvas.taken) == places + 1
        drawn.append(canvas)

    monkeypatch.setattr(ruler, "put_scale_bar", noted)
    crowded = with_spacing(
        scene(regions=tuple(region(n, Box(240 - 40 * n, 20, 270 - 40 * n, 60)) for n in (1, 2, 3)),
              region_types=3 * scene().region_types),
        0.2, 0.2,
    )  # fmt: skip
    pictures(crowded)

    assert len(drawn) == 5
    for canvas in drawn:
        bar = canvas.taken[-1]
        assert bar.within(canvas.size)
        assert not any(bar.shared(other) for other in canvas.taken[:-1])


def test_a_bar_that_cannot_be_drawn_costs_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(canvas: Canvas) -> None:
        raise RuntimeError("secret")

    plain = pictures(scene())
    monkeypatch.setattr(ruler, "put_scale_bar", broken)

    made = pictures(with_spacing(scene(tissue()), 0.2, 0.2))

    for name in PictureName:
        assert np.array_equal(pixels(made[name]), pixels(plain[name]))
        assert made[name].reason == "scale bar left out: RuntimeError"
        assert "test_render_ruler" in (made[name].where or "")


def test_a_picture_without_room_goes_without_and_says_so() -> None:
    tiny = pictures(with_spacing(scene(), 0.2, 0.02), PictureOptions(max_side=64))

    assert "scale bar left out, no room" in (tiny[PictureName.CANCER_TYPE].reason or "")
