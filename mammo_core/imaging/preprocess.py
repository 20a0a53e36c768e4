"""From a mammogram to the network's input, as the model's manifest says."""

import numpy as np
from PIL import Image

from mammo_core.geometry import Box, PixelTransform
from mammo_core.models.manifest import Aspect, Crop, InputSpec, Orientation, Resampling, Scaling
from mammo_core.records import FULL_SCALE, BreastMask, FloatArray, Mammogram, ModelInput, Notice, Side

FILTERS = {
    Resampling.BOX: Image.Resampling.BOX,
    Resampling.BILINEAR: Image.Resampling.BILINEAR,
    Resampling.BICUBIC: Image.Resampling.BICUBIC,
    Resampling.LANCZOS: Image.Resampling.LANCZOS,
}


def prepare(mammogram: Mammogram, spec: InputSpec, breast: BreastMask | None) -> ModelInput:
    """Crop, mirror, resize, pad and scale a view.

    Parameters
    ----------
    mammogram : Mammogram
    spec : InputSpec
        What the model was trained on.
    breast : BreastMask or None
        Needed by ``crop: breast`` and ``orientation: chest_wall_left``. Without it, the whole image is
        taken as it is, and the steps say so.

    Returns
    -------
    ModelInput
        Tensor (1, spec.rows, spec.columns, spec.channels), float32, in the range of ``spec.scaling``.
    """
    box, crop_step = _crop_box(mammogram, spec, breast)
    mirrored, mirror_step = _mirror(spec, breast)
    cropped = PixelTransform.identity(mammogram.shape).cropped(box)
    oriented = cropped.flipped_columns() if mirrored else cropped
    fitted = oriented.resized(_fitted_shape(oriented.shape, spec))
    top, left = _corner(fitted.shape, spec)
    transform = fitted.padded(top=top, left=left, shape=(spec.rows, spec.columns))

    values = _resize(mammogram, box, fitted.shape, spec.resampling)
    grid = np.zeros(transform.shape, dtype=np.float32)
    grid[top : top + fitted.shape[0], left : left + fitted.shape[1]] = values[:, ::-1] if mirrored else values
    scaled = _scale(grid, spec.scaling)
    tensor = np.repeat(scaled[None, :, :, None], spec.channels, axis=3)
    steps = (crop_step, mirror_step, _resize_step(fitted.shape, spec), f"values scaled to {spec.scaling}")
    return ModelInput(
        tensor=tensor, transform=transform, steps=tuple(filter(None, steps)), notices=_notices(spec, breast)
    )


def _crop_box(mammogram: Mammogram, spec: InputSpec, breast: BreastMask | None) -> tuple[Box, str]:
    rows, columns = mammogram.shape
    whole = Box(0.0, 0.0, float(rows), float(columns))
    if spec.crop is Crop.NONE:
        return whole, ""
    if breast is None:
        return whole, "no breast found: the whole image instead of a crop to the breast"
    box = breast.box
    step = (
        f"cropped to the breast: rows {box.top:.0f} to {box.bottom:.0f}, "
        f"columns {box.left:.0f} to {box.right:.0f}"
    )
    return box, step


def _mirror(spec: InputSpec, breast: BreastMask | None) -> tuple[bool, str]:
    if spec.orientation is Orientation.AS_IS:
        return False, ""
    side = breast.chest_wall.value if breast is not None else None
    if side is None:
        return False, "chest-wall side not known: not mirrored"
    if side is Side.RIGHT:
        return True, "mirrored: the chest wall is at the right"
    return False, ""


def _notices(spec: InputSpec, breast: BreastMask | None) -> tuple[Notice, ...]:
    """Say where the model sees an image of another form than it was trained on."""
    if spec.orientation is Orientation.AS_IS or (breast is not None and breast.chest_wall.value is not None):
        return ()
    message = "The model expects the chest wall at the left; where it is in this image could not be told."
    return (Notice("orientation_unknown", message),)


def _fitted_shape(shape: tuple[int, int], spec: InputSpec) -> tuple[int, int]:
    if spec.aspect is Aspect.STRETCH:
        return spec.rows, spec.columns
    factor = min(spec.rows / shape[0], spec.columns / shape[1])
    return max(1, round(shape[0] * factor)), max(1, round(shape[1] * factor))


def _corner(shape: tuple[int, int], spec: InputSpec) -> tuple[int, int]:
    """Centre the image in its padding, but leave a chest wall at the left edge where it is."""
    top = (spec.rows - shape[0]) // 2
    at_edge = spec.orientation is Orientation.CHEST_WALL_LEFT
    return top, 0 if at_edge else (spec.columns - shape[1]) // 2


def _resize(mammogram: Mammogram, box: Box, shape: tuple[int, int], resampling: Resampling) -> FloatArray:
    crop = mammogram.pixels[round(box.top) : round(box.bottom), round(box.left) : round(box.right)]
    image = Image.fromarray(crop.astype(np.float32))
    resized = np.asarray(image.resize(shape[::-1], FILTERS[resampling]), dtype=np.float32)
    # Bicubic and Lanczos overshoot at edges; display values have a range.
    return np.clip(resized, 0.0, FULL_SCALE)


def _resize_step(shape: tuple[int, int], spec: InputSpec) -> str:
    step = f"resized to {shape[0]} rows × {shape[1]} columns ({spec.resampling})"
    if shape == (spec.rows, spec.columns):
        return step
    return f"{step}, padded with black to {spec.rows} × {spec.columns}"


def _scale(values: FloatArray, scaling: Scaling) -> FloatArray:
    unit = values / np.float32(FULL_SCALE)
    if scaling is Scaling.BYTE:
        return unit * np.float32(255.0)
    if scaling is Scaling.SYMMETRIC:
        return unit * np.float32(2.0) - np.float32(1.0)
    return unit
