"""A report as one page of A4."""

import base64
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from mammo_core.report.content import Grid, Plate, Report, Section

if TYPE_CHECKING:
    from reportlab.lib.styles import ParagraphStyle

INK, QUIET, LINE, HEADING = "#16202a", "#4a5866", "#dde3e8", "#1d4a6b"
NOTICE, NOTICE_EDGE = "#fff4d6", "#a86400"
REGULAR, BOLD = "DejaVuSans", "DejaVuSans-Bold"
MARGIN, GAP = 12.0, 3.0
"""In millimetres, as all lengths below."""
PLATE_HEIGHT = 46.0
PLATE_WIDTH = 58.0
ENDLESS = 1e6
ACROSS = 3
"""Pictures in a row; with the result they fill two."""
REGION_COLUMNS = ("3%", "27%", "20%", "11%", "10%", "7%", "8%", "14%")
FACT_COLUMNS = ("31%", "69%")
"""Widths as shares, since a page that is made smaller has more room across."""


def to_pdf(report: Report) -> bytes:
    """Lay a report out on one page.

    Parameters
    ----------
    report : Report

    Returns
    -------
    bytes
        A PDF file with its fonts; the same report gives the same bytes.
    """
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas

    prepare()
    out = BytesIO()
    page = Canvas(out, pagesize=A4, invariant=1, pageCompression=1, lang="en")
    page.setTitle(report.title)
    page.setViewerPreference("DisplayDocTitle", "true")
    page.setSubject(report.notice)
    width, height = A4[0] - 2 * MARGIN * mm, A4[1] - 2 * MARGIN * mm
    scale = _scale(report, page, width, height)
    page.translate(MARGIN * mm, A4[1] - MARGIN * mm)
    page.scale(scale, scale)
    top = 0.0
    for part, used in _laid(report, page, width / scale):
        top -= used
        part.drawOn(page, 0, top)
    page.showPage()
    page.save()
    return out.getvalue()


def _laid(report: Report, page: Any, width: float) -> list[tuple[Any, float]]:  # noqa: ANN401 - untyped
    """The parts and their heights, made anew: a table keeps the column widths of its first layout."""
    return [(part, part.wrapOn(page, width, ENDLESS)[1]) for part in _story(report)]


def _scale(report: Report, page: Any, width: float, height: float) -> float:  # noqa: ANN401 - untyped
    """The largest scale, to within 1 %, at which all fits: more than a page is made smaller, not cut."""

    def fits(scale: float) -> bool:
        return sum(used for _, used in _laid(report, page, width / scale)) <= height / scale

    if fits(1.0):
        return 1.0
    small, large = 0.5, 1.0
    while not fits(small):
        small, large = small / 2, small
    while large - small > 0.01 * large:
        middle = (small + large) / 2
        small, large = (middle, large) if fits(middle) else (small, middle)
    return small


def prepare() -> None:
    """Load the library, and the fonts that matplotlib brings: they have Σ, ≥ and accents."""
    import matplotlib
    from reportlab import rl_config
    from reportlab.pdfbase.pdfmetrics import getRegisteredFontNames, registerFont, registerFontFamily
    from reportlab.pdfbase.ttfonts import TTFont

    # As text, pictures take a fourth more: five of them would be more than Lambda answers with.
    rl_config.useA85 = 0
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in {REGULAR, BOLD}.difference(getRegisteredFontNames()):
        registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def _style(size: float = 6.5, *, colour: str = INK, bold: bool = False) -> "ParagraphStyle":
    from reportlab.lib.colors import HexColor
    from reportlab.lib.styles import ParagraphStyle

    return ParagraphStyle(
        f"{size} {colour} {bold}",
        fontName=BOLD if bold else REGULAR,
        fontSize=size,
        leading=1.25 * size,
        textColor=HexColor(colour),
        splitLongWords=1,
    )


def _text(words: str, size: float = 6.5, *, colour: str = INK, bold: bool = False) -> Any:  # noqa: ANN401 - untyped
    from reportlab.platypus import Paragraph

    style = _style(size, colour=colour, bold=bold)
    return Paragraph(escape(_legible(words, style.fontName)), style)


def _legible(words: str, font: str) -> str:
    """Put a question mark where the font has no glyph: the letter would be gone without a trace."""
    from reportlab.pdfbase.pdfmetrics import getFont

    glyphs = getFont(font).face.charToGlyph
    # Above the 16 bits that it counts on, the library writes a table that readers of the file refuse.
    return "".join(c if c.isspace() or (ord(c) in glyphs and ord(c) <= 0xFFFF) else "?" for c in words)


def _heading(words: str) -> Any:  # noqa: ANN401 - untyped
    return _text(words, 8, colour=HEADING, bold=True)


def _story(report: Report) -> list[Any]:
    from reportlab.lib.units import mm
    from reportlab.platypus import Spacer

    gap = Spacer(1, GAP * mm)
    columns = [
        [part for section in column for part in _facts(section)] for column in _halves(report.sections)
    ]
    return [
        _text(report.title, 15, bold=True),
        gap,
        _notice(report),
        gap,
        _pictures(report),
        gap,
        *_grid(report.regions),
        gap,
        _table([columns], ("50%", "50%"), [*_tight(), ("RIGHTPADDING", (0, 0), (0, 0), 2 * GAP * mm)]),
        gap,
        *_lines("Warnings", report.warnings or ("none",)),
        gap,
        *_lines("Limits", report.limits),
    ]


def _halves(sections: tuple[Section, ...]) -> tuple[list[Section], list[Section]]:
    """Two columns of about the same length, in the order of the sections."""
    columns: tuple[list[Section], list[Section]] = ([], [])
    for section in sections:
        shorter = min(columns, key=lambda column: sum(len(each.facts) for each in column))
        shorter.append(section)
    return columns


def _notice(report: Report) -> Any:  # noqa: ANN401 - untyped
    from reportlab.lib.colors import HexColor

    words = [_text(report.notice, 7.5, bold=True), _text(f"The model is for: {report.intended_use}", 7)]
    style = [
        ("BACKGROUND", (0, 0), (-1, -1), HexColor(NOTICE)),
        ("LINEBEFORE", (0, 0), (0, -1), 3, HexColor(NOTICE_EDGE)),
    ]
    return _table([[words]], ("100%",), style)


def _pictures(report: Report) -> Any:  # noqa: ANN401 - untyped
    """Two rows: the pictures, and the result in the last place."""
    cells: list[Any] = [*map(_plate, report.plates), _facts(report.verdict)]
    rows = [cells[start : start + ACROSS] for start in range(0, len(cells), ACROSS)]
    return _table(rows, (f"{100 / ACROSS:.4f}%",) * ACROSS, _tight())


def _plate(plate: Plate) -> list[Any]:
    from reportlab.lib.units import mm
    from reportlab.platypus import Image

    caption = _text(f"{plate.title}: {plate.reason}" if plate.reason else plate.title, colour=QUIET)
    if plate.base64 is None:
        return [caption]
    picture = Image(BytesIO(base64.b64decode(plate.base64)), hAlign="LEFT")
    scale = min(PLATE_WIDTH * mm / picture.imageWidth, PLATE_HEIGHT * mm / picture.imageHeight)
    picture.drawWidth, picture.drawHeight = scale * picture.imageWidth, scale * picture.imageHeight
    return [picture, caption]


def _grid(grid: Grid) -> list[Any]:
    parts: list[Any] = [_heading(grid.title)]
    if grid.rows:
        rows = [[_text(cell) for cell in row] for row in grid.rows]
        parts.append(
            _table([[_text(name, bold=True) for name in grid.header], *rows], REGION_COLUMNS, _ruled())
        )
    return [*parts, _text(grid.note, 6, colour=QUIET)]


def _facts(section: Section) -> list[Any]:
    from reportlab.lib.units import mm
    from reportlab.platypus import Spacer

    rows = [
        [
            _text(fact.label, colour=QUIET),
            [_text(fact.value), *([_text(fact.source, 5.5, colour=QUIET)] if fact.source else [])],
        ]
        for fact in section.facts
    ]
    return [Spacer(1, mm), _heading(section.title), _table(rows, FACT_COLUMNS, _ruled())]


def _table(rows: list[list[Any]], widths: tuple[str, ...], style: list[tuple[Any, ...]]) -> Any:  # noqa: ANN401
    from reportlab.platypus import Table

    return Table(rows, widths, style=[("VALIGN", (0, 0), (-1, -1), "TOP"), *style], hAlign="LEFT")


def _lines(title: str, lines: tuple[str, ...]) -> list[Any]:
    return [_heading(title), *(_text(f"• {line}") for line in lines)]


def _tight() -> list[tuple[Any, ...]]:
    return [(f"{side}PADDING", (0, 0), (-1, -1), 1) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")]


def _ruled() -> list[tuple[Any, ...]]:
    from reportlab.lib.colors import HexColor

    return [
        *_tight(),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, HexColor(LINE)),
    ]
