"""The scene that the render tests draw shows a breast, heat, a region and air, each apart from the others."""

from dataclasses import replace
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mammo_core.geometry import Box, PixelTransform
from mammo_core.records import (
    BreastMask,
    CamMethod,
    ColourAnchor,
    ColourMap,
    ImageFormat,
    Mammogram,
    MapStatus,
    Picture,
    PictureName,
    PictureState,
    Region,
    RegionLocation,
    RegionType,
    SaliencyMap,
    Sourced,
)
from mammo_core.render.album import PictureOptions, make_pictures
from mammo_core.render.canvas import Canvas
from mammo_core.render.frame import Frame
from mammo_core.render.scene import Scene

ROWS, COLUMNS = 300, 240
HOT = (1, 2)
"""The hottest cell of the map, (row, column) of 6 × 5 cells of 50 × 48 pixels."""
UNTYPED = RegionType("region_of_attention", None, "no validated classifier")


def tissue(shape: tuple[int, int] = (ROWS, COLUMNS)) -> NDArray[np.uint16]:
    """A left breast: textured 8-bit tissue in the left two thirds, air at the right."""
    levels = np.random.default_rng(7).integers(90, 200, shape, dtype=np.uint16)
    levels[:, 2 * shape[1] // 3 :] = 0
    return levels * np.uint16(257)


def left_breast(shape: tuple[int, int] = (ROWS, COLUMNS)) -> BreastMask:
    transform = PixelTransform.identity(shape).resized((60, 48))
    inside = np.zeros((60, 48), dtype=np.bool_)
    inside[:, :32] = True
    return BreastMask(
        inside, transform, 2 / 3, Box(0, 0, shape[0], 2 * shape[1] / 3), Sourced.unknown(""), ""
    )


def hot_map(shape: tuple[int, int] = (ROWS, COLUMNS), *, peak: float = 2.0) -> SaliencyMap:
    """One hot cell whose local evidence is ``peak``; the rest is against the class, so nothing is shown."""
    cells = np.full((6, 5), -0.1, dtype=np.float32)
    cells[HOT] = peak / cells.size
    transform = PixelTransform.identity(shape).resized((6, 5))
    return SaliencyMap(cells, transform, CamMethod.HIRESCAM, MapStatus.OK, True, 0.0)


def region(number: int, box: Box, share: float = 0.62) -> Region:
    nowhere: Sourced[str] = Sourced.unknown("")
    location = RegionLocation(nowhere, nowhere, nowhere)
    part = np.zeros((1, 1), dtype=np.bool_)
    return Region(number, box, (0.0, 0.0), (0.0, 0.0), 1.0, None, 1.0, share, 1.0, location, part)


def scene(pixels: NDArray[np.uint16] | None = None, **changes: object) -> Scene:
    values = tissue() if pixels is None else pixels
    unknown = Sourced.unknown("a PNG has no tags")  # type: ignore[var-annotated]  # fits any Sourced
    plain = Scene(
        mammogram=Mammogram(values, ImageFormat.PNG, "0" * 64, unknown, unknown, unknown),
        breast=left_breast(),
        saliency=hot_map(),
        saliency_reason=None,
        anchor=ColourAnchor(2.0, "manifest"),
        doubts=(),
        regions=(region(1, Box(55, 100, 95, 140)),),
        regions_reason=None,
        region_types=(UNTYPED,),
        result="Malignant",
        score=0.73,
        threshold=0.5,
        colour_map=ColourMap.INFERNO,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the fields of Scene


def pictures(shown: Scene, options: PictureOptions | None = None) -> dict[PictureName, Picture]:
    made = make_pictures(shown, options or PictureOptions())
    assert [picture.name for picture in made] == list(PictureName)
    return {picture.name: picture for picture in made}


def pixels(picture: Picture) -> NDArray[np.int16]:
    """(rows, columns, 3)."""
    assert picture.state is PictureState.OK, picture.reason
    return np.asarray(Image.open(BytesIO(picture.data or b"")).convert("RGB")).astype(np.int16)


def apart_from_text(canvas: Canvas) -> NDArray[np.bool_]:
    """Where a picture has no text."""
    plain = np.ones(canvas.frame.shape, dtype=np.bool_)
    for place in canvas.taken:
        plain[place.top : place.bottom, place.left : place.right] = False
    assert 0.5 < plain.mean() < 1.0
    return plain


def test_the_scene_is_not_degenerate() -> None:
    frame = Frame(scene(), 1024)
    assert frame.grey[:, :160].min() >= 90
    assert frame.grey[:, :160].std() > 20
    assert frame.grey[:, 160:].max() == 0
    assert frame.inside is not None
    assert frame.inside.mean() == 2 / 3
    assert 240 <= frame.heat.max() <= 255
    assert 0.02 < (frame.heat > 0).mean() < 0.2
    assert (np.diff(frame.heat.astype(int), axis=0) != 0).any()
