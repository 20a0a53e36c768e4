"""What a file's name says of the view: ``L-CC.png``, ``RMLO.png``, ``left_mlo.jpg``.

File names may hold a patient's name. They are read here and nowhere else, and only the two words below leave.
"""

import re
import unicodedata
from dataclasses import dataclass

from mammo_core.records import Laterality, ViewPosition

SIDES = {
    "l": Laterality.LEFT,
    "left": Laterality.LEFT,
    "lt": Laterality.LEFT,
    "r": Laterality.RIGHT,
    "right": Laterality.RIGHT,
    "rt": Laterality.RIGHT,
}
VIEWS = {view.value.lower(): view for view in ViewPosition}
ALONE = frozenset({"cc", "mlo", "xccl", "xccm"})
"""Views that need no laterality beside them; ``ml``, ``iso`` or ``fb`` are parts of many names."""
WHOLE_WORDS = frozenset({"left", "right"})
"""Sides that need no view beside them; a lone ``R`` may be an initial."""
LONGEST = 1024
"""Characters of a name that are looked at."""
UUID = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}([-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}(?![0-9a-f])", re.IGNORECASE)
"""One of its parts may be ``cc12``, which by itself would be a word."""
WORD = re.compile(r"[0-9]*(?P<letters>[a-z]+)[0-9]{0,4}")
"""A word may be numbered: ``lcc1``, ``2MLO``."""
DIGEST = re.compile(r"[0-9]+[a-f]+[0-9]*|[a-f]+[0-9]{3,}")
"""A numbered word that is rather a part of a digest: ``1cc2``. With an l, an m or an r it cannot be one."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What a file's name says; None where it says nothing, or two things."""

    view: ViewPosition | None = None
    laterality: Laterality | None = None


NO_HINTS = Hints()


def hints_of(file_name: str | None) -> Hints:
    """Read view and laterality from a file's name.

    Parameters
    ----------
    file_name : str or None
        With or without folders, which are not read: ``left/0001.png`` says nothing.

    Returns
    -------
    Hints
        A word counts if it is a view, a side, or both in one (``rcc``, ``mlol``), whatever its case, and
        stands between marks that are no letters; a number may follow it. A side of one letter, and a view of
        common letters (``ml``, ``lm``, ``iso`` …), count only beside each other. A name that says both L and
        R, or two views, says nothing; nor do digests and UUIDs.
    """
    words = _words(re.split(r"[/\\]", (file_name or "")[-LONGEST:])[-1])
    views: set[ViewPosition] = set()
    sides: set[Laterality] = set()
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        view, side = _joined(word)
        if word in VIEWS and (word in ALONE or before in SIDES or after in SIDES):
            view = VIEWS[word]
        if word in WHOLE_WORDS or (word in SIDES and (before in VIEWS or after in VIEWS)):
            side = SIDES[word]
        views |= {view} if view is not None else set()
        sides |= {side} if side is not None else set()
    if sides:
        # A letter that stands apart, as in `L_R_CC`, makes the name ambiguous.
        sides |= {SIDES[word] for word in words if word in SIDES}
    return Hints(
        view=views.pop() if len(views) == 1 else None,
        laterality=sides.pop() if len(sides) == 1 else None,
    )


def _words(base: str) -> list[str]:
    """The words of a name in lower case; "" in place of a chunk of letters and digits that is no word."""
    # An accent that is a character of its own would split a word.
    text = UUID.sub("-", unicodedata.normalize("NFC", base)).lower()
    chunks = re.findall(r"[^\W_]+", text)
    return [_word(chunk) for chunk in chunks if not chunk.isdecimal()]


def _word(chunk: str) -> str:
    found = WORD.fullmatch(chunk)
    return found["letters"] if found and not DIGEST.fullmatch(chunk) else ""


def _joined(word: str) -> tuple[ViewPosition | None, Laterality | None]:
    """Read ``rcc`` or ``mlol``; a word that is a view itself (``lm``, ``lmo``) is not taken apart."""
    if word in VIEWS:
        return None, None
    for view, side in ((word[1:], word[:1]), (word[:-1], word[-1:])):
        if view in VIEWS and side in SIDES:
            return VIEWS[view], SIDES[side]
    return None, None
