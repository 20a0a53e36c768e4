"""The routes of the page: ``GET /`` and the files it asks for. They load no model and no library."""

from typing import Any

from fastapi import FastAPI, Request, Response

from mammo_core import __version__
from mammo_core.errors import NotFoundError
from mammo_core.settings import Settings
from mammo_core.viewer import page

FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
"""Keep it, but ask each time whether it is still the same."""
ARRIVED = "home"
"""In the query of an address that a redirection led to: it is not followed by another one."""


def add(app: FastAPI, settings: Settings, *, max_body_bytes: int) -> None:
    """Add ``GET /`` and ``GET /viewer/{name}``.

    Parameters
    ----------
    app : FastAPI
    settings : Settings
        Whether uploads are offered, and from which buckets.
    max_body_bytes : int
        Of a request.
    """
    buckets = [settings.upload_bucket, settings.result_bucket]
    named = [bucket for bucket in buckets if bucket is not None]
    uploads = len(named) == len(buckets)
    headers = {
        "content-security-policy": page.policy(
            *map(page.origin_of, named if uploads else []), ancestors=settings.frame_ancestors
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
    }

    def offer() -> page.Offer:
        """Asked late: a report's route is added after the page's."""
        return page.Offer(
            version=__version__,
            max_body_bytes=max_body_bytes,
            max_upload_bytes=settings.max_image_bytes if uploads else None,
            report=any(getattr(route, "path", "") == "/report" for route in app.routes),
        )

    @app.get("/", include_in_schema=False)
    async def home(request: Request) -> Response:
        last = _unclosed(request)
        if last is not None and ARRIVED not in request.query_params:
            return Response(status_code=307, headers={**headers, "location": f"{last}/?{ARRIVED}"})
        return _sent(request, page.page(offer()), headers, cache_control=ASK_AGAIN)

    @app.get("/viewer/{name}", include_in_schema=False)
    async def part(request: Request, name: str) -> Response:
        if name not in page.NAMES:
            raise NotFoundError("The page has no such file.")
        file = page.file(name)
        current = request.query_params.get("v") == file.version
        return _sent(request, file, headers, cache_control=FOREVER if current else ASK_AGAIN)


def _sent(request: Request, file: page.File, headers: dict[str, str], *, cache_control: str) -> Response:
    """The file, or word that the caller has it already."""
    etag = f'"{file.version}"'
    sent = {**headers, "etag": etag, "cache-control": cache_control}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=sent)
    return Response(file.text, media_type=file.media_type, headers=sent)


def _unclosed(request: Request) -> str | None:
    """Last part of the address at the gateway, such as the stage, if no slash ends it; else None.

    From ``…/v1``, the page's relative addresses would lead past the stage.
    """
    event: dict[str, Any] = request.scope.get("aws.event") or {}
    context = event.get("requestContext") or {}
    path = str(context.get("path") or (context.get("http") or {}).get("path") or "/")
    return None if path.endswith("/") else path.rpartition("/")[2]
