"""The five pictures look as they did when somebody looked at them.

To draw them again after a change that was meant: ``python -m tests.unit.test_render_golden``; then look.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mammo_core.geometry import Box
from mammo_core.records import PictureName, PixelSpacing, RegionType, Sourced
from mammo_core.render.scene import Scene
from tests.unit.test_render_scene import UNTYPED, pictures, pixels, region, scene

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "pictures"
MEAN, FAR, SHARE = 0.6, 24, 0.004
"""Grey levels that pictures may differ by on average, and how many pixels by more than FAR: another FreeType
moves the edges of letters."""


def looked_at() -> Scene:
    """Two regions, one of a type, a doubt, and millimetres."""
    plain = scene(
        regions=(region(1, Box(55, 100, 95, 140)), region(2, Box(180, 30, 230, 70), 0.21)),
        region_types=(RegionType("mass", 0.71, "a classifier"), UNTYPED),
        doubts=("map incomplete",),
    )
    known = Sourced(PixelSpacing(0.2, 0.2), "dicom_tag", "ImagerPixelSpacing")
    object.__setattr__(plain.mammogram, "spacing", known)
    return plain


def golden(name: PictureName) -> NDArray[np.int16]:
    with Image.open(GOLDEN / f"{name}.png") as picture:
        return np.asarray(picture.convert("RGB")).astype(np.int16)


def agree(first: NDArray[np.int16], second: NDArray[np.int16]) -> bool:
    difference = np.abs(first - second)
    far = (difference.max(axis=-1) > FAR).mean()
    return bool(difference.mean() <= MEAN and far <= SHARE)


@pytest.mark.parametrize("name", list(PictureName))
def test_a_picture_is_the_golden_one(name: PictureName) -> None:
    assert agree(pixels(pictures(looked_at())[name]), golden(name))


def test_the_tolerance_tells_the_pictures_apart() -> None:
    """A picture without its heat, its boxes, its text or its scale bar would be noticed."""
    kinds = list(PictureName)
    for name in kinds:
        others = [other for other in kinds if other is not name]
        assert not any(agree(golden(name), golden(other)) for other in others)
        # The notice alone is enough.
        without = golden(name).copy()
        without[-32:] = 0
        assert not agree(golden(name), without)


if __name__ == "__main__":
    for made, picture in pictures(looked_at()).items():
        (GOLDEN / f"{made}.png").write_bytes(picture.data or b"")
