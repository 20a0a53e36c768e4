"""What was measured of a map, and what speaks against it: records that ``checking.py`` fills."""

from dataclasses import dataclass
from enum import StrEnum

from mammo_core.attempt import Failure
from mammo_core.records import Notice, Sourced


class QualityChecks(StrEnum):
    """How much is measured of a map."""

    OFF = "off"
    """Nothing that asks the model again."""
    FAST = "fast"
    """The regions are filled in, one forward pass each."""
    FULL = "full"
    """Also the order of the cells, their agreement with occlusion, and a mirrored image."""


class QualityStatus(StrEnum):
    """A map's badge."""

    GOOD = "good"
    """All that was asked for was measured where it is defined, and nothing speaks against the map."""
    DOUBTFUL = "doubtful"
    """Some number speaks against the map."""
    NOT_CHECKED = "not_checked"
    """Not asked for, no map, or a step broke and nothing else speaks against the map."""


@dataclass(frozen=True, slots=True)
class Curve:
    """How fast the score goes, or comes, with the cells of a map.

    Parameters
    ----------
    area : float
        Below the normalised score while cells are taken in the order of their evidence.
    random_area : float
        The same in random orders, on average.
    gap : float
        By how much the map's order is better than a random one; its sign is the same for both curves.
    """

    area: float
    random_area: float
    gap: float


@dataclass(frozen=True, slots=True)
class Ordering:
    """Deletion and insertion of the cells in the order of their evidence."""

    deletion: Curve
    insertion: Curve


@dataclass(frozen=True, slots=True)
class Flip:
    """What the model makes of the mirrored image.

    Parameters
    ----------
    agreement : Sourced[float]
        Rank correlation of its map, mirrored back, with the map.
    logit_change : float
        Its explained logit less that of the image.
    """

    agreement: Sourced[float]
    logit_change: float


@dataclass(frozen=True, slots=True)
class Doubt:
    """A number that speaks against the map: a warning of the answer, and a few words for a picture."""

    code: str
    message: str
    caption: str


@dataclass(frozen=True, slots=True)
class Measured:
    """The numbers, or why there is none.

    Parameters
    ----------
    completeness : Sourced[float]
        Residual, see :func:`mammo_core.explain.saliency.completeness_residual`.
    evidence_on_tissue : Sourced[float]
        Share of the positive evidence on the breast, 0 to 1.
    occlusion_drops : tuple of Sourced[float]
        One per region, in their order; see :mod:`mammo_core.explain.occlusion`.
    ordering : Sourced[Ordering]
        See :mod:`mammo_core.explain.ordering`.
    occlusion_agreement : Sourced[float]
        See :func:`mammo_core.explain.occlusion.agreement`.
    flip : Sourced[Flip]
        See :mod:`mammo_core.explain.mirror`.
    """

    completeness: Sourced[float]
    evidence_on_tissue: Sourced[float]
    occlusion_drops: tuple[Sourced[float], ...]
    ordering: Sourced[Ordering]
    occlusion_agreement: Sourced[float]
    flip: Sourced[Flip]


@dataclass(frozen=True, slots=True)
class MapQuality:
    """All that was measured of one map.

    Parameters
    ----------
    checks : QualityChecks
        What was asked for.
    measured : Measured
    doubts : tuple of Doubt
        Empty if nothing speaks against the map, or nothing was asked for.
    forwards : int
        Inputs that the model was run on beyond the prediction itself.
    complete : bool
        Whether there is a map and every step that was asked for ran.
    failures : tuple of Failure
        What broke, for the log.
    """

    checks: QualityChecks
    measured: Measured
    doubts: tuple[Doubt, ...]
    forwards: int
    complete: bool
    failures: tuple[Failure, ...]

    @property
    def status(self) -> QualityStatus:
        """The badge."""
        if self.doubts:
            return QualityStatus.DOUBTFUL
        return QualityStatus.GOOD if self.complete else QualityStatus.NOT_CHECKED

    @property
    def notices(self) -> tuple[Notice, ...]:
        """One warning per doubt."""
        return tuple(Notice(doubt.code, doubt.message) for doubt in self.doubts)
