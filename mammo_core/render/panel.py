"""Text on a small dark backing, so that it reads on air and on dense tissue."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from mammo_core.render.colour import BLACK, INK, Colour
from mammo_core.render.lettering import Typeface
from mammo_core.render.place import Rect, Size

BACKING_OPACITY = 0.66
_SMOOTH = 4
"""Rounded corners are drawn this much larger and averaged down."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Lines of text, set and measured, not yet placed.

    Parameters
    ----------
    lines : tuple of Image
        Masks of mode L.
    pad : int
        Backing around the text, pixels.
    accent : Colour or None
        A bar at the left in the colour of what the text belongs to.
    """

    lines: tuple[Image.Image, ...]
    pad: int
    accent: Colour | None = None

    @property
    def bar(self) -> int:
        """Width of the accent."""
        return 0 if self.accent is None else max(2, self.pad)

    @property
    def size(self) -> Size:
        """(width, height) with backing."""
        width = max(line.width for line in self.lines) + 2 * self.pad + self.bar
        return width, sum(line.height for line in self.lines) + self.pad


def set_panel(face: Typeface, lines: Sequence[tuple[str, float]], *, accent: Colour | None = None) -> Panel:
    """Set lines of text, each with its font size in pixels."""
    pad = max(2, round(0.32 * lines[-1][1]))
    return Panel(tuple(face.line(text, size) for text, size in lines), pad, accent)


def paint_panel(image: Image.Image, panel: Panel, place: Rect) -> None:
    """Draw a panel at its place."""
    paint_backing(image, place, panel.pad)
    if panel.accent is not None:
        edge = Rect(place.left, place.top, place.left + panel.bar, place.bottom)
        image.paste(panel.accent, (edge.left, edge.top, edge.right, edge.bottom))
    # Half the padding above: the font's ascent already leaves room over the capitals.
    top = place.top + panel.pad // 2
    for line in panel.lines:
        image.paste(INK, (place.left + panel.bar + panel.pad, top), line)
        top += line.height


def paint_backing(image: Image.Image, place: Rect, radius: int) -> None:
    """Darken a rounded rectangle."""
    large = Image.new("L", (place.width * _SMOOTH, place.height * _SMOOTH))
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), radius * _SMOOTH, fill=round(255 * BACKING_OPACITY)
    )
    mask = large.resize((place.width, place.height), Image.Resampling.BOX)
    image.paste(BLACK, (place.left, place.top), mask)
