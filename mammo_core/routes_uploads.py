"""The routes for files that are too large for a request: a form to upload one, and its result."""

from typing import Annotated

from fastapi import FastAPI, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from mammo_core import analyses, uploads
from mammo_core.problems import errors
from mammo_core.schemas.events import AnalysisState, UploadOut, UploadQuery
from mammo_core.settings import Settings


def add(app: FastAPI, settings: Settings) -> None:
    """Add ``POST /uploads`` and ``GET /analyses/{id}``; without their buckets, they answer 404.

    Parameters
    ----------
    app : FastAPI
    settings : Settings
    """

    @app.post("/uploads", summary="A form for one larger file", responses=errors(400, 404, 500, 503))
    async def upload(request: Request, query: Annotated[UploadQuery, Query()]) -> UploadOut:
        request_id: str = request.state.line.request_id
        return await run_in_threadpool(uploads.offer, query, settings=settings, request_id=request_id)

    @app.get(
        "/analyses/{id}",
        summary="What became of an upload",
        responses=errors(400, 404, 500, 503),
    )
    async def analysis(
        upload_id: Annotated[str, Path(alias="id", description="As POST /uploads gave it.")],
    ) -> AnalysisState:
        return await run_in_threadpool(analyses.state_of, upload_id, settings=settings)
