"""Heat as colour: blended with the image, or alone on black."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from mammo_core.records import FloatArray, MapStatus
from mammo_core.render.canvas import Canvas
from mammo_core.render.colour import ColourTable, looked_up
from mammo_core.render.frame import Frame

FULL_OPACITY = 0.65
"""At the anchor; the tissue stays visible below the hottest spot."""
FAINT = 13
"""Heat below this (5 % of the anchor, in 255ths) is hardly seen, so words say that it is there."""
OUTLINE_GREY = 168.0
OUTLINE_OPACITY = 0.55


def opacity() -> FloatArray:
    """Opacity of each heat index, (256,), 0 for no heat to :data:`FULL_OPACITY` at the anchor.

    Steeper at first: what is hot enough to be a region must be seen, cold tissue stays untouched.
    """
    heat = np.arange(256, dtype=np.float32) / np.float32(255.0)
    return np.float32(FULL_OPACITY) * heat * (np.float32(2.0) - heat)


def blended(grey: NDArray[np.uint8], heat: NDArray[np.uint8], table: ColourTable) -> Image.Image:
    """Lay the heat over the image.

    Parameters
    ----------
    grey, heat : ndarray of shape (rows, columns), uint8
    table : ndarray of shape (256, 3), uint8

    Returns
    -------
    Image of mode RGB
        Exactly ``grey`` where ``heat`` is 0.
    """
    alpha = opacity()[:, None, None]
    greys = np.arange(256, dtype=np.float32)[None, :, None]
    mixed = greys * (1.0 - alpha) + table[:, None, :].astype(np.float32) * alpha
    # Every mixture there can be is worked out once; the picture is then one look-up.
    colours = np.rint(mixed).astype(np.uint8).reshape(65536, 3)
    index = heat * np.uint16(256)
    index |= grey
    return Image.fromarray(looked_up(colours, index))


def alone(frame: Frame, table: ColourTable) -> Image.Image:
    """Show the heat on black: the map's colours inside the breast, and a faint outline of it."""
    colours = looked_up(table, frame.heat)
    if frame.inside is None or frame.coverage is None:
        return Image.fromarray(colours)
    colours *= frame.inside[:, :, None]
    rows, columns, line = outline(frame.coverage, width=frame.stroke, smooth=1.5 * frame.mask_step)
    weight = line[:, None] * np.float32(OUTLINE_OPACITY)
    under = colours[rows, columns].astype(np.float32)
    colours[rows, columns] = np.rint(under * (1.0 - weight) + OUTLINE_GREY * weight).astype(np.uint8)
    return Image.fromarray(colours)


def outline(
    coverage: FloatArray, *, width: int, smooth: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    """A line where the coverage crosses one half.

    Parameters
    ----------
    coverage : ndarray of shape (rows, columns), float32
        0 to 1.
    width : int
        Of the line, pixels.
    smooth : float
        Radius, in pixels, of the blur that takes the steps of the mask's own grid out of the line.

    Returns
    -------
    tuple of ndarray of shape (n,)
        Rows and columns of its pixels, and their opacity, float32, 0 to 1.
    """
    steps = Image.fromarray(np.rint(coverage * np.float32(255.0)).astype(np.uint8))
    soft = np.asarray(steps.filter(ImageFilter.GaussianBlur(smooth)))
    rows, columns = np.nonzero((soft > 0) & (soft < 255))
    level = soft.astype(np.float32)
    last_row, last_column = soft.shape[0] - 1, soft.shape[1] - 1
    down = level[np.minimum(rows + 1, last_row), columns] - level[np.maximum(rows - 1, 0), columns]
    right = level[rows, np.minimum(columns + 1, last_column)] - level[rows, np.maximum(columns - 1, 0)]
    slope = np.maximum(np.hypot(down, right) / np.float32(2.0), np.float32(1.0))
    distance = np.abs(level[rows, columns] - np.float32(127.5)) / slope
    opacities: FloatArray = np.clip(np.float32(width / 2.0 + 0.5) - distance, 0.0, 1.0)
    return rows, columns, opacities


def caption_of_heat(canvas: Canvas, frame: Frame) -> None:
    """Say in words why there is little or nothing to see."""
    saliency = frame.scene.saliency
    if saliency is None:
        return
    if saliency.status is not MapStatus.OK:
        caption = _EMPTY.get(saliency.status, "no map")
        canvas.caption(caption)
        canvas.notes.append(frame.scene.saliency_reason or caption)
    elif int(frame.heat.max()) < FAINT:
        canvas.caption("weak: below 5 % of the colour scale")


def caption_of_doubt(canvas: Canvas, frame: Frame) -> None:
    """Say in words what speaks against the map: colour looks the same whether it can be trusted or not."""
    if frame.scene.doubts:
        first, *others = frame.scene.doubts
        canvas.caption("map doubtful:", first, *([f"and {len(others)} more"] if others else []))


_EMPTY = {
    MapStatus.NO_POSITIVE_EVIDENCE: "no positive evidence",
    MapStatus.DEGENERATE: "no positive evidence can be localised",
}
