"""Phantoms as the network sees them: through the service's own breast mask and preprocessing."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mammo_core.geometry import PixelTransform
from mammo_core.models.manifest import Aspect, Crop, InputSpec, Orientation, Scaling
from mammo_core.phantom.prepared import prepared
from mammo_core.phantom.synthesis import Lesion, Phantom, make_phantom
from mammo_core.records import (
    FloatArray,
    Laterality,
    ViewPosition,
)

T = TypeVar("T")

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
SHAPES = ((512, 416), (640, 520), (1024, 832))
TRAINING_SHARES = (0.7, 0.3, 0.0)
"""How often each shape is drawn; the network shrinks all of them, and finer ones cost time."""
MEASURING_SHARES = (0.0, 0.5, 0.5)


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


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One breast with a mass and without: what differs between the two is the mass alone."""

    affected: Case
    healthy: Case


def make_pairs(seeds: Sequence[int], *, workers: int = 1) -> list[Pair]:
    """Make training data: each seed gives one breast, CC or MLO, left or right.

    Parameters
    ----------
    seeds : sequence of int
    workers : int
        Processes; 1 stays in this one.
    """
    return _mapped(_pair, seeds, workers)


def make_cases(seeds: Sequence[int], *, workers: int = 1) -> list[Case]:
    """Make data for measuring: each seed gives one breast, and every second one has a mass."""
    return _mapped(_single, seeds, workers)


def images_of(cases: Iterable[Case]) -> NDArray[np.float16]:
    """Images as a batch, (n, SPEC.rows, SPEC.columns, 1)."""
    return np.stack([case.image for case in cases])[..., None]


def _mapped(function: Callable[[int], T], seeds: Sequence[int], workers: int) -> list[T]:
    if workers == 1:
        return [function(seed) for seed in seeds]
    # Spawned, not forked: TensorFlow's threads do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(function, seeds, chunksize=16))


def _pair(seed: int) -> Pair:
    return Pair(
        affected=_case(seed, lesion=True, shares=TRAINING_SHARES),
        healthy=_case(seed, lesion=False, shares=TRAINING_SHARES),
    )


def _single(seed: int) -> Case:
    return _case(seed, lesion=seed % 2 == 0, shares=MEASURING_SHARES)


def _case(seed: int, *, lesion: bool, shares: tuple[float, ...]) -> Case:
    rng = np.random.default_rng([seed, VARIATION])
    phantom = make_phantom(
        seed=seed,
        view_position=ViewPosition.MLO if rng.uniform() < 0.5 else ViewPosition.CC,
        laterality=Laterality.RIGHT if rng.uniform() < 0.5 else Laterality.LEFT,
        shape=SHAPES[int(rng.choice(len(SHAPES), p=shares))],
        lesion=lesion,
    )
    model_input = prepared(phantom, SPEC)
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
