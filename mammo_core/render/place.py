"""Where text goes: inside the frame, apart from other text, and on as little breast as possible."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Size = tuple[int, int]
"""(width, height), pixels."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A half-open rectangle of whole picture pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def at(cls, left: int, top: int, size: Size) -> "Rect":
        """The rectangle of a size at a corner."""
        return cls(left, top, left + size[0], top + size[1])

    @property
    def width(self) -> int:
        """Extent along x."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Extent along y."""
        return self.bottom - self.top

    def grown(self, by: int) -> "Rect":
        """The same rectangle, larger by some pixels at each side."""
        return Rect(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def shared(self, other: "Rect") -> int:
        """Pixels that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)

    def within(self, frame: Size, margin: int = 0) -> bool:
        """Whether it lies inside a frame, at least ``margin`` pixels from its edge."""
        return (
            self.left >= margin
            and self.top >= margin
            and self.right <= frame[0] - margin
            and self.bottom <= frame[1] - margin
        )

    def moved_into(self, frame: Size, margin: int = 0) -> "Rect":
        """Push it into the frame as far as its size allows."""
        left = max(margin, min(self.left, frame[0] - margin - self.width))
        top = max(margin, min(self.top, frame[1] - margin - self.height))
        return Rect.at(left, top, (self.width, self.height))


Edge = Literal["top", "bottom"]
Slots = Callable[[Size], Iterable[Rect]]
"""Candidate places for a size, the preferred one first."""
Cost = Callable[[Rect], int]
"""What a place hides."""


def cheapest(
    slots: Iterable[Rect], *, frame: Size, taken: Sequence[Rect], margin: int, cost: Cost
) -> Rect | None:
    """Choose among the places that are inside the frame and clear of other text.

    Parameters
    ----------
    slots : iterable of Rect
        The preferred one first.
    frame : (width, height)
    taken : sequence of Rect
        Text that is there already.
    margin : int
        Least distance from the frame's edge and from other text, pixels.
    cost : callable
        What a place hides; the lowest cost wins, the earlier place among equals.
    """
    free = [
        slot
        for slot in slots
        if slot.within(frame, margin) and not any(slot.shared(other.grown(margin)) for other in taken)
    ]
    return min(free, key=cost, default=None)


def corner_slots(
    size: Size, frame: Size, *, margin: int, edges: Sequence[Edge], taken: Sequence[Rect] = ()
) -> list[Rect]:
    """The corners at some edges, left before right, and beside each the place that clears other text."""
    width, height = size
    slots = []
    for edge in edges:
        for left in (margin, frame[0] - margin - width):
            corner = Rect.at(left, margin if edge == "top" else frame[1] - margin - height, size)
            slots.append(corner)
            for other in taken:
                if corner.shared(other.grown(margin)):
                    top = other.bottom + margin if edge == "top" else other.top - margin - height
                    slots.append(Rect.at(left, top, size))
    return slots


def label_slots(size: Size, box: Rect, frame: Size, *, margin: int) -> list[Rect]:
    """Places around a box: above, below, right, left, then inside it; all pushed into the frame."""
    width, height = size
    right, bottom = box.right - width, box.bottom - height
    middle = (box.left + right) // 2
    above, below = box.top - margin - height, box.bottom + margin
    after, before = box.right + margin, box.left - margin - width
    corners = (
        (box.left, above), (right, above), (middle, above),
        (box.left, below), (right, below), (middle, below),
        (after, box.top), (after, bottom), (before, box.top), (before, bottom),
    )  # fmt: skip
    inner = box.grown(-margin)
    inside = (
        (inner.left, inner.top), (inner.right - width, inner.top),
        (inner.left, inner.bottom - height), (inner.right - width, inner.bottom - height),
    )  # fmt: skip
    slots = [Rect.at(x, y, size).moved_into(frame, margin) for x, y in (*corners, *inside)]
    # Pushing may bring a place onto the box itself: such a place is as bad as one inside.
    return sorted(slots, key=lambda slot: slot.shared(box) > 0)


def pushed(slots: Sequence[Rect], taken: Sequence[Rect], *, margin: int) -> list[Rect]:
    """For each slot that meets text, the places above, below, right and left of that text."""
    moved = []
    for slot in slots:
        for other in taken:
            if slot.shared(other.grown(margin)):
                size = (slot.width, slot.height)
                moved += [
                    Rect.at(slot.left, other.top - margin - slot.height, size),
                    Rect.at(slot.left, other.bottom + margin, size),
                    Rect.at(other.right + margin, slot.top, size),
                    Rect.at(other.left - margin - slot.width, slot.top, size),
                ]
    return moved
