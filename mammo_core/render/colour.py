"""Colours: the maps of the heat, and those of the region boxes."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mammo_core.records import ColourMap, read_only
from mammo_core.render.guard import during

Colour = tuple[int, int, int]
ColourTable = NDArray[np.uint8]

BLACK: Colour = (0, 0, 0)
INK: Colour = (236, 236, 236)
"""Text; neutral, so that a picture without heat or boxes stays grey."""

BOX_COLOURS: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (240, 228, 66),
    (204, 121, 167),
    (0, 158, 115),
    (213, 94, 0),
)
"""Told apart with any form of colour blindness (M. Okabe and K. Ito, Color Universal Design, 2008)."""


def box_colour(position: int) -> Colour:
    """The colour of the region at a position; they repeat after the sixth."""
    return BOX_COLOURS[position % len(BOX_COLOURS)]


@lru_cache(maxsize=len(ColourMap))
def colour_table(name: ColourMap) -> ColourTable:
    """The colours of a map, from no evidence to the anchor.

    Returns
    -------
    ndarray of shape (256, 3), uint8
        Red, green, blue.

    Raises
    ------
    RenderError
        If matplotlib cannot be imported.
    """
    with during(f"colour map {name}"):
        from matplotlib import colormaps

        colours = colormaps[name.value](np.arange(256))
        return read_only(np.rint(colours[:, :3] * 255.0).astype(np.uint8))
