"""The scale bar: how long a round number of millimetres is on the picture."""

from mammo_core.render.canvas import Canvas
from mammo_core.render.colour import INK
from mammo_core.render.panel import paint_backing
from mammo_core.render.place import Rect

LENGTHS_MM = (100, 50, 20, 10, 5, 2, 1)
LARGEST_SHARE = 0.25
"""Of the picture's width."""
LEAST_PX = 10


def put_scale_bar(canvas: Canvas) -> None:
    """Draw a scale bar in the corner where it hides least; nothing where millimetres are not known.

    Parameters
    ----------
    canvas : Canvas
        With all other text in its place.
    """
    spacing = canvas.frame.scene.mammogram.spacing.value
    if spacing is None:
        return
    per_mm = canvas.frame.scale / spacing.column_mm
    lengths = [(mm, round(mm * per_mm)) for mm in LENGTHS_MM]
    fitting = [(mm, px) for mm, px in lengths if LEAST_PX <= px <= LARGEST_SHARE * canvas.size[0]]
    if not fitting:
        return
    mm, length = fitting[0]
    size = canvas.frame.text_size
    label = canvas.face.line(f"{mm} mm", 0.9 * size)
    pad, stroke, mark = max(2, round(0.4 * size)), canvas.frame.stroke, max(3, round(0.4 * size))
    extent = (max(length, label.width) + 2 * pad, label.height + mark + pad)
    place = canvas.reserve(extent, canvas.corners("bottom", "top"), canvas.hidden)
    if place is None:
        canvas.notes.append("scale bar left out, no room")
        return
    paint_backing(canvas.image, place, pad)
    canvas.image.paste(INK, (place.left + (place.width - label.width) // 2, place.top), label)
    left = place.left + (place.width - length) // 2
    bottom = place.bottom - pad // 2
    for part in (
        Rect(left, bottom - (mark + stroke) // 2, left + length, bottom - (mark - stroke) // 2),
        Rect(left, bottom - mark, left + stroke, bottom),
        Rect(left + length - stroke, bottom - mark, left + length, bottom),
    ):
        canvas.image.paste(INK, (part.left, part.top, part.right, part.bottom))
