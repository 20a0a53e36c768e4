"""The source at the size of the pictures: what the five renderers share, each part made once."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mammo_core.errors import RenderError
from mammo_core.geometry import PixelTransform, resample
from mammo_core.records import FULL_SCALE, BoolArray, FloatArray, MapStatus
from mammo_core.render.colour import looked_up
from mammo_core.render.guard import during
from mammo_core.render.scene import Scene

LEAST_TEXT = 9
"""Smallest comfortable font size, pixels."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One size at which a scene is drawn.

    Each part is made when the first picture asks for it. A part that fails raises for the pictures that
    need it, and for no other.

    Parameters
    ----------
    scene : Scene
    max_side : int
        Longest side of the pictures; a smaller source is not enlarged.
    """

    scene: Scene
    max_side: int

    @cached_property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of every picture."""
        rows, columns = self.scene.mammogram.shape
        factor = min(1.0, self.max_side / max(rows, columns))
        return max(1, round(rows * factor)), max(1, round(columns * factor))

    @property
    def scale(self) -> float:
        """Picture pixels per source pixel, at most 1."""
        return max(self.shape) / max(self.scene.mammogram.shape)

    @property
    def transform(self) -> PixelTransform:
        """Source pixels to picture pixels."""
        return PixelTransform.identity(self.scene.mammogram.shape).resized(self.shape)

    @property
    def text_size(self) -> float:
        """Font size that suits the pictures, pixels."""
        return max(float(LEAST_TEXT), math.sqrt(self.shape[0] * self.shape[1]) / 48.0)

    @property
    def stroke(self) -> int:
        """Line width that suits the pictures, pixels."""
        return max(1, round(math.sqrt(self.shape[0] * self.shape[1]) / 330.0))

    @property
    def margin(self) -> int:
        """Least distance of text from the edge and from other text, pixels."""
        return max(1, round(self.text_size / 4.0))

    @cached_property
    def grey(self) -> NDArray[np.uint8]:
        """The image, (rows, columns), 0 black to 255 white."""
        with during("shrinking the image"):
            # Rounding to 8 bits first keeps the working copy of a full-field view at 14 MB instead of 54;
            # averaging afterwards leaves less than half a grey level of it.
            image = Image.fromarray(looked_up(_EIGHT_BITS, self.scene.mammogram.pixels))
            if image.size == self.shape[::-1]:
                return np.asarray(image)
            # Hamming's window has no negative lobes: no dark halo around a bright speck.
            return np.asarray(image.resize(self.shape[::-1], Image.Resampling.HAMMING))

    @cached_property
    def coverage(self) -> FloatArray | None:
        """How much of each pixel shows breast, 0 to 1; None if no breast was found."""
        breast = self.scene.breast
        if breast is None:
            return None
        with during("breast mask"):
            return resample(breast.inside.astype(np.float32), breast.transform, self.transform)

    @cached_property
    def inside(self) -> BoolArray | None:
        """Which pixels show breast; None if no breast was found."""
        coverage = self.coverage
        return None if coverage is None else coverage >= 0.5

    @property
    def mask_step(self) -> float:
        """Picture pixels per pixel of the breast mask's grid; 0 without a mask."""
        breast = self.scene.breast
        return 0.0 if breast is None else self.transform.row.scale / abs(breast.transform.row.scale)

    @cached_property
    def heat(self) -> NDArray[np.uint8]:
        """Local evidence in 255ths of the anchor, (rows, columns): the index into the colour map.

        Anchored, never stretched: a weak map stays weak. Zero outside the breast, and everywhere if the
        map's status is not ``ok``.

        Raises
        ------
        RenderError
            If there is no map, no positive anchor, or a value that is not finite.
        """
        with during("heat"):
            saliency = self.scene.saliency
            if saliency is None or saliency.status is not MapStatus.OK:
                return np.zeros(self.shape, dtype=np.uint8)
            if not np.isfinite(saliency.cells).all():
                raise RenderError("heat (a cell of the map is not finite)")
            evidence = resample(saliency.local_evidence, saliency.transform, self.transform)
            evidence *= np.float32(255.0 / self.anchor)
            np.clip(evidence, 0.0, 255.0, out=evidence)
            index: NDArray[np.uint8] = np.rint(evidence, out=evidence).astype(np.uint8)
            if self.inside is not None:
                index[~self.inside] = 0
            return index

    @property
    def anchor(self) -> float:
        """The local evidence that is drawn in the last colour; greater than 0.

        Raises
        ------
        RenderError
            If the scene has none, or one that is not positive.
        """
        anchor = self.scene.anchor
        if anchor is None or not 0.0 < anchor.value < np.inf:
            received = "none" if anchor is None else f"{anchor.value:g}"
            raise RenderError(f"colour anchor (expected a positive number, received {received})")
        return anchor.value


def _eight_bits() -> NDArray[np.uint8]:
    """8-bit grey of each 16-bit value: v / 257, rounded, so that 8-bit sources come back exactly."""
    values = np.arange(FULL_SCALE + 1, dtype=np.uint32)
    return ((values + 128) // 257).astype(np.uint8)


_EIGHT_BITS = _eight_bits()
