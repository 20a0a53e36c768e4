"""PNG, JPEG, TIFF, BMP and WebP to display values, with Pillow."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageFile, ImageOps

from mammo_core.errors import PayloadTooLargeError, UnreadableImageError, UnsuitableImageError
from mammo_core.imaging.grey import Opened, to_grey
from mammo_core.imaging.library import FAILURES, quiet
from mammo_core.imaging.limits import Limits
from mammo_core.records import ImageFormat, Mammogram, Sourced

MAX_COUNTED = 1000
"""Pages of a TIFF file that are counted; each costs a pass over its tags."""
ORIENTATION = 0x0112
"""EXIF and TIFF tag."""
ORIENTATIONS = {
    2: "mirrored left to right",
    3: "rotated by 180°",
    4: "mirrored top to bottom",
    5: "mirrored along the main diagonal",
    6: "rotated by 90° clockwise",
    7: "mirrored along the other diagonal",
    8: "rotated by 90° anticlockwise",
}
BITS_PER_SAMPLE, PHOTOMETRIC = 258, 262
"""TIFF tags."""


def decode_raster(
    data: bytes, image_format: ImageFormat, *, sha256: str, limits: Limits, accept_unsuitable: bool
) -> Mammogram:
    """Decode a raster file.

    Parameters
    ----------
    data : bytes
    image_format : ImageFormat
        What the signature says; no other reader is tried.
    sha256 : str
        Digest of ``data``.
    limits : Limits
    accept_unsuitable : bool
        Turn colour into grey.

    Returns
    -------
    Mammogram
        8-bit values v become v × 257, so nothing is lost. Laterality, view and spacing are unknown.

    Raises
    ------
    PayloadTooLargeError, UnreadableImageError, UnsuitableImageError
        See :func:`mammo_core.imaging.decode.decode`.
    """
    with _reading(image_format, limits):
        opened, turned = _open(data, image_format, limits)
    grey = to_grey(opened, accept_unsuitable=accept_unsuitable)
    return Mammogram(
        pixels=grey.pixels,
        image_format=image_format,
        sha256=sha256,
        spacing=Sourced.unknown(f"{image_format} files carry no trusted pixel spacing"),
        laterality=Sourced.unknown(
            f"{image_format} files carry no laterality; pass laterality in the request"
        ),
        view_position=Sourced.unknown(f"{image_format} files carry no view; pass view in the request"),
        steps=(*turned, *grey.steps),
        notices=grey.notices,
    )


@contextmanager
def _reading(image_format: ImageFormat, limits: Limits) -> Iterator[None]:
    """Translate what Pillow raises; its text, which may quote the file, stays in the cause."""
    try:
        with quiet():
            yield
    except Image.DecompressionBombError as exc:
        raise PayloadTooLargeError(
            f"The image is too large: at most {limits.max_pixels:,} pixels are decoded, "
            f"the header of this {image_format} file declares more."
        ) from exc
    except FAILURES as exc:
        raise UnreadableImageError(
            f"The {image_format} file cannot be decoded: it is truncated, corrupt or of a rare variant."
        ) from exc


def _open(data: bytes, image_format: ImageFormat, limits: Limits) -> tuple[Opened, tuple[str, ...]]:
    """Check the header, then decode the pixels and turn them upright."""
    image = Image.open(BytesIO(data), formats=[image_format.upper()])
    limits.check_shape(image.height, image.width)
    _check_single(image, image_format)
    bits = _tag(image, BITS_PER_SAMPLE)
    white_is_zero = _tag(image, PHOTOMETRIC) == 0
    reduced = _reduced_to_bytes(image)
    turned = _upright(image)
    opened = Opened(
        image=_plain(image),
        image_format=image_format,
        bits=bits[0] if isinstance(bits, tuple) else 16,
        white_is_zero=white_is_zero,
        reduced_to_bytes=reduced,
        transparent_value=image.info.get("transparency"),
    )
    return opened, turned


def _check_single(image: Image.Image, image_format: ImageFormat) -> None:
    frames = _frames(image, image_format)
    if frames > 1:
        count = f"{frames}" if frames < MAX_COUNTED else f"at least {MAX_COUNTED}"
        raise UnsuitableImageError(
            f"A file with one image is expected; this {image_format} file has {count} frames or pages."
        )


def _frames(image: Image.Image, image_format: ImageFormat) -> int:
    if image_format is not ImageFormat.TIFF:
        return int(getattr(image, "n_frames", 1))
    # Pillow's own count takes minutes on a file with a hundred thousand pages.
    for index in range(1, MAX_COUNTED):
        try:
            image.seek(index)
        except EOFError:
            image.seek(0)
            return index
    return MAX_COUNTED


def _tag(image: Image.Image, number: int) -> object:
    """Value of a TIFF tag; None in other formats."""
    tags = getattr(image, "tag_v2", None)
    return None if tags is None else tags.get(number)


def _reduced_to_bytes(image: ImageFile.ImageFile) -> bool:
    """Whether Pillow reads 16-bit channels as bytes, which it does for all but single-channel images."""
    if not image.tile or image.mode.startswith("I"):
        return False
    arguments = image.tile[0].args
    raw_mode = arguments[0] if isinstance(arguments, tuple) else arguments
    return ";16" in str(raw_mode)


def _upright(image: Image.Image) -> tuple[str, ...]:
    """Load the pixels and apply the orientation tag; say what was done."""
    orientation = image.getexif().get(ORIENTATION, 1)
    ImageOps.exif_transpose(image, in_place=True)
    if orientation not in ORIENTATIONS:
        return ()
    return (f"{ORIENTATIONS[orientation]}: orientation tag {orientation}",)


def _plain(image: Image.Image) -> Image.Image:
    """Bring bilevel, palette and transparent-colour images to L, RGB or RGBA; leave the others."""
    if image.mode in ("P", "PA", "RGBa", "RGBX", "YCbCr"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    if image.mode in ("1", "L", "RGB") and image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image
