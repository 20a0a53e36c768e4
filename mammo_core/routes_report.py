"""The route that answers with a document to read and keep."""

from base64 import b64encode
from dataclasses import replace
from typing import Annotated

from fastapi import FastAPI, Query, Request
from starlette.concurrency import run_in_threadpool

from mammo_core import request_body
from mammo_core import schemas as wire
from mammo_core.options import DocumentFormat
from mammo_core.problems import errors
from mammo_core.report.document import document_of
from mammo_core.schemas.requests import ReportQuery
from mammo_core.service import AnalysisService


def add(app: FastAPI, service: AnalysisService, *, max_body_bytes: int) -> None:
    """Add ``POST /report``.

    Parameters
    ----------
    app : FastAPI
    service : AnalysisService
    max_body_bytes : int
        Larger request bodies are refused.
    """

    @app.post(
        "/report",
        summary="Analyse one mammogram, and answer with a page to read",
        responses=errors(400, 404, 413, 415, 422, 500, 503),
        openapi_extra={"requestBody": request_body.OPENAPI},
    )
    async def report(request: Request, query: Annotated[ReportQuery, Query()]) -> wire.ReportOut:
        options = query.options()
        upload = await request_body.image_of(request, max_bytes=max_body_bytes, settings=service.settings)
        options = replace(options, hints=upload.hints)
        served = await run_in_threadpool(service.analyze, upload.data, options)
        served.tell(request.state.line)
        request.state.served = served
        document = await run_in_threadpool(document_of, served.answer, query.document)
        as_pdf = query.document is DocumentFormat.PDF
        # No route answers with binary: a gateway would hand it on as text.
        return wire.ReportOut(
            pdf=b64encode(document).decode() if as_pdf else None,
            html=None if as_pdf else document.decode(),
            analysis_id=served.answer.analysis_id,
            warnings=served.answer.warnings,
        )
