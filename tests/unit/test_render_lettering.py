"""Text is set in the built-in fonts, whatever letters it has."""

import numpy as np
import pytest
from PIL import ImageFont

from mammo_core.render.canvas import NOTICE
from mammo_core.render.lettering import DASH, Typeface, legible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 · 62 %", "1 · 62 %"),
        (NOTICE, NOTICE),
        ("Bénigne\nou Kyste", "Benigne ou Kyste"),
        ("left–right ‘x’ ≥ 2", "left-right 'x' >= 2"),
        ("良性", "??"),
    ],
)
def test_what_the_fonts_cannot_show_is_replaced(text: str, expected: str) -> None:
    assert legible(text) == expected


def test_every_sign_of_the_alphabet_has_its_own_shape() -> None:
    face = Typeface()
    signs = [chr(code) for code in range(ord("!"), ord("~") + 1)] + ["·", DASH]
    shapes = {np.asarray(face.line(sign, 40)).tobytes() for sign in signs}
    assert len(shapes) == len(signs)
    assert face.note is None


def test_the_dash_is_a_bar_longer_than_a_hyphen() -> None:
    dash, hyphen = (np.asarray(Typeface().line(sign, 40)) > 128 for sign in (DASH, "-"))
    assert dash.any(axis=0).sum() >= 1.5 * hyphen.any(axis=0).sum()
    assert dash.any(axis=1).sum() <= 5


@pytest.mark.parametrize("size", [9, 20, 80])
def test_a_line_grows_with_its_size(size: int) -> None:
    small, large = (Typeface().line(NOTICE, s) for s in (size, 2 * size))
    assert large.width == pytest.approx(2 * small.width, rel=0.1)
    assert large.height == pytest.approx(2 * small.height, rel=0.15)


def test_ink_reaches_neither_left_nor_right_out_of_the_line() -> None:
    mask = np.asarray(Typeface().line("malignant (Wj) 100 %", 40))
    assert mask.any()
    assert not mask[:, -1].all()
    assert mask[0].max() == 0


def test_the_bitmap_font_takes_over_in_whole_multiples(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(size: float | None = None) -> None:
        raise OSError("no such font")

    monkeypatch.setattr(ImageFont, "load_default", fails)
    face = Typeface()
    heights = [face.line(NOTICE, size).height for size in (9, 22, 44)]
    assert heights == [11, 22, 44]
    assert face.note == "font (OSError): drawn with the bitmap font"
    assert np.asarray(face.line("", 9)).max() == 0


def test_a_font_of_one_size_only_is_not_taken_for_the_scalable_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFont, "load_default", lambda size: ImageFont.load_default_imagefont())
    face = Typeface()
    assert face.line("1", 44).height == 44
    assert face.note == "font (TypeError): drawn with the bitmap font"
