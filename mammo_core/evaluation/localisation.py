"""Whether a map points at the lesion: pointing game, energy in the lesion, centre error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mammo_core.evaluation.lesions import Lesion, Ruler
from mammo_core.geometry import PixelTransform
from mammo_core.records import BoolArray, FloatArray, read_only

Floats = NDArray[np.float64]

TIE = 1e-6
"""Values that differ by less than this share of the maximum are the same: rounding must not choose a peak."""


@dataclass(frozen=True, slots=True)
class Localised:
    """How well one map finds the lesions of one image.

    Parameters
    ----------
    hit : float
        1 if the map's peak lies in a lesion or within the tolerance of it, else 0; a probability for a peak
        that is drawn at random.
    energy : float
        Share of the map inside the lesions, 0 to 1.
    centre_error : float or None
        From the peak to the nearest centre of a lesion, in the ruler's unit; None without a peak.
    """

    hit: float
    energy: float
    centre_error: float | None


MISSED = Localised(hit=0.0, energy=0.0, centre_error=None)
"""An image without a map, or whose map is empty."""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """The pixels on which maps are compared.

    Parameters
    ----------
    grid : PixelTransform
        Source pixels to the grid.
    tissue : ndarray of shape grid.shape, bool
        The breast; all maps are looked at here only. At least one pixel.
    """

    grid: PixelTransform
    tissue: BoolArray

    def __post_init__(self) -> None:
        read_only(self.tissue)

    def points(self) -> tuple[Floats, Floats]:
        """Rows and columns of the tissue's pixel centres on the source, (n,) each."""
        rows, columns = np.nonzero(self.tissue)
        return (
            self.grid.row.backward(rows.astype(np.float64) + 0.5),
            self.grid.column.backward(columns.astype(np.float64) + 0.5),
        )


class Target:
    """The lesions of one image, against which any number of maps is measured.

    Parameters
    ----------
    lesions : tuple of Lesion
        At least one.
    field : Field
    ruler : Ruler
    """

    def __init__(self, lesions: tuple[Lesion, ...], field: Field, ruler: Ruler) -> None:
        self._tissue = field.tissue
        rows, columns = field.points()
        outside = np.stack([lesion.distance(rows, columns, ruler) for lesion in lesions]).min(axis=0)
        self._inside = outside <= 0.0
        self._near = outside <= ruler.tolerance
        centres = [lesion.centre for lesion in lesions]
        self._error = np.stack([ruler.length(rows - row, columns - column) for row, column in centres]).min(
            axis=0
        )

    def measure(self, heat: FloatArray) -> Localised:
        """Measure a map.

        Parameters
        ----------
        heat : ndarray of the field's shape
            Evidence ≥ 0, in any unit.

        Returns
        -------
        Localised
            Where several pixels share the maximum, all of them must lie in a lesion or within the tolerance
            of it, and the centre error is their mean. A map that is the same everywhere has no peak: a miss.

        References
        ----------
        Pointing game: J. Zhang et al., IJCV 2018;126:1084-1102. Energy: H. Wang et al., Score-CAM, CVPR
        Workshops 2020.
        """
        values = heat[self._tissue].astype(np.float64)
        total, top = float(values.sum()), float(values.max())
        if total <= 0.0:
            return MISSED
        energy = float(values[self._inside].sum()) / total
        peak = values >= top * (1.0 - TIE)
        if peak.all():
            return Localised(0.0, energy, None)
        return Localised(float(self._near[peak].all()), energy, float(self._error[peak].mean()))

    def by_chance(self) -> Localised:
        """What a peak drawn at random from the breast, and an even map, reach on average."""
        return Localised(
            hit=float(self._near.mean()),
            energy=float(self._inside.mean()),
            centre_error=float(self._error.mean()),
        )
