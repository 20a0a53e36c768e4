"""Boxes around regions, and the labels beside them."""

from collections.abc import Sequence

from PIL import ImageDraw

from mammo_core.records import Region
from mammo_core.render.canvas import Canvas
from mammo_core.render.colour import BLACK, box_colour
from mammo_core.render.frame import Frame
from mammo_core.render.panel import set_panel
from mammo_core.render.place import Rect, Size, label_slots

NO_REGION = "no region"
LEAST_BOX = 6
"""Smallest box in strokes: a smaller region would vanish under its own outline."""


def box_on_picture(region: Region, frame: Frame) -> Rect:
    """The region's box in picture pixels, inside the frame with its outline, at least a few strokes large."""
    box = frame.transform.box_to_grid(region.box)
    rows, columns = frame.shape
    stroke = frame.stroke
    edge = stroke + casing(stroke)
    left, right = _extent(box.left, box.right, columns, edge, LEAST_BOX * stroke)
    top, bottom = _extent(box.top, box.bottom, rows, edge, LEAST_BOX * stroke)
    return Rect(left, top, right, bottom)


def casing(stroke: int) -> int:
    """Width of the dark line at both sides of a stroke: it reads on white tissue too."""
    return max(1, stroke // 3)


def paint_boxes(canvas: Canvas, boxes: Sequence[Rect]) -> None:
    """Draw the outlines just outside the boxes, the first one on top."""
    draw = ImageDraw.Draw(canvas.image)
    dark = casing(canvas.frame.stroke)
    for position in reversed(range(len(boxes))):
        box = boxes[position]
        _outline(draw, box.grown(canvas.frame.stroke + dark), BLACK, canvas.frame.stroke + 2 * dark)
        _outline(draw, box.grown(canvas.frame.stroke), box_colour(position), canvas.frame.stroke)


def put_labels(canvas: Canvas, boxes: Sequence[Rect], texts: Sequence[Sequence[tuple[str, ...]]]) -> None:
    """Put a label beside each box.

    Parameters
    ----------
    canvas : Canvas
    boxes : sequence of Rect
    texts : sequence of sequence of tuple of str
        For each box the versions of its label, the preferred one first; each a tuple of lines.
    """
    for position, versions in enumerate(texts):
        if not _put_label(canvas, boxes, position, versions):
            canvas.notes.append(f"label of region {versions[-1][0]} left out, no room")


def _put_label(
    canvas: Canvas, boxes: Sequence[Rect], position: int, versions: Sequence[tuple[str, ...]]
) -> bool:
    size, margin = canvas.frame.text_size, canvas.frame.margin
    colour = box_colour(position)
    panels = [set_panel(canvas.face, [(line, size) for line in lines], accent=colour) for lines in versions]
    outer = boxes[position].grown(canvas.frame.stroke + casing(canvas.frame.stroke))
    others = [*boxes[:position], *boxes[position + 1 :]]

    def slots(panel: Size) -> list[Rect]:
        return label_slots(panel, outer, canvas.size, margin=margin)

    def hidden_boxes(slot: Rect) -> int:
        return sum(slot.shared(other) for other in others)

    return canvas.place(panels, slots, hidden_boxes)


def _extent(low: float, high: float, limit: int, edge: int, least: int) -> tuple[int, int]:
    """Whole pixels of one axis, at least ``least`` of them, ``edge`` pixels away from both ends."""
    missing = max(0.0, least - (high - low)) / 2.0
    first = min(max(round(low - missing), edge), max(edge, limit - edge - least))
    last = max(min(round(high + missing), limit - edge), first + 1)
    return first, last


def _outline(draw: ImageDraw.ImageDraw, box: Rect, colour: tuple[int, int, int], width: int) -> None:
    draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=colour, width=width)
