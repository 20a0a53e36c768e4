"""The picture ``bbox``: a box per region, with its share of the evidence."""

from PIL import Image

from mammo_core.records import Region
from mammo_core.render.boxes import NO_REGION, box_on_picture, paint_boxes, put_labels
from mammo_core.render.canvas import Canvas
from mammo_core.render.frame import Frame


def draw(frame: Frame) -> Canvas:
    """Show where the regions are."""
    regions = frame.scene.regions or ()
    boxes = [box_on_picture(region, frame) for region in regions]
    canvas = Canvas(Image.fromarray(frame.grey).convert("RGB"), frame, avoid=boxes)
    paint_boxes(canvas, boxes)
    put_labels(canvas, boxes, [_label(region) for region in regions])
    if not regions:
        canvas.caption(NO_REGION)
        canvas.notes.append(frame.scene.regions_reason or NO_REGION)
    return canvas


def _label(region: Region) -> list[tuple[str, ...]]:
    return [(f"{region.number} · {_percent(region.share_of_evidence)}",), (f"{region.number}",)]


def _percent(share: float) -> str:
    return "<1 %" if share < 0.005 else f"{100.0 * share:.0f} %"
