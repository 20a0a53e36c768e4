"""Lines of text as masks, in Pillow's built-in font: no file of the system is needed."""

import math
import unicodedata

from PIL import Image, ImageDraw, ImageFont

from mammo_core.attempt import kind, place
from mammo_core.render.guard import during

DASH = "—"
_OURS = frozenset("·" + DASH)
_PLAIN = str.maketrans({"–": "-", "−": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "×": "x", "≥": ">="})


def legible(text: str) -> str:
    """Replace what the built-in fonts have no glyph for: accents are dropped, other signs become ``?``."""
    parts = unicodedata.normalize("NFKD", " ".join(text.split()).translate(_PLAIN))
    letters = (c for c in parts if not unicodedata.combining(c))
    return "".join(c if c in _OURS or " " <= c <= "~" else "?" for c in letters)


class Typeface:
    """The scalable built-in font, or the bitmap font if that one fails.

    Attributes
    ----------
    note : str or None
        Tells that the bitmap font was taken, and why.
    where : str or None
        Where the scalable font failed, for the log.
    """

    def __init__(self) -> None:
        self.note: str | None = None
        self.where: str | None = None

    def line(self, text: str, size: float) -> Image.Image:
        """Set one line.

        Parameters
        ----------
        text : str
        size : float
            Height of the font, in pixels.

        Returns
        -------
        Image of mode L
            255 where there is ink; as high as the font's ascent and descent.

        Raises
        ------
        RenderError
            If the bitmap font fails too.
        """
        if self.note is None:
            try:
                return _scalable(legible(text), max(1, round(size)))
            except Exception as error:  # a font must not cost a picture: there is a second one
                self.note = f"font ({kind(error)}): drawn with the bitmap font"
                self.where = place(error)
        with during("bitmap font"):
            return _bitmap(legible(text), size)


def _scalable(text: str, size: int) -> Image.Image:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("the built-in font is not scalable")
    ascent, descent = font.getmetrics()
    pieces = text.split(DASH)
    # The built-in font has no dash: a bar of its usual size and place is drawn instead.
    dash, rise, thick = 0.85 * size, round(0.27 * size), max(1, round(size / 13))
    width = sum(font.getlength(piece) for piece in pieces) + dash * (len(pieces) - 1)
    mask = Image.new("L", (max(1, math.ceil(width)), ascent + descent))
    draw = ImageDraw.Draw(mask)
    x = 0.0
    for number, piece in enumerate(pieces):
        if number:
            top = ascent - rise - thick
            draw.rectangle((round(x), top, round(x + dash) - 1, top + thick - 1), fill=255)
            x += dash
        draw.text((x, ascent), piece, fill=255, font=font, anchor="ls")
        x += font.getlength(piece)
    return mask


def _bitmap(text: str, size: float) -> Image.Image:
    """The bitmap font has one size; whole multiples of it stay crisp."""
    font = ImageFont.load_default_imagefont()
    plain = text.replace(DASH, "-") or " "
    _, _, width, height = font.getbbox(plain)
    mask = Image.new("L", (max(1, math.ceil(width)), max(1, math.ceil(height))))
    ImageDraw.Draw(mask).text((0, 0), plain, fill=255, font=font)
    factor = max(1, round(size / mask.height))
    return mask.resize((mask.width * factor, mask.height * factor), Image.Resampling.NEAREST)
