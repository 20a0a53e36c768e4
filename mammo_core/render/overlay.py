"""The picture ``overlay``: the heat over the image."""

from mammo_core.render.canvas import Canvas
from mammo_core.render.colour import colour_table
from mammo_core.render.frame import Frame
from mammo_core.render.heat import blended, caption_of_doubt, caption_of_heat


def draw(frame: Frame) -> Canvas:
    """Blend the heat with the image; cold tissue is the image itself."""
    canvas = Canvas(blended(frame.grey, frame.heat, colour_table(frame.scene.colour_map)), frame)
    caption_of_heat(canvas, frame)
    caption_of_doubt(canvas, frame)
    return canvas
