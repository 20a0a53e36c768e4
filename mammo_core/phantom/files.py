"""Phantoms as files: PNG, DICOM, and their truth as JSON."""

import json
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from mammo_core.geometry import Box
from mammo_core.phantom.dicom import to_dicom
from mammo_core.phantom.synthesis import Lesion, Phantom

__all__ = ["lesion_box", "to_dicom", "to_png", "truth", "write_phantom"]


def to_png(phantom: Phantom, *, bits: Literal[8, 16] = 8) -> bytes:
    """Write the display values as a grey PNG.

    Parameters
    ----------
    phantom : Phantom
    bits : int
        8: values are rounded to 0 … 255. 16: they are kept.
    """
    pixels = phantom.pixels if bits == 16 else np.rint(phantom.pixels / 257.0).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def lesion_box(lesion: Lesion, spacing_mm: float) -> Box:
    """The square around a lesion's mean radius, in source pixels."""
    radius = lesion.radius_mm / spacing_mm
    return Box(lesion.row - radius, lesion.column - radius, lesion.row + radius, lesion.column + radius)


def truth(phantom: Phantom) -> dict[str, object]:
    """What is known about a phantom, ready for JSON; rows before columns, source pixels."""
    lesion = phantom.lesion
    return {
        "seed": phantom.seed,
        "rows": phantom.shape[0],
        "columns": phantom.shape[1],
        "spacing_mm": phantom.spacing_mm,
        "laterality": str(phantom.laterality),
        "view_position": str(phantom.view_position),
        "lesion": None
        if lesion is None
        else {**asdict(lesion), "box": asdict(lesion_box(lesion, phantom.spacing_mm))},
    }


def write_phantom(phantom: Phantom, folder: Path) -> tuple[Path, ...]:
    """Write a phantom as 16-bit PNG, 12-bit DICOM and truth; an older file of the same name is replaced.

    Parameters
    ----------
    phantom : Phantom
    folder : Path
        Made if it does not exist.

    Returns
    -------
    tuple of Path
        PNG, DICOM, JSON.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = "healthy" if phantom.lesion is None else phantom.lesion.kind
    stem = f"phantom-{phantom.seed}-{phantom.laterality}-{phantom.view_position}-{kind}"
    contents = {
        ".png": to_png(phantom, bits=16),
        ".dcm": to_dicom(phantom),
        ".json": (json.dumps(truth(phantom), indent=2) + "\n").encode(),
    }
    paths = tuple(folder / f"{stem}{suffix}" for suffix in contents)
    for path, data in zip(paths, contents.values(), strict=True):
        path.write_bytes(data)
    return paths
