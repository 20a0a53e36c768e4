"""Phantoms to measure on: other breasts and textures than those of the training.

Their masses are of the same family as those that are planted in training, of sizes within the trained range.
"""

import csv
from pathlib import Path

import numpy as np

from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import Laterality, ViewPosition

FIRST_SEED = 6_000_000
"""Seeds used for nothing else."""
SHAPE = (1024, 832)
RADII_MM = (4.0, 15.0)
"""Masses of 8 to 30 mm."""
HEADER = ("image", "patient", "label", "x", "y", "r", "spacing_mm", "view", "laterality")


def write_phantoms(folder: Path, count: int) -> None:
    """Write ``count`` phantoms and ``labels.csv``, as ``mammo evaluate`` reads it; every third is healthy.

    Parameters
    ----------
    folder : Path
    count : int
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "labels.csv").open("w", newline="") as table:
        rows = csv.writer(table)
        rows.writerow(HEADER)
        for seed in range(FIRST_SEED, FIRST_SEED + count):
            rows.writerow(_phantom(folder, seed))


def _phantom(folder: Path, seed: int) -> tuple[object, ...]:
    rng = np.random.default_rng(seed)
    made = make_phantom(
        seed=seed,
        view_position=ViewPosition.MLO if rng.uniform() < 0.5 else ViewPosition.CC,
        laterality=Laterality.RIGHT if rng.uniform() < 0.5 else Laterality.LEFT,
        shape=SHAPE,
        lesion=seed % 3 != 0,
        radius_mm=float(rng.uniform(*RADII_MM)),
    )
    name = f"{seed}.png"
    (folder / name).write_bytes(to_png(made))
    where = made.lesion
    circle = ("", "", "")
    if where is not None:
        radius = where.radius_mm / made.spacing_mm
        circle = (f"{where.column:.2f}", f"{where.row:.2f}", f"{radius:.2f}")
    known = (f"{made.spacing_mm:.5f}", made.view_position, made.laterality)
    return (name, seed, int(where is not None), *circle, *known)
