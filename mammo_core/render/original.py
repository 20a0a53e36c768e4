"""The picture ``original``: the image as it was decoded."""

from PIL import Image

from mammo_core.render.canvas import Canvas
from mammo_core.render.frame import Frame


def draw(frame: Frame) -> Canvas:
    """Show the image; nothing is drawn on it but text in its corners."""
    return Canvas(Image.fromarray(frame.grey).convert("RGB"), frame)
