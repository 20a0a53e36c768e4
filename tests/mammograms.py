"""Image files whose names and headers say as little as possible, for tests of whole runtimes."""

import io
from functools import cache

import numpy as np
from PIL import Image

from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import Phantom, make_phantom

MEDIA_TYPES = {"1.png": "image/png", "2.jpg": "image/jpeg", "3.dcm": "application/dicom"}


@cache
def three_files() -> dict[str, bytes]:
    """A PNG, a JPEG and a DICOM file of 16 bits, of three phantoms, by name."""
    png, jpeg, dicom = (make_phantom(seed=seed, shape=(640, 512)) for seed in (3, 4, 5))
    return {"1.png": to_png(png), "2.jpg": to_jpeg(jpeg), "3.dcm": to_dicom(dicom)}


def to_jpeg(phantom: Phantom, *, noise: float = 0.0) -> bytes:
    """A phantom in 8 bits, with grain if wanted."""
    pixels = phantom.pixels.astype(np.float32) / phantom.pixels.max() * 255.0
    grain = np.random.default_rng(0).normal(0.0, noise, pixels.shape) if noise else 0.0
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


@cache
def full_view() -> bytes:
    """A view of 4096 × 3328 pixels with grain, which no picture of it can leave out."""
    return to_jpeg(make_phantom(seed=6, shape=(4096, 3328)), noise=2.0)
