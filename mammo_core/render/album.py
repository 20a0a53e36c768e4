"""The five pictures of an answer, each guarded on its own, together below the answer's limit.

Nothing that draws is imported at module level: a module or library that cannot be imported costs the
pictures that need it, and no other.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from mammo_core.attempt import kind, place
from mammo_core.records import MapStatus, Picture, PictureFormat, PictureName, PictureState
from mammo_core.render.guard import during
from mammo_core.render.scene import Scene

if TYPE_CHECKING:
    from mammo_core.render.canvas import Canvas
    from mammo_core.render.frame import Frame

RENDERERS = {
    PictureName.ORIGINAL: "mammo_core.render.original",
    PictureName.OVERLAY: "mammo_core.render.overlay",
    PictureName.HEATMAP_ONLY: "mammo_core.render.heatmap_only",
    PictureName.BBOX: "mammo_core.render.bbox",
    PictureName.CANCER_TYPE: "mammo_core.render.cancer_type",
}
_NEEDS_HEAT = frozenset({PictureName.OVERLAY, PictureName.HEATMAP_ONLY})
_NEEDS_REGIONS = frozenset({PictureName.BBOX, PictureName.CANCER_TYPE})
QUALITIES = (90, 75, 55)
"""Of JPEG and WebP; the lower ones only if a lower side was not enough."""
_GOOD_SIDE = 512
"""The side is not lowered below this before the quality is …"""
_LEAST_SIDE = 64
"""… and never below this."""
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """What is wanted of the pictures.

    Parameters
    ----------
    names : tuple of PictureName
        The pictures to draw.
    max_side : int
        Longest side, pixels, at least 1; a smaller source is never enlarged.
    picture_format : PictureFormat
    max_total_bytes : int
        Of all encoded pictures together; base64 adds a third.
    """

    names: tuple[PictureName, ...] = tuple(PictureName)
    max_side: int = 1024
    picture_format: PictureFormat = PictureFormat.PNG
    max_total_bytes: int = 3_900_000


def make_pictures(scene: Scene, options: PictureOptions) -> tuple[Picture, ...]:
    """Draw and encode the pictures of an answer; never raises an ``Exception``.

    Parameters
    ----------
    scene : Scene
    options : PictureOptions

    Returns
    -------
    tuple of Picture
        All five, in the order of :class:`PictureName`, those with data of one size. ``failed`` and
        ``unavailable`` ones say why.
    """
    return _within(_below_limit(scene, options), options.max_total_bytes)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """How one round draws: longest side in pixels, and quality of JPEG and WebP."""

    side: int
    quality: int


@dataclass(frozen=True, eq=False)
class _Round:
    """One attempt at all pictures, and what they share."""

    scene: Scene
    options: PictureOptions
    attempt: _Attempt
    note: str | None

    @cached_property
    def frame(self) -> "Frame":
        """Made inside the guard of the picture that asks first: its modules may be missing."""
        from mammo_core.render.frame import Frame

        return Frame(self.scene, self.attempt.side)

    def pictures(self) -> tuple[Picture, ...]:
        return tuple(_missing(name, self.scene, self.options) or _guarded(name, self) for name in PictureName)


def _below_limit(scene: Scene, options: PictureOptions) -> tuple[Picture, ...]:
    """Draw again, smaller, until the pictures together are below the limit."""
    first = _Attempt(max(1, min(options.max_side, max(scene.mammogram.shape))), QUALITIES[0])
    attempt: _Attempt | None = first
    pictures: tuple[Picture, ...] = ()
    for _ in range(_ROUNDS):
        if attempt is None:
            break
        pictures = _Round(scene, options, attempt, _note(first, attempt)).pictures()
        total = _total(pictures)
        if total <= options.max_total_bytes:
            break
        attempt = _lowered(attempt, options, total)
    return pictures


def _lowered(attempt: _Attempt, options: PictureOptions, total: int) -> _Attempt | None:
    """The next thing to try; None if nothing is left."""
    has_quality = options.picture_format is not PictureFormat.PNG and attempt.quality > QUALITIES[-1]
    floor = _GOOD_SIDE if has_quality else _LEAST_SIDE
    if attempt.side > floor:
        # Bytes go with the area; a little less, because small pictures compress less well.
        estimate = 0.97 * attempt.side * math.sqrt(max(0, options.max_total_bytes) / total)
        return replace(attempt, side=max(floor, math.floor(estimate)))
    if has_quality:
        return replace(attempt, quality=QUALITIES[QUALITIES.index(attempt.quality) + 1])
    return None


def _note(first: _Attempt, attempt: _Attempt) -> str | None:
    changes = []
    if attempt.side < first.side:
        changes.append(f"side lowered from {first.side} to {attempt.side} px")
    if attempt.quality < first.quality:
        changes.append(f"quality lowered from {first.quality} to {attempt.quality}")
    return f"{' and '.join(changes)} to keep the answer below its limit" if changes else None


def _missing(name: PictureName, scene: Scene, options: PictureOptions) -> Picture | None:
    """The picture as it is answered without drawing; None if it is to be drawn."""
    if name not in options.names:
        return Picture(name, PictureState.NOT_REQUESTED)
    if name in _NEEDS_HEAT and _no_heat(scene):
        return Picture(name, PictureState.UNAVAILABLE, scene.saliency_reason or "no explanation")
    if name in _NEEDS_REGIONS and scene.regions is None:
        return Picture(name, PictureState.UNAVAILABLE, scene.regions_reason or "no regions")
    return None


def _no_heat(scene: Scene) -> bool:
    return scene.saliency is None or scene.saliency.status is MapStatus.UNAVAILABLE


def _guarded(name: PictureName, shared: _Round) -> Picture:
    """Draw and encode one picture; whatever goes wrong is told instead of raised."""
    try:
        return _drawn(name, shared)
    except Exception as error:  # one failing picture must never cost another one, or the score
        return Picture(name, PictureState.FAILED, f"could not be drawn: {kind(error)}", place(error))


def _drawn(name: PictureName, shared: _Round) -> Picture:
    with during("renderer"):
        canvas: Canvas = import_module(RENDERERS[name]).draw(shared.frame)
        _put_scale_bar(canvas)
        image = canvas.finished()
    picture_format = shared.options.picture_format
    with during(f"encoding as {picture_format}"):
        from mammo_core.render.encode import MEDIA_TYPES, encode

        data = encode(image, picture_format, quality=shared.attempt.quality)
    return Picture(
        name,
        PictureState.OK,
        "; ".join(filter(None, [*canvas.notes, shared.note])) or None,
        canvas.where,
        data,
        MEDIA_TYPES[picture_format],
        image.width,
        image.height,
        shared.frame.scale,
    )


def _put_scale_bar(canvas: "Canvas") -> None:
    """A picture without its scale bar is still a picture."""
    try:
        import_module("mammo_core.render.ruler").put_scale_bar(canvas)
    except Exception as error:
        canvas.notes.append(f"scale bar left out: {kind(error)}")
        canvas.where = place(error)


def _total(pictures: tuple[Picture, ...]) -> int:
    return sum(len(picture.data or b"") for picture in pictures)


def _within(pictures: tuple[Picture, ...], limit: int) -> tuple[Picture, ...]:
    """Give up the largest pictures if even the smallest size is above the limit."""
    while _total(pictures) > max(0, limit):
        largest = max(pictures, key=lambda picture: len(picture.data or b""))
        reason = f"larger than the answer has room for: {len(largest.data or b'')} bytes"
        given_up = Picture(largest.name, PictureState.FAILED, reason, __name__)
        pictures = tuple(given_up if picture is largest else picture for picture in pictures)
    return pictures
