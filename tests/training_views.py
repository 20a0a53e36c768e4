"""A data folder of phantoms, for tests of the training on mammograms."""

from pathlib import Path

import numpy as np

from mammo_core.geometry import PixelTransform
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import Phantom, make_phantom
from mammo_core.records import Laterality, ViewPosition
from training.mammogram.inputs import GRID, SPEC
from training.mammogram.views import Collection, Place, Spot, View

FILM_HEADER = "image,patient,view,laterality,label,lesion_type,x,y,r,tissue"
DIGITAL_HEADER = "image,patient,view,laterality,cancer,biopsy,density,age,machine"


def write_films(folder: Path) -> dict[str, Phantom]:
    """Three patients, one film each: normal, with a malignant mass, with a benign finding without a place."""
    made = {
        f"{seed}.png": make_phantom(
            seed=seed,
            shape=(320, 260),
            lesion=seed == 2,
            view_position=ViewPosition.MLO,
            laterality=Laterality.RIGHT,
        )
        for seed in (1, 2, 3)
    }
    _write(folder, made)
    lesion = made["2.png"].lesion
    assert lesion is not None
    circle = f"{lesion.column - 0.5},{lesion.row - 0.5},{lesion.radius_mm / made['2.png'].spacing_mm}"
    rows = [
        "1.png,a,MLO,R,normal,NORM,,,,F",
        f"2.png,b,MLO,R,malignant,CIRC,{circle},G",
        "3.png,c,MLO,R,benign,CALC,,,,D",
    ]
    (folder / "labels.csv").write_text("\n".join([FILM_HEADER, *rows]) + "\n")
    return made


def write_digital(folder: Path) -> dict[str, Phantom]:
    """Two views: with cancer, and without but with a biopsy."""
    made = {f"{seed}.png": make_phantom(seed=seed, shape=(320, 320)) for seed in (4, 5)}
    _write(folder, made)
    rows = ["4.png,d,CC,L,1,1,B,61,49", "5.png,e,CC,L,0,1,,,48"]
    (folder / "labels.csv").write_text("\n".join([DIGITAL_HEADER, *rows]) + "\n")
    return made


def _write(folder: Path, made: dict[str, Phantom]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, phantom in made.items():
        (folder / name).write_bytes(to_png(phantom))


def collection(patients: int = 12) -> Collection:
    """Half-ellipses with noise, without the way through files: every third shows a cancer, four are films."""
    rng = np.random.default_rng(3)
    rows, columns = np.ogrid[: SPEC.rows, : SPEC.columns]
    breast = (((rows - 256.0) / 240.0) ** 2 + (columns / 300.0) ** 2) < 1.0
    views, images = [], []
    for number in range(patients):
        film = number % 3 == 2
        views.append(_view(number, film=film))
        images.append(breast * (0.4 + 0.05 * rng.standard_normal((SPEC.rows, SPEC.columns))))
    pixels = np.rint(np.clip(np.stack(images), 0.0, 1.0) * 65535.0).astype(np.uint16)
    cells = breast.reshape(GRID[0], 8, GRID[1], 8).mean(axis=(1, 3))
    tissue = np.repeat(np.rint(cells * 255.0).astype(np.uint8)[None], patients, axis=0)
    return Collection(
        tuple(views),
        dict.fromkeys(("rsna", "mini-mias"), pixels),
        dict.fromkeys(("rsna", "mini-mias"), tissue),
    )


def _view(number: int, *, film: bool) -> View:
    positive = number % 2 == 0
    return View(
        image=f"{number}.png",
        source="mini-mias" if film else "rsna",
        patient=f"p{number}",
        stratum=f"{'film' if film else number % 2} {positive}",
        positive=positive,
        healthy=not positive,
        spots=(Spot(200.0, 120.0, 30.0, 30.0),) if film and positive else (),
        place=Place.of(PixelTransform.identity((SPEC.rows, SPEC.columns))),
        mm=0.4,
        facts={"age": str(40 + number), "machine": str(number % 2)},
        number=number,
    )
