"""All that is measured on one view, in one pass over one reduced image."""

from collections.abc import Callable
from typing import TypeVar

from mammo_core.anatomy.breast import breast_on
from mammo_core.anatomy.gate import suitable
from mammo_core.anatomy.records import Anatomy, ImageQuality, PectoralMuscle
from mammo_core.anatomy.reduce import reduced
from mammo_core.anatomy.view import (
    laterality_from_pixels,
    orientation_of,
    resolve,
    view_from_pixels,
    view_mismatch,
)
from mammo_core.attempt import Failure, attempt
from mammo_core.options import AnalysisOptions
from mammo_core.records import (
    BreastMask,
    FloatArray,
    Laterality,
    Mammogram,
    Notice,
    Sourced,
    ViewPosition,
)

T = TypeVar("T")
NO_BREAST = "no breast was found"
NO_MUSCLE_VIEWS = frozenset({ViewPosition.CC, ViewPosition.XCCL, ViewPosition.XCCM, ViewPosition.FB})
"""On these a bright wedge in the corner is no pectoral muscle in an oblique view."""


def examine(mammogram: Mammogram, options: AnalysisOptions) -> Anatomy:
    """Find the breast, decide whether this is a mammogram, and measure what can be measured.

    Parameters
    ----------
    mammogram : Mammogram
    options : AnalysisOptions
        What the request and the file's name say of the view; whether to insist on an unsuitable image.

    Returns
    -------
    Anatomy
        What breaks after the breast was found takes away its own value, with a reason, and no other.

    Raises
    ------
    UnsuitableImageError
    """
    values, transform = reduced(mammogram.pixels)
    breast = breast_on(values, transform)
    gate = suitable(values, breast, accept_unsuitable=options.accept_unsuitable)
    steps = _Steps()
    wedge = steps("the pectoral muscle", lambda: _pectoral(values, breast))
    laterality, view, notices = _view(mammogram, options, breast, wedge)
    orientation, mirrored = orientation_of(_stated(laterality), breast)
    pectoral = _expected(wedge, view)
    return Anatomy(
        breast=breast,
        laterality=laterality,
        view_position=view,
        orientation=orientation,
        pectoral=pectoral,
        density_index=steps("the density index", lambda: _density(values, breast, pectoral, mammogram)),
        quality=steps("the image quality", lambda: _quality(mammogram, values, breast, pectoral, view)),
        notices=(*gate, *notices, *mirrored),
        failures=tuple(steps.failures),
    )


class _Steps:
    """Runs steps that may fail, and keeps what failed."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def __call__(self, what: str, step: Callable[[], Sourced[T]]) -> Sourced[T]:
        outcome = attempt(what, step)
        if outcome.failure is not None:
            self.failures.append(outcome.failure)
        return outcome.value or Sourced.unknown(outcome.reason or what)


def _view(
    mammogram: Mammogram,
    options: AnalysisOptions,
    breast: BreastMask | None,
    wedge: Sourced[PectoralMuscle],
) -> tuple[Sourced[Laterality], Sourced[ViewPosition], tuple[Notice, ...]]:
    """Pixels stand in where nobody says anything; where somebody does, they only check."""
    hints = options.hints
    laterality, side_notices = resolve(
        "laterality",
        mammogram.laterality,
        (("request", options.laterality), ("file_name", hints.laterality)),
    )
    view, view_notices = resolve(
        "view_position", mammogram.view_position, (("request", options.view), ("file_name", hints.view))
    )
    seen = view_from_pixels(breast, wedge)
    notices = (*side_notices, *view_notices, *view_mismatch(view, seen))
    if laterality.value is None:
        laterality = laterality_from_pixels(breast)
    return laterality, (view if view.value is not None else seen), notices


def _stated(laterality: Sourced[Laterality]) -> Sourced[Laterality]:
    """What does not come from the chest wall, and can be compared with it."""
    return Sourced.unknown("from the pixels") if laterality.source == "pixels" else laterality


def _expected(wedge: Sourced[PectoralMuscle], view: Sourced[ViewPosition]) -> Sourced[PectoralMuscle]:
    """A stated craniocaudal view beats a wedge: there it is a fold, or dense tissue at the chest wall."""
    if wedge.value is not None and view.value in NO_MUSCLE_VIEWS:
        return Sourced.unknown(f"a pectoral muscle is not looked for on {view.value} views")
    return wedge


def _pectoral(values: FloatArray, breast: BreastMask | None) -> Sourced[PectoralMuscle]:
    from mammo_core.anatomy.pectoral import find_pectoral

    return Sourced.unknown(NO_BREAST) if breast is None else find_pectoral(values, breast)


def _density(
    values: FloatArray, breast: BreastMask | None, pectoral: Sourced[PectoralMuscle], mammogram: Mammogram
) -> Sourced[float]:
    from mammo_core.anatomy.density import density_index

    if breast is None:
        return Sourced.unknown(NO_BREAST)
    return density_index(values, breast, pectoral.value, mammogram.spacing.value)


def _quality(
    mammogram: Mammogram,
    values: FloatArray,
    breast: BreastMask | None,
    pectoral: Sourced[PectoralMuscle],
    view: Sourced[ViewPosition],
) -> Sourced[ImageQuality]:
    from mammo_core.anatomy.quality import measure_quality

    if breast is None:
        return Sourced.unknown(NO_BREAST)
    quality = measure_quality(mammogram.pixels, values, breast, pectoral, view.value)
    return Sourced(quality, "pixels", "measured on the breast")
