"""Phantoms as the network sees them: through the service's own breast mask and preprocessing."""

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray

from mammo_core.anatomy.breast import find_breast
from mammo_core.geometry import PixelTransform
from mammo_core.imaging.preprocess import prepare
from mammo_core.models.manifest import Aspect, Crop, InputSpec, Orientation, Scaling
from mammo_core.phantom.synthesis import Lesion, Phantom, make_phantom
from mammo_core.records import (
    FloatArray,
    ImageFormat,
    Laterality,
    Mammogram,
    ModelInput,
    Sourced,
    ViewPosition,
)

SPEC = InputSpec(
    rows=320,
    columns=224,
    channels=1,
    scaling=Scaling.UNIT,
    crop=Crop.BREAST,
    orientation=Orientation.CHEST_WALL_LEFT,
    aspect=Aspect.PAD,
)
STRIDE = 8
"""Input pixels per cell of the target layer."""
GRID = (SPEC.rows // STRIDE, SPEC.columns // STRIDE)

VARIATION = 64
"""Random stream of a case; lower ones belong to the phantom."""
FULL_SHAPE = (1024, 832)
SHAPES = ((512, 416), (640, 520))
SHARES = (0.7, 0.3)
"""How often each shape is used for training; finer ones cost more time."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One phantom, prepared.

    Parameters
    ----------
    image : ndarray of shape (SPEC.rows, SPEC.columns), float16
        0 to 1.
    target : ndarray of shape GRID, float16
        Share of each cell that the lesion's disk covers, 0 to 1.
    lesion : Lesion or None
        In source pixels.
    spacing_mm : float
    transform : PixelTransform
        Source pixels to input pixels.
    """

    image: NDArray[np.float16]
    target: NDArray[np.float16]
    lesion: Lesion | None
    spacing_mm: float
    transform: PixelTransform


def make_cases(
    seeds: Sequence[int], *, pairs: bool, shape: tuple[int, int] | None = None, workers: int = 1
) -> list[Case]:
    """Make the cases of some seeds.

    Parameters
    ----------
    seeds : sequence of int
        Each gives one breast, CC or MLO, left or right.
    pairs : bool
        True: each breast with and without a mass. False: a mass in every second one.
    shape : tuple of int or None
        Of the phantoms; None: drawn from ``SHAPES``.
    workers : int
        Processes; 1 stays in this one.
    """
    jobs = [
        (seed, lesion, shape)
        for index, seed in enumerate(seeds)
        for lesion in ((True, False) if pairs else (index % 2 == 0,))
    ]
    if workers == 1:
        return [_case(job) for job in jobs]
    # Spawned, not forked: TensorFlow's threads do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(_case, jobs, chunksize=16))


def prepared(phantom: Phantom) -> ModelInput:
    """Send a phantom through the service's breast mask and preprocessing."""
    mammogram = Mammogram(
        pixels=phantom.pixels,
        image_format=ImageFormat.PNG,
        sha256=hashlib.sha256(phantom.pixels.tobytes()).hexdigest(),
        spacing=Sourced.unknown("a phantom without a file"),
        laterality=Sourced.unknown("a phantom without a file"),
        view_position=Sourced.unknown("a phantom without a file"),
    )
    return prepare(mammogram, SPEC, find_breast(phantom.pixels))


def stacked(cases: Iterable[Case]) -> tuple[NDArray[np.float16], NDArray[np.float16], FloatArray]:
    """Images (n, rows, columns, 1), targets (n, h, w) and labels (n,) of some cases."""
    listed = list(cases)
    images = np.stack([case.image for case in listed])[..., None]
    targets = np.stack([case.target for case in listed])
    labels = np.array([case.lesion is not None for case in listed], dtype=np.float32)
    return images, targets, labels


def _case(job: tuple[int, bool, tuple[int, int] | None]) -> Case:
    seed, lesion, shape = job
    rng = np.random.default_rng([seed, VARIATION])
    view = ViewPosition.MLO if rng.uniform() < 0.5 else ViewPosition.CC
    laterality = Laterality.RIGHT if rng.uniform() < 0.5 else Laterality.LEFT
    drawn = SHAPES[int(rng.choice(len(SHAPES), p=SHARES))]
    phantom = make_phantom(
        seed=seed, view_position=view, laterality=laterality, shape=shape or drawn, lesion=lesion
    )
    model_input = prepared(phantom)
    return Case(
        image=model_input.tensor[0, :, :, 0].astype(np.float16),
        target=_target(phantom, model_input.transform).astype(np.float16),
        lesion=phantom.lesion,
        spacing_mm=phantom.spacing_mm,
        transform=model_input.transform,
    )


def _target(phantom: Phantom, transform: PixelTransform) -> FloatArray:
    """Share of each cell that the lesion's disk covers."""
    if phantom.lesion is None:
        return np.zeros(GRID, dtype=np.float32)
    row, column = transform.to_grid(phantom.lesion.row, phantom.lesion.column)
    radius = phantom.lesion.radius_mm / phantom.spacing_mm * transform.row.scale
    down = np.arange(SPEC.rows)[:, None] + 0.5 - row
    across = np.arange(SPEC.columns)[None, :] + 0.5 - column
    disk = (down**2 + across**2 <= radius**2).astype(np.float32)
    shares: FloatArray = disk.reshape(GRID[0], STRIDE, GRID[1], STRIDE).mean(axis=(1, 3))
    return shares
