"""One picture in the making; it cannot be finished without the notice."""

from collections.abc import Iterable, Sequence

from PIL import Image

from mammo_core import attempt
from mammo_core.errors import RenderError
from mammo_core.records import BoolArray
from mammo_core.render.frame import LEAST_TEXT, Frame
from mammo_core.render.lettering import DASH, Typeface
from mammo_core.render.panel import Panel, paint_panel, set_panel
from mammo_core.render.place import Cost, Edge, Rect, Size, Slots, cheapest, corner_slots

NOTICE = f"RESEARCH USE ONLY {DASH} NOT FOR DIAGNOSIS"
NOTICE_LINES = ("RESEARCH USE ONLY", "NOT FOR DIAGNOSIS")
SHORT_NOTICE = "RESEARCH ONLY"
LEAST_NOTICE = 5
"""Smallest font size at which the notice is still drawn, pixels."""


class Canvas:
    """An image with its text: what is placed where, and what had to be done differently.

    Parameters
    ----------
    image : Image of mode RGB
        Drawn upon.
    frame : Frame
    avoid : sequence of Rect
        What text should not hide, besides breast.

    Attributes
    ----------
    notes : list of str
        For the ``reason`` of the picture.
    where : str or None
        Where something failed that the picture did without, for the log.
    """

    def __init__(self, image: Image.Image, frame: Frame, avoid: Sequence[Rect] = ()) -> None:
        self.image = image
        self.frame = frame
        self._avoid = avoid
        self.face = Typeface()
        self.notes: list[str] = []
        self.where: str | None = None
        self.taken: list[Rect] = []
        self._notice = self._place_notice()

    @property
    def size(self) -> Size:
        """(width, height)."""
        return self.image.size

    def text(self, *lines: str, scale: float = 1.0) -> Panel:
        """Set lines of plain text in the canvas's size, or a multiple of it."""
        return set_panel(self.face, [(line, self.frame.text_size * scale) for line in lines])

    def reserve(self, size: Size, slots: Slots, cost: Cost) -> Rect | None:
        """Find room for a size, and keep it."""
        place = cheapest(slots(size), frame=self.size, taken=self.taken, margin=self.frame.margin, cost=cost)
        if place is not None:
            self.taken.append(place)
        return place

    def place(self, panels: Iterable[Panel], slots: Slots, cost: Cost) -> bool:
        """Draw the first of several versions of a text that has room; False if none has."""
        for panel in panels:
            place = self.reserve(panel.size, slots, cost)
            if place is not None:
                paint_panel(self.image, panel, place)
                return True
        return False

    def put(self, panel: Panel, place: Rect) -> None:
        """Draw a text at a place that was found for it."""
        self.taken.append(place)
        paint_panel(self.image, panel, place)

    def caption(self, *lines: str) -> None:
        """Put text into a corner, at the top if nothing speaks against it."""
        panels = (self.text(*lines, scale=scale) for scale in (1.0, 0.85, 0.7))
        if not self.place(panels, self.corners(), self.hidden):
            self.notes.append(f"caption left out, no room: {' / '.join(lines)}")

    def corners(self, *edges: Edge) -> Slots:
        """Places in the corners at these edges; without any: all four, those at the top first."""

        def slots(size: Size) -> list[Rect]:
            return corner_slots(
                size,
                self.size,
                margin=self.frame.margin,
                edges=edges or ("top", "bottom"),
                taken=self.taken,
            )

        return slots

    def hidden(self, place: Rect) -> int:
        """What something at this place would hide: breast pixels, and those to avoid, which count double."""
        inside = self._inside()
        breast = (
            0 if inside is None else int(inside[place.top : place.bottom, place.left : place.right].sum())
        )
        return breast + 2 * sum(place.shared(rect) for rect in self._avoid)

    def _inside(self) -> BoolArray | None:
        try:
            return self.frame.inside
        except RenderError as error:  # here the mask only helps to place text: the first corner will do
            note = f"{attempt.kind(error)}: text placed without it"
            if note not in self.notes:
                self.notes.append(note)
                self.where = attempt.place(error)
            return None

    def finished(self) -> Image.Image:
        """The image, with the notice on top of everything."""
        if self._notice is not None:
            paint_panel(self.image, *self._notice)
        if self.face.note is not None:
            self.notes.insert(0, self.face.note)
            self.where = self.face.where
        return self.image

    def _place_notice(self) -> tuple[Panel, Rect] | None:
        """Reserve the notice's place before anything else; the whole text first, then the short one."""
        for panels in self._notices():
            found = self._cheapest(panels)
            if found is not None:
                self.taken.append(found[1])
                return found
        self.notes.append("the frame is too small for the notice")
        return None

    def _notices(self) -> Iterable[tuple[Panel, ...]]:
        for scale in (1.0, 0.85, 0.7):
            size = self.frame.text_size * scale
            if size >= LEAST_TEXT - 1:
                one = set_panel(self.face, [(NOTICE, size)])
                two = set_panel(self.face, [(line, size) for line in NOTICE_LINES])
                yield one, two
        for size in range(round(self.frame.text_size), LEAST_NOTICE - 1, -1):
            yield (set_panel(self.face, [(SHORT_NOTICE, float(size))]),)

    def _cheapest(self, panels: Iterable[Panel]) -> tuple[Panel, Rect] | None:
        slots = self.corners("bottom", "top")
        places = [
            (panel, slot)
            for panel in panels
            for slot in slots(panel.size)
            if slot.within(self.size, self.frame.margin)
        ]
        return min(places, key=lambda item: self.hidden(item[1]), default=None)
