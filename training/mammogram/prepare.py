"""From a data folder to cached inputs, by the service's own decoding, breast mask and preprocessing."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mammo_core.anatomy.breast import breast_on
from mammo_core.anatomy.pectoral import find_pectoral
from mammo_core.anatomy.polarity import upright
from mammo_core.anatomy.reduce import reduced
from mammo_core.errors import MammoError
from mammo_core.findings.regions import tissue_on_grid
from mammo_core.geometry import PixelTransform, resample
from mammo_core.imaging.decode import decode
from mammo_core.imaging.preprocess import prepare
from mammo_core.records import BreastMask, FloatArray
from training.mammogram.catalogue import RSNA_FIELD_MM, Entry, entries
from training.mammogram.inputs import GRID, SPEC
from training.mammogram.views import FULL, Place, Spot, View, is_cached, write

CRANIOCAUDAL = ("CC", "XCCL", "XCCM", "FB")
"""Views on which a bright wedge in the corner is no pectoral muscle."""

Prepared = tuple[View, NDArray[np.uint16], NDArray[np.uint8]]


def prepare_folder(
    data: Path, cache: Path, *, tell: Callable[[str], None] = lambda _text: None, workers: int = 2
) -> int:
    """Cache all images of a data folder on which a breast is found, unless that is done already.

    Parameters
    ----------
    data : Path
        Holds ``labels.csv`` and the images that it names.
    cache : Path
        Folder for the arrays.
    tell : callable
        Told the progress.
    workers : int

    Returns
    -------
    int
        How many were prepared now.
    """
    origin = hashlib.sha256((data / "labels.csv").read_bytes()).hexdigest()
    if is_cached(cache, origin):
        return 0
    listed = entries(data)
    done: list[Prepared] = []
    with ThreadPoolExecutor(workers) as pool:
        for entry, each in zip(listed, pool.map(partial(_prepared, data), listed), strict=True):
            if each is None:
                tell(f"row {entry.row} is left out: no breast was found, the service would refuse it")
                continue
            done.append(each)
            if len(done) % 200 == 0:
                tell(f"{len(done)} of {len(listed)} images")
    tell(_counted([view for view, _, _ in done]))
    write(
        cache,
        origin,
        [view for view, _, _ in done],
        np.stack([image for _, image, _ in done]),
        np.stack([tissue for _, _, tissue in done]),
    )
    return len(done)


def _counted(views: Sequence[View]) -> str:
    """What they are to the training."""
    return (
        f"{sum(view.positive is True for view in views)} with cancer, "
        f"{sum(view.positive is False for view in views)} without, "
        f"{sum(view.positive is None for view in views)} with a benign finding; "
        f"{sum(view.healthy for view in views)} healthy, "
        f"{sum(bool(view.spots) for view in views)} with circles; "
        f"{len({view.patient for view in views})} patients"
    )


def _prepared(data: Path, entry: Entry) -> Prepared | None:
    """One image; None if no breast is found: the service would refuse it."""
    try:
        mammogram = upright(decode((data / entry.image).read_bytes()))
    except (MammoError, OSError) as error:
        raise ValueError(f"labels.csv, row {entry.row}: the image cannot be read. {error}") from error
    values, grid = reduced(mammogram.pixels)
    breast = breast_on(values, grid)
    if breast is None:
        return None
    model_input = prepare(mammogram, SPEC, breast)
    transform = model_input.transform
    free = _free(values, breast, transform, oblique=entry.facts.get("view") not in CRANIOCAUDAL)
    mm = RSNA_FIELD_MM / mammogram.shape[0] if entry.mm is None else entry.mm
    view = View(
        image=entry.image,
        source=entry.source,
        patient=entry.patient,
        stratum=entry.stratum,
        positive=entry.positive,
        healthy=entry.healthy,
        spots=tuple(_spot(circle, transform) for circle in entry.circles),
        place=Place.of(transform),
        mm=mm / transform.row.scale,
        facts=entry.facts,
        number=0,
    )
    image = np.rint(model_input.tensor[0, :, :, 0] * FULL).astype(np.uint16)
    return view, image, np.rint(free * 255.0).astype(np.uint8)


def _spot(circle: tuple[float, float, float], transform: PixelTransform) -> Spot:
    row, column = transform.to_grid(circle[0], circle[1])
    return Spot(row, column, circle[2] * abs(transform.row.scale), circle[2] * abs(transform.column.scale))


def _free(values: FloatArray, breast: BreastMask, grid: PixelTransform, *, oblique: bool) -> FloatArray:
    """Share of each cell that shows breast without the pectoral muscle."""
    inside = tissue_on_grid(breast, grid).astype(np.float32)
    muscle = find_pectoral(values, breast).value if oblique else None
    if muscle is not None:
        inside *= resample(muscle.inside.astype(np.float32), muscle.transform, grid) < 0.5
    rows, columns = SPEC.rows // GRID[0], SPEC.columns // GRID[1]
    shares: FloatArray = inside.reshape(GRID[0], rows, GRID[1], columns).mean(axis=(1, 3))
    return shares
