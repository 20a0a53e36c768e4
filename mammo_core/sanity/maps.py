"""Maps of phantoms, and how alike two maps are."""

from dataclasses import dataclass

import numpy as np

from mammo_core.explain.methods import METHODS
from mammo_core.explain.ranks import spearman
from mammo_core.models.manifest import InputSpec
from mammo_core.phantom.prepared import prepared
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import (
    BoolArray,
    CamMethod,
    Evidence,
    FloatArray,
    Laterality,
    ModelInput,
    ViewPosition,
)

FIRST_SEED = 910_000
SHAPE = (640, 520)
AIR = 0.05
"""Share of the brightest cell below which a cell shows air."""
FEWEST_CELLS = 8
"""Inside the breast; a coarser map is compared as a whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """A phantom as the network sees it.

    Parameters
    ----------
    name : str
    model_input : ModelInput
    mirrored : ModelInput
        Of the same image, left and right exchanged.
    """

    name: str
    model_input: ModelInput
    mirrored: ModelInput


def probes(spec: InputSpec) -> list[Probe]:
    """Both views of two breasts, one with a mass each."""
    chosen = [(view, lesion) for view in (ViewPosition.CC, ViewPosition.MLO) for lesion in (True, False)]
    return [_probe(FIRST_SEED + n, spec, view=view, lesion=lesion) for n, (view, lesion) in enumerate(chosen)]


def _probe(seed: int, spec: InputSpec, *, view: ViewPosition, lesion: bool) -> Probe:
    left, right = (
        make_phantom(seed=seed, view_position=view, laterality=laterality, shape=SHAPE, lesion=lesion)
        for laterality in (Laterality.LEFT, Laterality.RIGHT)
    )
    name = f"phantom {seed} {view}{' with a mass' if lesion else ''}"
    return Probe(name, prepared(left, spec), prepared(right, spec))


def cells_of(evidence: Evidence, method: CamMethod) -> FloatArray:
    """Signed evidence of each cell."""
    return METHODS[method].function(evidence.activations, evidence.gradients)


def tissue_cells(image: FloatArray, shape: tuple[int, ...]) -> BoolArray:
    """Cells that show tissue: air is alike in every map and would make any two agree.

    Parameters
    ----------
    image : ndarray of shape (1, rows, columns, channels)
    shape : tuple of int
        Rows and columns of the map.
    """
    grey = image[0].mean(axis=2, dtype=np.float64)
    down, across = (np.arange(size) * cells // size for size, cells in zip(grey.shape, shape, strict=True))
    number = (down[:, None] * shape[1] + across[None, :]).ravel()
    total = np.bincount(number, grey.ravel(), minlength=shape[0] * shape[1])
    bright = (total / np.maximum(np.bincount(number, minlength=total.size), 1)).reshape(shape)
    inside: BoolArray = bright > bright.min() + AIR * np.ptp(bright)
    return inside if inside.sum() >= FEWEST_CELLS else np.ones(shape, dtype=np.bool_)


def alike(one: FloatArray, other: FloatArray) -> float:
    """Rank correlation, −1 to 1; 0 if one of the two is constant, which tells nothing."""
    return spearman(one, other) or 0.0
