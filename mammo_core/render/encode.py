"""From a finished picture to the bytes of a file: deterministic, without metadata."""

import struct
import zlib
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mammo_core.records import PictureFormat
from mammo_core.render.colour import looked_up

MEDIA_TYPES = {
    PictureFormat.PNG: "image/png",
    PictureFormat.JPEG: "image/jpeg",
    PictureFormat.WEBP: "image/webp",
}
QUALITY = 90
"""Of JPEG and WebP, unless the answer's limit asks for less."""
_PNG_LEVEL = 3
_RUNS_ONLY = zlib.Z_RLE
_PNG_INDEXED = 3


def encode(image: Image.Image, picture_format: PictureFormat, *, quality: int = QUALITY) -> bytes:
    """Encode a picture.

    Parameters
    ----------
    image : Image of mode RGB
    picture_format : PictureFormat
    quality : int
        Of JPEG and WebP, 1 to 100.

    Returns
    -------
    bytes
        PNG: lossless, with one byte per pixel if the picture has at most 256 colours.
    """
    if picture_format is PictureFormat.PNG:
        return _png(image)
    if picture_format is PictureFormat.JPEG:
        # Grey is a third of the work; full colour resolution keeps thin coloured lines clean.
        plain = image.convert("L") if _is_grey(image) else image
        return _saved(plain, "JPEG", quality=quality, subsampling=0)
    return _saved(image, "WEBP", quality=quality, method=4)


def _png(image: Image.Image) -> bytes:
    colours = _few_colours(image)
    if colours is None:
        return _saved(image, "PNG", compress_level=_PNG_LEVEL)
    index, palette = _indexed(np.asarray(image), colours)
    # Filtered grey noise has runs but hardly any repeats: to look for runs only is smaller and faster.
    grey = _saved(Image.fromarray(index), "PNG", compress_type=_RUNS_ONLY)
    return grey if palette is None else _with_palette(grey, palette)


def _indexed(
    pixels: NDArray[np.uint8], colours: list[tuple[int, ...]]
) -> tuple[NDArray[np.uint8], bytes | None]:
    """One byte per pixel: each grey is its own index, the other colours take the indices left over.

    So neighbouring greys stay neighbours, and PNG's filters work as well as on a grey image.
    """
    tinted = [c for c in colours if len(set(c)) > 1]
    if not tinted:
        return np.ascontiguousarray(pixels[:, :, 0]), None
    free = sorted(set(range(256)) - {c[0] for c in colours if len(set(c)) == 1})
    entries = {**{i: (i, i, i) for i in range(256)}, **dict(zip(free, sorted(tinted), strict=False))}
    packed = pixels[:, :, 0].astype(np.uint32)
    packed |= pixels[:, :, 1].astype(np.uint32) << 8
    packed |= pixels[:, :, 2].astype(np.uint32) << 16
    table = np.zeros(1 << 24, dtype=np.uint8)  # only the few pages that are touched become memory
    for position, (red, green, blue) in entries.items():
        table[red | green << 8 | blue << 16] = position
    return looked_up(table, packed), b"".join(bytes(entries[i]) for i in range(256))


def _with_palette(grey: bytes, palette: bytes) -> bytes:
    """Turn a grey PNG into an indexed one with the same pixel data (PNG specification, 11.2.2 and 11.2.3).

    Pillow does not filter indexed images, which makes a mammogram half as large again.
    """
    header = b"IHDR" + grey[16:25] + bytes([_PNG_INDEXED]) + grey[26:29]
    return (
        grey[:12]
        + _checked(header)
        + struct.pack(">I", len(palette))
        + _checked(b"PLTE" + palette)
        + grey[33:]
    )


def _checked(chunk: bytes) -> bytes:
    return chunk + struct.pack(">I", zlib.crc32(chunk))


def _saved(image: Image.Image, name: str, **options: int) -> bytes:
    buffer = BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def _few_colours(image: Image.Image) -> list[tuple[int, ...]] | None:
    """The colours of a picture that has at most 256 of them."""
    colours = image.getcolors(256)
    return None if colours is None else [c for _, c in colours if isinstance(c, tuple)]


def _is_grey(image: Image.Image) -> bool:
    colours = _few_colours(image)
    return colours is not None and all(len(set(colour)) == 1 for colour in colours)
