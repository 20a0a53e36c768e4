"""The files that are mutated: DICOM in every transfer syntax, and every raster format in several variants."""

from io import BytesIO

import numpy as np
from PIL import Image
from pydicom.uid import ExplicitVRBigEndian

from tests.builders_dicom import SYNTAXES, make_dicom_in, pattern
from tests.builders_images import make_dicom, make_image, make_lut, make_raw_png, ramp


def seeds() -> dict[str, bytes]:
    """Small files by name, the same in each process; all of them are read as they are."""
    return {**_dicom(), **_raster()}


def _dicom() -> dict[str, bytes]:
    files = {
        syntax.name: make_dicom_in(syntax, pattern(12 if 12 in syntax.bits else 8)) for syntax in SYNTAXES
    }
    # A texture, so that the coders of blocks and contexts have something to do.
    rng = np.random.default_rng(7)
    for syntax in SYNTAXES:
        if syntax.encode and syntax.encode.__name__ != "_golden" and syntax.can(8, signed=False):
            noisy = type(pattern(8))(rng.integers(0, 256, (64, 80)), 8)
            files[f"{syntax.name}, noise"] = make_dicom_in(syntax, noisy)
    table = make_lut([16 * i for i in range(4096)])
    files["tables"] = make_dicom(tags={"ModalityLUTSequence": [table], "VOILUTSequence": [table]})
    # Bytes in words, which big endian swaps in pairs: the pixels and a packed table.
    packed = make_lut([0], bits=8)
    packed.LUTDescriptor = [256, 0, 8]
    packed.add_new("LUTData", "OW", bytes(range(256)))
    files["bytes in big-endian words"] = make_dicom(
        bits_stored=8,
        bits_allocated=8,
        transfer_syntax=ExplicitVRBigEndian,
        tags={"VOILUTSequence": [packed], "PixelPaddingValue": 0, "WindowCenter": 128, "WindowWidth": 256},
    )
    files["without preamble"] = make_dicom(preamble=False, overlay_bit=12)
    return files


def _raster() -> dict[str, bytes]:
    grey = Image.fromarray(ramp().astype(np.uint8))
    deep = Image.fromarray(ramp(levels=4096))
    colour = Image.merge("RGB", (grey, grey, grey))
    files = {
        "PNG": make_image(grey, "PNG"),
        "PNG, 16 bits": make_image(deep, "PNG"),
        "PNG, palette": make_image(grey.convert("P"), "PNG"),
        "PNG, 16-bit colour": make_raw_png([bytes(480)] * 64, bits=16, colour_type=2),
        "JPEG": make_image(grey, "JPEG"),
        "JPEG, progressive colour": make_image(colour, "JPEG", progressive=True),
        "TIFF": make_image(grey, "TIFF"),
        "TIFF, 16 bits": make_image(deep, "TIFF"),
        "BMP": make_image(grey, "BMP"),
        "WebP": make_image(colour, "WEBP"),
        "WebP, lossless": make_image(colour, "WEBP", lossless=True),
    }
    for compression in ("packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4"):
        image = grey.convert("1") if compression == "group4" else grey
        files[f"TIFF, {compression}"] = make_image(image, "TIFF", compression=compression)
    pages = BytesIO()
    grey.save(pages, "TIFF", save_all=True, append_images=[grey])
    files["TIFF, two pages"] = pages.getvalue()
    return files
