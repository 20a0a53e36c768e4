"""The picture ``heatmap_only``: the heat, its scale, and a faint outline of the breast."""

import numpy as np

from mammo_core.render.bar import put_colour_bar
from mammo_core.render.canvas import Canvas
from mammo_core.render.colour import colour_table
from mammo_core.render.frame import Frame
from mammo_core.render.heat import alone, caption_of_heat
from mammo_core.render.place import Rect

WARM = 64
"""Heat, in 255ths of the anchor, that the colour bar should not hide."""


def draw(frame: Frame) -> Canvas:
    """Show the heat on black with a colour bar."""
    saliency = frame.scene.saliency
    table = colour_table(frame.scene.colour_map)
    canvas = Canvas(alone(frame, table), frame)
    caption_of_heat(canvas, frame)

    def hidden(place: Rect) -> int:
        part = frame.heat[place.top : place.bottom, place.left : place.right]
        return canvas.hidden(place) + 4 * int(np.count_nonzero(part >= WARM))

    if saliency is not None and frame.scene.anchor is not None:
        unit = "logits" if saliency.in_logits else "arbitrary units"
        put_colour_bar(canvas, table, anchor=frame.anchor, unit=f"local evidence, {unit}", cost=hidden)
    return canvas
