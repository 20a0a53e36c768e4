"""Boxes around regions, and the labels beside them."""

from collections.abc import Sequence

from PIL import ImageDraw

from mammo_core.records import Region
from mammo_core.render.canvas import Canvas
from mammo_core.render.colour import BLACK, box_colour
from mammo_core.render.frame import Frame
from mammo_core.render.panel import Panel, set_panel
from mammo_core.render.place import Rect, cheapest, label_slots, pushed

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
    """Put a label beside each box; all of them get shorter until all of them have room.

    Parameters
    ----------
    canvas : Canvas
    boxes : sequence of Rect
    texts : sequence of sequence of tuple of str
        For each box the versions of its label, the longest first; each a tuple of lines. The last one is
        left out, and noted, where even that has no room.
    """
    if not texts:
        return
    for shortest in range(max(len(versions) for versions in texts)):
        plan = _plan(canvas, boxes, [versions[min(shortest, len(versions) - 1) :] for versions in texts])
        if None not in plan:
            break
    for label in filter(None, plan):
        canvas.put(*label)
    left_out = [versions[-1][0] for versions, label in zip(texts, plan, strict=True) if label is None]
    if left_out:
        canvas.notes.append(f"no room for the label of region {', '.join(left_out)}")


def _plan(
    canvas: Canvas, boxes: Sequence[Rect], texts: Sequence[Sequence[tuple[str, ...]]]
) -> list[tuple[Panel, Rect] | None]:
    """A place for each label, none of them painted yet."""
    taken = list(canvas.taken)
    plan = []
    for position, versions in enumerate(texts):
        label = _beside(canvas, boxes, position, versions, taken)
        plan.append(label)
        if label is not None:
            taken.append(label[1])
    return plan


def _beside(
    canvas: Canvas,
    boxes: Sequence[Rect],
    position: int,
    versions: Sequence[tuple[str, ...]],
    taken: Sequence[Rect],
) -> tuple[Panel, Rect] | None:
    frame, colour = canvas.frame, box_colour(position)
    outer = boxes[position].grown(frame.stroke + casing(frame.stroke))
    others = [*boxes[:position], *boxes[position + 1 :]]
    for lines in versions:
        panel = set_panel(canvas.face, [(line, frame.text_size) for line in lines], accent=colour)
        near = label_slots(panel.size, outer, canvas.size, margin=frame.margin)
        place = cheapest(
            [*near, *pushed(near, taken, margin=frame.margin)],
            frame=canvas.size,
            taken=taken,
            margin=frame.margin,
            cost=lambda slot: sum(slot.shared(other) for other in others),
        )
        if place is not None:
            return panel, place
    return None


def _extent(low: float, high: float, limit: int, edge: int, least: int) -> tuple[int, int]:
    """Whole pixels of one axis, at least ``least`` of them, ``edge`` pixels away from both ends."""
    missing = max(0.0, least - (high - low)) / 2.0
    first = min(max(round(low - missing), edge), max(edge, limit - edge - least))
    last = max(min(max(round(high + missing), first + least), limit - edge), first + 1)
    return first, last


def _outline(draw: ImageDraw.ImageDraw, box: Rect, colour: tuple[int, int, int], width: int) -> None:
    draw.rectangle((box.left, box.top, box.right - 1, box.bottom - 1), outline=colour, width=width)
