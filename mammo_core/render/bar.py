"""The colour bar: which local evidence each colour stands for."""

from collections.abc import Sequence

from PIL import Image

from mammo_core.render.canvas import Canvas
from mammo_core.render.colour import INK, ColourTable
from mammo_core.render.panel import paint_backing
from mammo_core.render.place import Cost, Rect, Size

FRAME_GREY = (120, 120, 120)


def put_colour_bar(canvas: Canvas, table: ColourTable, *, anchor: float, unit: str, cost: Cost) -> None:
    """Draw a colour bar with ticks at 0, half the anchor and the anchor, in the corner where it hides least.

    Parameters
    ----------
    canvas : Canvas
    table : ndarray of shape (256, 3), uint8
    anchor : float
        Value of the last colour.
    unit : str
        What the numbers are; broken into two lines where the frame is narrow.
    cost : callable
        What a place hides.
    """
    titles = ([unit], [f"{part.strip()}" for part in unit.split(",")], [unit.rpartition(",")[2].strip()])
    bars = (
        _Bar(canvas, lines, [_number(anchor * share) for share in ticks], scale)
        for scale in (1.0, 0.8)
        for ticks in ((0.0, 0.5, 1.0), (0.0, 1.0))
        for lines in titles
    )
    for bar in bars:
        place = canvas.reserve(bar.size, canvas.corners(), cost)
        if place is not None:
            bar.paint(canvas, place, table)
            return
    canvas.notes.append("colour bar left out, no room")


def _number(value: float) -> str:
    """Three digits, and never an exponent for what people can read without one."""
    return f"{value:,.0f}" if 100.0 <= value < 1e6 else f"{value:.3g}"


class _Bar:
    """Title, colours and numbers, set and measured."""

    def __init__(self, canvas: Canvas, title: Sequence[str], ticks: Sequence[str], scale: float) -> None:
        size = canvas.frame.text_size * scale
        self.pad = max(2, round(0.4 * size))
        self.title = [canvas.face.line(line, 0.9 * size) for line in title]
        self.ticks = [canvas.face.line(tick, 0.9 * size) for tick in ticks]
        self.thickness = max(4, round(0.7 * size))
        self.mark = max(2, round(0.2 * size))
        # Each number stands under its mark, so the widest decides how far apart the marks must be.
        numbers = (len(ticks) - 1) * (max(tick.width for tick in self.ticks) + round(size))
        numbers += self.ticks[0].width // 2 + self.ticks[-1].width // 2
        self.length = max(numbers, round(8.0 * size), *(line.width for line in self.title))

    @property
    def size(self) -> Size:
        """(width, height) with backing."""
        text = sum(line.height for line in self.title) + max(tick.height for tick in self.ticks)
        return self.length + 2 * self.pad, text + self.thickness + self.mark + 2 * self.pad

    def paint(self, canvas: Canvas, place: Rect, table: ColourTable) -> None:
        paint_backing(canvas.image, place, self.pad)
        left, top = place.left + self.pad, place.top + self.pad // 2
        for line in self.title:
            canvas.image.paste(INK, (left, top), line)
            top += line.height
        self._colours(canvas, Rect(left, top, left + self.length, top + self.thickness), table)
        self._numbers(canvas, left, top + self.thickness)

    def _colours(self, canvas: Canvas, place: Rect, table: ColourTable) -> None:
        # A map that begins with black would have no visible beginning without a frame.
        canvas.image.paste(FRAME_GREY, (place.left - 1, place.top - 1, place.right + 1, place.bottom + 1))
        ramp = Image.fromarray(table[None, :, :])
        canvas.image.paste(ramp.resize((place.width, place.height)), (place.left, place.top))

    def _numbers(self, canvas: Canvas, left: int, top: int) -> None:
        last = len(self.ticks) - 1
        for number, tick in enumerate(self.ticks):
            at = left + round(number / last * (self.length - 1))
            start = left + round(number / last * (self.length - tick.width))
            canvas.image.paste(FRAME_GREY, (at, top, at + 1, top + self.mark))
            canvas.image.paste(INK, (start, top + self.mark), tick)
