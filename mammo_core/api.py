"""The HTTP door: FastAPI over the service. Knows no AWS; ``handler.py`` adapts it to Lambda."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import cache
from time import perf_counter
from typing import Annotated
from uuid import uuid4

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from mammo_core import (
    __version__,
    log,
    openapi,
    openapi_page,
    request_body,
    routes_report,
    routes_uploads,
    routes_viewer,
)
from mammo_core import schemas as wire
from mammo_core.attempt import place
from mammo_core.errors import InvalidRequestError, MammoError
from mammo_core.measures import readings
from mammo_core.metrics import emit
from mammo_core.problems import PROBLEM_JSON, RETRY_AFTER_S, describe, errors, problem
from mammo_core.schemas.events import UploadQuery
from mammo_core.schemas.requests import AnalyzeQuery, ReportQuery
from mammo_core.service import AnalysisService

ANALYSES = ("/analyze", "/report")
QUERIES: dict[str, type[BaseModel]] = {"/report": ReportQuery, "/uploads": UploadQuery}
"""Of the routes that take another query than ``POST /analyze``."""
UNEXPECTED = "An unexpected error. It was logged under this request id."


def create_app(service: AnalysisService, *, max_body_bytes: int | None = None) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    service : AnalysisService
    max_body_bytes : int or None
        Larger request bodies are refused; None leaves only the service's own limit on images.
    """
    app = FastAPI(
        title="mammo-core",
        version=__version__,
        description=f"Explained mammogram inference. {wire.DISCLAIMER}",
        docs_url=None,  # FastAPI's page loads its script from a public network
        redoc_url=None,
    )
    app.exception_handler(MammoError)(_on_error)
    app.exception_handler(RequestValidationError)(_on_invalid)
    app.exception_handler(HTTPException)(_on_http_error)
    app.middleware("http")(_answer_once)
    if service.settings.cors_origin is not None:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=[service.settings.cors_origin],
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=["x-request-id"],
        )
    app.state.metrics_namespace = service.settings.metrics_namespace
    _add_routes(app, service, max_body_bytes)
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Let the application describe itself as it is, worked out when somebody asks."""
    made = app.openapi
    app.openapi = cache(lambda: openapi.corrected(made()))  # type: ignore[method-assign]


def _add_routes(app: FastAPI, service: AnalysisService, max_body_bytes: int | None) -> None:
    limit = max_body_bytes or service.settings.max_image_bytes

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return Response(
            openapi_page.page_of(app.openapi()), media_type="text/html", headers=openapi_page.HEADERS
        )

    @app.get("/health", summary="Alive; never loads the model")
    async def health() -> wire.Health:
        return wire.Health(version=__version__)

    @app.get("/ready", summary="Loads the model and tells what works", responses=errors(500, 503))
    async def ready(request: Request) -> wire.Ready:
        answer, problems = await run_in_threadpool(service.ready)
        _line(request).problems.extend(problems)
        return answer

    @app.get("/model", summary="What the model declares about itself", responses=errors(500, 503))
    async def model() -> wire.ModelCard:
        return await run_in_threadpool(service.model_card)

    @app.post(
        "/analyze",
        summary="Analyse one mammogram",
        responses=errors(400, 404, 413, 415, 422, 500, 503),
        response_model=wire.Answer,
        openapi_extra={"requestBody": request_body.OPENAPI},
    )
    async def analyze(request: Request, query: Annotated[AnalyzeQuery, Query()]) -> Response:
        options = query.options()
        upload = await request_body.image_of(request, max_bytes=limit, settings=service.settings)
        options = replace(options, hints=upload.hints)
        served = await run_in_threadpool(service.analyze, upload.data, options)
        served.tell(_line(request))
        request.state.served = served
        # Serialised once, here: FastAPI would validate four megabytes of base64 a second time.
        return _json(served.answer)

    routes_report.add(app, service, max_body_bytes=limit)
    routes_uploads.add(app, service.settings)
    routes_viewer.add(app, service.settings, max_body_bytes=limit)


async def _answer_once(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Give the request an id and one log line, and turn a bug into a 500 that names only the id."""
    start = perf_counter()
    request.state.line = log.RequestLine(
        request_id=_request_id(request), method=request.method, route="unknown"
    )
    try:
        response = await call_next(request)
    except Exception as error:
        _line(request).problems.append(f"{type(error).__name__} [{place(error)}]")
        bug = problem(500, "internal_error", "Internal error", UNEXPECTED, _line(request).request_id)
        response = _answer(request, bug)
    line = _line(request)
    line.route = getattr(request.scope.get("route"), "path", None) or _own_path(request)
    line.status, line.duration_ms = response.status_code, round((perf_counter() - start) * 1000, 1)
    log.write(line)
    if line.route in ANALYSES:
        emit(request.app.state.metrics_namespace, *readings(line, getattr(request.state, "served", None)))
    response.headers["x-request-id"] = line.request_id
    return response


def _own_path(request: Request) -> str:
    """The path of a route that FastAPI adds itself; any other text is the caller's, and is not logged."""
    return "/openapi.json" if request.url.path.endswith("/openapi.json") else "unknown"


def _request_id(request: Request) -> str:
    """The id that Lambda's own log lines carry, else a new one."""
    context = request.scope.get("aws.context")
    return str(getattr(context, "aws_request_id", None) or uuid4())


def _line(request: Request) -> log.RequestLine:
    line: log.RequestLine = request.state.line
    return line


async def _on_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, MammoError):
        raise error
    if error.http_status >= 500:
        _line(request).problems.append(f"{type(error).__name__} [{place(error)}]")
    return _answer(request, describe(error, _line(request).request_id))


async def _on_invalid(request: Request, error: Exception) -> Response:
    """A query that does not fit; names the parameters and what was expected, never what came."""
    if not isinstance(error, RequestValidationError):
        raise error
    # A name that we do not know is the caller's text, and may be anything.
    known = QUERIES.get(request.scope["route"].path, AnalyzeQuery)
    detail = "; ".join(
        f"a parameter is not known; known are {', '.join(known.model_fields)}"
        if e["type"] == "extra_forbidden"
        else f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}"
        for e in error.errors()[:5]
    )
    return await _on_error(request, InvalidRequestError(f"The query is not valid. {detail}."))


async def _on_http_error(request: Request, error: Exception) -> Response:
    """No such route, or not with this method."""
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    body = problem(
        error.status_code, code, str(error.detail), "See /docs for the routes.", _line(request).request_id
    )
    return _answer(request, body, dict(error.headers or {}))


def _answer(request: Request, body: wire.Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as the answer of this request."""
    _line(request).code = body.code
    retry = {"retry-after": str(RETRY_AFTER_S)} if body.status == 503 else {}
    return _json(body, status=body.status, media_type=PROBLEM_JSON, headers={**retry, **(headers or {})})


def _json(
    body: BaseModel,
    *,
    status: int = 200,
    media_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> Response:
    return Response(body.model_dump_json(), status_code=status, media_type=media_type, headers=headers)
