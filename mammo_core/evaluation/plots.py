"""Plots of an evaluation, drawn on figures of their own: no global state, no display."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from mammo_core.evaluation.evaluation import Evaluation
from mammo_core.evaluation.examination import Examined
from mammo_core.evaluation.froc import Froc
from mammo_core.evaluation.maps import FreeResponse, is_complete, marks
from mammo_core.evaluation.scores import Calibration, Classification, Scored
from mammo_core.evaluation.statistics import roc
from mammo_core.evaluation.tables import worded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Corner = Literal["lower right", "upper left", "best"]

SIZE_INCHES, DOTS_PER_INCH = (4.8, 4.6), 150
CURVE, POINT, CHANCE = "#0072b2", "#d55e00", "#888888"
"""Told apart with any form of colour blindness (M. Okabe and K. Ito, Color Universal Design, 2008)."""
COLOURS = (CURVE, POINT, "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKS = "os^Dv<>"
STROKES = ("-", "--", ":")
"""A colour that comes again comes with another stroke."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot.

    Parameters
    ----------
    name : str
        Of the files.
    title : str
        Of the table that it belongs to.
    caption : str
        What it shows, for those who do not see it.
    files : dict of str to bytes
        ``png`` and ``svg``.
    """

    name: str
    title: str
    caption: str
    files: dict[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a plot: its label, and its points."""

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]


def draw_plots(evaluation: Evaluation, examined: Sequence[Examined]) -> tuple[Plot, ...]:
    """Draw the ROC curve, the reliability diagram and the FROC curve; what was not measured is not drawn."""
    scored = Scored.of(examined)
    plots = []
    if evaluation.classification.auc.value is not None:
        plots.append(_roc(scored, evaluation.classification))
    if evaluation.calibration.bins:
        plots.append(draw_reliability(evaluation.calibration))
    if evaluation.free_response.mean_sensitivity is not None:
        plots.append(_froc(examined, evaluation.free_response))
    return tuple(plots)


def _roc(scored: Scored, found: Classification) -> Plot:
    figure, axes = _figure()
    false_rate, true_rate = roc(scored.scores, scored.labels)
    axes.plot([0, 1], [0, 1], color=CHANCE, linestyle=":", linewidth=1, label="chance")
    axes.plot(false_rate, true_rate, color=CURVE, label=f"AUC {worded(found.auc)}")
    for point, marker in zip(found.operating_points, "osD", strict=False):
        if point.specificity.value is not None and point.sensitivity.value is not None:
            at = f"{point.name} {point.threshold:.3g}"
            axes.plot(
                1.0 - point.specificity.value, point.sensitivity.value, marker, color=POINT, label=at, ms=6
            )
    _square(axes, "1 − specificity", "sensitivity", "lower right")
    return Plot("roc", "Classification", "ROC curve with the manifest's operating points", _encoded(figure))


def draw_reliability(found: Calibration) -> Plot:
    """Draw the reliability diagram."""
    figure, axes = _figure()
    axes.plot([0, 1], [0, 1], color=CHANCE, linestyle=":", linewidth=1, label="calibrated")
    scores, observed = [b.mean_score for b in found.bins], [b.observed for b in found.bins]
    label = f"ECE {worded(found.expected_calibration_error)}"
    axes.plot(scores, observed, "o-", color=CURVE, label=label, ms=5)
    _square(axes, "mean score of a group", "share of it that is positive", "upper left")
    caption = "Reliability diagram: groups of equally many images by score"
    return Plot("calibration", "Calibration", caption, _encoded(figure))


def draw_lines(name: str, caption: str, lines: Sequence[Line], *, x: str, y: str) -> Plot:
    """Draw lines that are told apart by colour and mark.

    Parameters
    ----------
    name, caption : str
        As in :class:`Plot`.
    lines : sequence of Line
    x, y : str
        What the axes show.
    """
    figure, axes = _figure()
    for number, line in enumerate(lines):
        colour, mark = COLOURS[number % len(COLOURS)], MARKS[number % len(MARKS)]
        stroke = STROKES[number // len(COLOURS) % len(STROKES)]
        axes.plot(line.x, line.y, stroke, color=colour, marker=mark, ms=4, linewidth=1.2, label=line.label)
    axes.locator_params(axis="x", integer=True)
    _label(axes, x, y, "best")
    # Above the axes: lines may lie anywhere within.
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize="small")
    return Plot(name, caption, caption, _encoded(figure))


def _froc(examined: Sequence[Examined], found: FreeResponse) -> Plot:
    figure, axes = _figure()
    false_per_image, sensitivity = Froc(marks([each for each in examined if is_complete(each)])).curve()
    axes.step(false_per_image, sensitivity, where="post", color=CURVE, label="all cuts of the evidence")
    read = [(at.false_per_image, at.sensitivity.value) for at in found.at if at.sensitivity.value is not None]
    label = f"mean {worded(found.mean_sensitivity)}"
    axes.plot([x for x, _ in read], [y for _, y in read], "o", color=POINT, label=label, ms=5)
    axes.set_xscale("symlog", linthresh=0.125, base=2)
    axes.set_xticks([0.0, *(x for x, _ in read)], ["0", *(f"{x:g}" for x, _ in read)])
    right = max(x for x, _ in read) * 1.1
    # All regions are marked: a higher rate of false ones cannot be reached, and finds nothing more.
    axes.plot([false_per_image[-1], right], [sensitivity[-1]] * 2, color=CURVE, linestyle=":", linewidth=1)
    axes.set_xlim(0.0, right)
    axes.set_ylim(-0.02, 1.02)
    _label(axes, "false regions per image", "sensitivity per lesion", "best")
    return Plot("froc", "FROC", "FROC curve of the regions", _encoded(figure))


def _figure() -> "tuple[Figure, Axes]":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _square(axes: "Axes", x: str, y: str, legend: Corner) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    _label(axes, x, y, legend)


def _label(axes: "Axes", x: str, y: str, legend: Corner) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(visible=True, linewidth=0.4, alpha=0.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc=legend, frameon=False, fontsize="small")


def _encoded(figure: "Figure") -> dict[str, bytes]:
    """PNG and SVG; without a date, and with fixed identifiers, the same evaluation gives the same bytes."""
    from matplotlib import rc_context

    files = {}
    for suffix, metadata in {"png": {"Software": None}, "svg": {"Date": None}}.items():
        buffer = BytesIO()
        with rc_context({"svg.hashsalt": "mammo"}):
            figure.savefig(buffer, format=suffix, dpi=DOTS_PER_INCH, metadata=metadata)
        files[suffix] = buffer.getvalue()
    return files
