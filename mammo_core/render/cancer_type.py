"""The picture ``cancer_type``: the result, and what is known of each region's type."""

import math
from itertools import product
from textwrap import wrap

from PIL import Image

from mammo_core.errors import RenderError
from mammo_core.records import Region, RegionType
from mammo_core.render.boxes import NO_REGION, box_on_picture, paint_boxes, put_labels
from mammo_core.render.canvas import Canvas
from mammo_core.render.frame import Frame
from mammo_core.render.panel import Panel, set_panel
from mammo_core.render.scene import Scene

LONGEST_TEXT = 60
"""Characters of a label that comes from outside: class names may have any length."""

LONGEST_LINE = 48
"""Characters of a line of the header where the whole sentence has no room: a source may be long."""

HIGHEST_HEADER = 0.3
"""Of the frame's height; in a lower frame the header has fewer words."""

SHORTENED = 3


def draw(frame: Frame) -> Canvas:
    """Show the result with score and threshold, and the regions with what a classifier says of them.

    Raises
    ------
    RenderError
        If there is not one label per region.
    """
    regions, labels = frame.scene.regions or (), frame.scene.region_types
    if len(labels) != len(regions):
        raise RenderError(f"region labels (expected {len(regions)}, received {len(labels)})")
    boxes = [box_on_picture(region, frame) for region in regions]
    canvas = Canvas(Image.fromarray(frame.grey).convert("RGB"), frame, avoid=boxes)
    paint_boxes(canvas, boxes)
    # What is the same for all regions is said once, at the top.
    sources = {_source(label) for label in labels} or {NO_REGION}
    common = sources.pop() if len(sources) == 1 else None
    _put_header(canvas, frame.scene, common)
    put_labels(
        canvas, boxes, [_label(r, label, common is None) for r, label in zip(regions, labels, strict=True)]
    )
    return canvas


def _source(label: RegionType) -> str:
    return f"type: not determined ({label.source})" if label.score is None else f"type from: {label.source}"


def _label(region: Region, label: RegionType, with_source: bool) -> list[tuple[str, ...]]:
    """Versions of a region's label, the longest first."""
    first = f"{region.number} · {_short(label.label.replace('_', ' '))}"
    if label.score is not None:
        first = f"{first} · {label.score:.2f}"
    versions: list[tuple[str, ...]] = [(first, _short(_source(label)))] if with_source else []
    return [*versions, (first,), (f"{region.number}",)]


def _put_header(canvas: Canvas, scene: Scene, common: str | None) -> None:
    """Put the result at the top; in a narrow frame on more lines, then with fewer words."""
    versions = _header_lines(scene, common)
    limit = HIGHEST_HEADER * canvas.size[1]
    for slots, highest in ((canvas.corners("top"), limit), (canvas.corners(), math.inf)):
        for (number, lines), scale in product(enumerate(versions), (1.0, 0.8)):
            panel = _header(canvas, lines, scale)
            if panel.size[1] <= highest and canvas.place([panel], slots, canvas.hidden):
                if number >= SHORTENED:
                    canvas.notes.append("the text at the top is shortened, no room")
                return
    canvas.notes.append("result left out, no room")


def _header_lines(scene: Scene, common: str | None) -> list[list[str]]:
    """Versions of the header; those from :data:`SHORTENED` on do not say everything."""
    result = _short(scene.result)
    score, threshold = scores_in_words(scene.score, scene.threshold)
    numbers = f"{score} · {threshold}"
    return [
        [result, numbers, *filter(None, [common])],
        [result, numbers, *_wrapped(common)],
        [result, score, threshold, *_wrapped(common)],
        [result, numbers],
        [result, score, threshold],
        [result, score],
        [score],
        [score.removeprefix("score ")],
    ]


def _wrapped(sentence: str | None) -> list[str]:
    """Break before what stands in brackets, and what is still long between words."""
    first, bracket, rest = (sentence or "").partition(" (")
    parts = (first, f"({rest}" if bracket else "")
    return [line for part in parts for line in wrap(part, LONGEST_LINE, break_on_hyphens=False)]


def _header(canvas: Canvas, lines: list[str], scale: float) -> Panel:
    size = canvas.frame.text_size * scale
    return set_panel(canvas.face, [(line, size * (1.0 if n else 1.25)) for n, line in enumerate(lines)])


def scores_in_words(score: float, threshold: float) -> tuple[str, str]:
    """Score and threshold with as many digits, two to four, as it takes to tell them apart."""
    digits = next((d for d in (2, 3) if f"{score:.{d}f}" != f"{threshold:.{d}f}"), 4)
    return f"score {score:.{digits}f}", f"threshold {threshold:.{digits}f}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 3]}..."
