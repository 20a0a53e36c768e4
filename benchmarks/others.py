"""Images that are no mammograms, and were not made for this purpose.

They come with packages that are installed beside the project: pydicom (CT, MR, US, PET, radiotherapy …),
scikit-image, scikit-learn, mahotas, matplotlib, networkx (photographs, microscopy, documents, plots) and
nibabel (MR volumes). Install what is missing into the environment of the measurement, not of the project.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

FOLDERS = {
    "skimage": "data",
    "sklearn": "datasets/images",
    "mahotas": "demos/data",
    "matplotlib": "mpl-data",
    "networkx": "drawing/tests/baseline",
}
SMALLEST = 64


@dataclass(frozen=True, slots=True)
class Other:
    """An image as it is, where it is a file, and as a grey picture of the same pixels."""

    name: str
    file: bytes | None
    grey: bytes


def bundled() -> Iterator[Other]:
    """All of them, package by package; packages that are not installed are left out."""
    seen: set[bytes] = set()
    rasters = (_rasters(package, folder) for package, folder in FOLDERS.items())
    for other in chain(*rasters, _dicoms(), _volumes()):
        # Some packages bring the same pixels in several files.
        if other.grey not in seen:
            seen.add(other.grey)
            yield other


def generated(side: int = 512) -> Iterator[Other]:
    """Noise, ramps, text-like rows, checkerboards, discs, frames and stripes."""
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[0:side, 0:side] / side
    radius = np.hypot(rows - 0.5, columns - 0.5)
    lines = (np.arange(side)[:, None] // 6 % 2 == 0) & (random.random((side, side)) > 0.5)
    drawn = {
        "noise": random.random((side, side)),
        "smooth noise": _smooth(random.random((side, side))),
        "ramp across": columns,
        "ramp down": rows,
        "radial ramp": 1.0 - radius,
        "text": np.where(lines, 0.1, 1.0),
        "white text": np.where(lines, 0.9, 0.0),
        "checkerboard": ((rows * 8).astype(int) + (columns * 8).astype(int)) % 2 * 0.8,
        "disc": (radius < 0.3) * 0.7,
        "disc at the edge": (np.hypot(rows - 0.5, columns - 0.05) < 0.3) * 0.7,
        "ring": ((radius > 0.2) & (radius < 0.35)) * 0.7,
        "rectangle": ((np.abs(rows - 0.5) < 0.3) & (columns < 0.5)) * 0.7,
        "stripes": (columns * 12).astype(int) % 2 * 0.7,
        "frame": (np.maximum(np.abs(rows - 0.5), np.abs(columns - 0.5)) > 0.4) * 0.7,
        "triangle": (rows > columns) * 0.7,
        "white": np.ones((side, side)),
    }
    for name, image in drawn.items():
        yield Other(f"generated/{name}", None, grey_png(np.asarray(image, dtype=np.float64), stretch=False))


def grey_png(values: NDArray[np.float64], *, stretch: bool = True) -> bytes:
    """Write values as an 8-bit grey PNG, stretched from their 0.1st to their 99.9th percentile."""
    finite = np.nan_to_num(values)
    low, high = np.percentile(finite, (0.1, 99.9)) if stretch else (0.0, 1.0)
    scaled = np.clip((finite - low) / max(float(high - low), 1e-9), 0.0, 1.0)
    buffer = BytesIO()
    Image.fromarray((scaled * 255.0).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy import ndimage

    smooth: NDArray[np.float64] = ndimage.gaussian_filter(values, sigma=12.0)
    smooth -= smooth.min()
    smooth /= smooth.max()
    return smooth


def _place(package: str) -> Path | None:
    found = find_spec(package)
    return Path(found.origin).parent if found is not None and found.origin is not None else None


def _rasters(package: str, folder: str) -> Iterator[Other]:
    place = _place(package)
    for path in sorted((place / folder).rglob("*")) if place is not None else ():
        if path.suffix.lower() in {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp"}:
            values = _grey(path)
            if values is not None and min(values.shape) >= SMALLEST:
                yield Other(f"{package}/{path.name}", path.read_bytes(), grey_png(values))


def _grey(path: Path) -> NDArray[np.float64] | None:
    try:
        with Image.open(path) as image:
            plain = image if image.mode.startswith(("I", "F")) else image.convert("L")
            return np.asarray(plain, dtype=np.float64)
    except UnidentifiedImageError:
        return None


def _dicoms() -> Iterator[Other]:
    """Pydicom's own test files that come with the package; what it cannot decode itself is left out."""
    import pydicom

    place = _place("pydicom")
    for path in sorted((place / "data" / "test_files").rglob("*.dcm")) if place is not None else ():
        try:
            values = np.asarray(pydicom.dcmread(path, force=True).pixel_array, dtype=np.float64)
        except Exception:  # noqa: S112 - broken on purpose, compressed, or without pixels
            continue
        plane = _plane(values)
        if min(plane.shape) >= SMALLEST:
            yield Other(f"pydicom/{path.name}", path.read_bytes(), grey_png(plane))


def _plane(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """One grey plane of a file with frames or colours."""
    if values.ndim == 4:
        values = values[0]
    if values.ndim == 3:
        values = values.mean(axis=-1) if values.shape[-1] in (3, 4) else values[len(values) // 2]
    return values


def _volumes() -> Iterator[Other]:
    """The middle planes of nibabel's volumes, enlarged where they are small."""
    place = _place("nibabel")
    if place is None:
        return
    import nibabel

    for path in sorted((place / "tests" / "data").iterdir()):
        try:
            volume = np.squeeze(np.asarray(nibabel.load(path).dataobj, dtype=np.float64))
        except Exception:  # noqa: S112 - not an image, or broken on purpose
            continue
        volume = volume[..., 0] if volume.ndim == 4 else volume
        for axis in range(3) if volume.ndim == 3 else ():
            plane = np.take(volume, volume.shape[axis] // 2, axis=axis)
            factor = -(-SMALLEST // min(plane.shape))
            if min(plane.shape) >= 16:
                large = np.kron(plane, np.ones((factor, factor)))
                yield Other(f"nibabel/{path.name} axis {axis}", None, grey_png(large))
