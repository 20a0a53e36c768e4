"""A doubtful map says so on its overlay, apart from all other text, or tells that there was no room."""

from dataclasses import replace

import pytest

from mammo_core.records import MapStatus, PictureName
from mammo_core.render import overlay
from mammo_core.render.frame import Frame
from tests.unit.test_render_scene import hot_map, left_breast, pictures, pixels, scene, tissue

SHARE = ("31 % of evidence on tissue",)


def test_the_caption_covers_its_own_place_and_changes_nothing_else() -> None:
    good, doubtful = scene(), scene(doubts=SHARE)
    canvas = overlay.draw(Frame(doubtful, 1024))
    notice, caption = canvas.taken

    one, other = (pixels(pictures(shown)[PictureName.OVERLAY]) for shown in (good, doubtful))

    changed = (one != other).any(axis=2)
    assert changed[caption.top : caption.bottom, caption.left : caption.right].mean() > 0.05
    changed[caption.top : caption.bottom, caption.left : caption.right] = False
    assert not changed.any()
    assert notice.shared(caption) == 0


def test_the_other_pictures_are_the_same() -> None:
    good, doubtful = pictures(scene()), pictures(scene(doubts=SHARE))

    same = {name for name in PictureName if good[name].data == doubtful[name].data}
    assert same == set(PictureName) - {PictureName.OVERLAY}


def test_of_several_doubts_the_first_is_named_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[tuple[str, ...]] = []
    monkeypatch.setattr("mammo_core.render.canvas.Canvas.caption", lambda _, *lines: said.append(lines))

    overlay.draw(Frame(scene(doubts=(*SHARE, "two", "three")), 1024))
    overlay.draw(Frame(scene(doubts=SHARE), 1024))
    overlay.draw(Frame(scene(), 1024))

    assert said == [("map doubtful:", SHARE[0], "and 2 more"), ("map doubtful:", SHARE[0])]


def test_an_empty_map_says_both() -> None:
    empty = replace(hot_map(), status=MapStatus.NO_POSITIVE_EVIDENCE)

    taken = [len(overlay.draw(Frame(scene(saliency=empty, doubts=d), 1024)).taken) for d in ((), SHARE)]

    assert taken == [2, 3]


@pytest.mark.parametrize("shape", [(64, 51), (100, 80), (120, 300), (300, 240), (1000, 800), (4000, 3200)])
@pytest.mark.parametrize("peak", [2.0, 0.05])
def test_all_text_is_inside_the_frame_and_apart(shape: tuple[int, int], peak: float) -> None:
    shown = scene(
        tissue(shape), breast=left_breast(shape), saliency=hot_map(shape, peak=peak), doubts=(*SHARE, "more")
    )
    canvas = overlay.draw(Frame(shown, 4096))

    for number, place in enumerate(canvas.taken):
        assert place.within(canvas.size)
        assert all(place.shared(other) == 0 for other in canvas.taken[:number])
    wanted = 2 + (peak < 0.1)
    left_out = [note for note in canvas.notes if "left out" in note]
    assert len(canvas.taken) + len(left_out) == wanted
    assert min(shape) < 100 or not left_out


def test_without_room_the_picture_s_status_says_what_was_left_out() -> None:
    shape = (40, 32)
    shown = scene(tissue(shape), breast=left_breast(shape), saliency=hot_map(shape), doubts=SHARE)

    reason = pictures(shown)[PictureName.OVERLAY].reason

    assert reason is not None
    assert "caption left out, no room: map doubtful: / 31 % of evidence on tissue" in reason
