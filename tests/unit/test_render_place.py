"""Text finds a place inside the frame, apart from other text."""

from hypothesis import given
from hypothesis import strategies as st

from mammo_core.render.place import Rect, cheapest, corner_slots, label_slots, pushed


@st.composite
def crowds(draw: st.DrawFn) -> tuple[tuple[int, int], int, list[tuple[Rect, tuple[int, int]]]]:
    """A frame, a margin, and boxes anywhere in it, each with the size of its label."""
    frame = draw(st.tuples(st.integers(64, 4000), st.integers(64, 4000)))
    margin = draw(st.integers(1, 20))
    labels = []
    for _ in range(draw(st.integers(1, 6))):
        left, top = draw(st.integers(0, frame[0] - 2)), draw(st.integers(0, frame[1] - 2))
        right, bottom = draw(st.integers(left + 1, frame[0])), draw(st.integers(top + 1, frame[1]))
        size = draw(st.tuples(st.integers(5, frame[0]), st.integers(5, frame[1])))
        labels.append((Rect(left, top, right, bottom), size))
    return frame, margin, labels


@given(crowds())
def test_labels_never_leave_the_frame_and_never_meet(
    crowd: tuple[tuple[int, int], int, list[tuple[Rect, tuple[int, int]]]],
) -> None:
    frame, margin, labels = crowd
    taken: list[Rect] = []
    for box, size in labels:
        near = label_slots(size, box, frame, margin=margin)
        slots = [*near, *pushed(near, taken, margin=margin)]
        place = cheapest(slots, frame=frame, taken=taken, margin=margin, cost=lambda _: 0)
        if place is None:
            continue
        assert (place.width, place.height) == size
        assert place.within(frame, margin)
        assert not any(place.shared(other.grown(margin)) for other in taken)
        taken.append(place)


@given(crowds())
def test_a_label_that_fits_the_frame_always_has_a_place_when_it_is_alone(
    crowd: tuple[tuple[int, int], int, list[tuple[Rect, tuple[int, int]]]],
) -> None:
    frame, margin, ((box, size), *_) = crowd
    slots = label_slots(size, box, frame, margin=margin)
    place = cheapest(slots, frame=frame, taken=(), margin=margin, cost=lambda _: 0)
    fits = size[0] <= frame[0] - 2 * margin and size[1] <= frame[1] - 2 * margin
    assert (place is not None) == fits


def test_a_label_goes_above_its_box_then_below_then_beside_it_then_inside() -> None:
    box, size, frame = Rect(40, 40, 70, 60), (30, 10), (200, 100)
    slots = label_slots(size, box, frame, margin=2)
    first = [(slot.left, slot.top) for slot in slots]
    assert first[0] == (40, 28)
    assert first[3] == (40, 62)
    assert first[6] == (72, 40)
    assert first[8] == (8, 40)
    assert first[10] == (42, 42)


def test_a_label_of_a_box_in_the_corner_is_pushed_into_the_frame() -> None:
    slots = label_slots((30, 10), Rect(0, 0, 8, 8), (100, 100), margin=2)
    assert slots[0] == Rect(2, 10, 32, 20)
    assert all(slot.within((100, 100), 2) for slot in slots)


def test_the_cheapest_place_wins_and_the_first_among_equals() -> None:
    slots = corner_slots((10, 5), (100, 50), margin=2, edges=("bottom", "top"))
    bottom_left, bottom_right, top_left, top_right = slots
    assert bottom_left == Rect(2, 43, 12, 48)
    assert top_right == Rect(88, 2, 98, 7)
    found = [
        cheapest(slots, frame=(100, 50), taken=(), margin=2, cost=cost)
        for cost in (lambda _: 0, lambda slot: -slot.left, lambda slot: slot.top)
    ]
    assert found == [bottom_left, bottom_right, top_left]


def test_a_taken_corner_offers_the_place_beside_it() -> None:
    notice = Rect(2, 40, 60, 48)
    slots = corner_slots((30, 10), (100, 50), margin=2, edges=("bottom",), taken=(notice,))
    free = cheapest(slots[:2], frame=(100, 50), taken=(notice,), margin=2, cost=lambda slot: slot.left)
    assert free == Rect(2, 28, 32, 38)


def test_nothing_is_placed_where_nothing_fits() -> None:
    slots = corner_slots((99, 10), (100, 50), margin=2, edges=("top", "bottom"))
    assert cheapest(slots, frame=(100, 50), taken=(), margin=2, cost=lambda _: 0) is None


def test_pushed_places_clear_the_text_they_met_on_all_sides() -> None:
    slot, text = Rect(10, 10, 20, 15), Rect(12, 12, 40, 20)
    assert pushed([slot], [text], margin=1) == [
        Rect(10, 6, 20, 11),
        Rect(10, 21, 20, 26),
        Rect(41, 10, 51, 15),
        Rect(1, 10, 11, 15),
    ]
    assert pushed([Rect(60, 60, 70, 65)], [text], margin=1) == []
