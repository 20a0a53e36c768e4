"""The doors of the service, opened for tests: HTTP client, Lambda events, the lines of the log."""

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from time import sleep
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient
from starlette.types import ASGIApp

from handler import make_handler
from mammo_core.api import create_app
from mammo_core.models.protocol import Model
from mammo_core.models.provider import ModelProvider
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FixedModel

CHROME_ACCEPT = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
)


def service_with(model: Model, **settings: Any) -> AnalysisService:  # noqa: ANN401 - any setting
    """Build a service around a loaded model."""
    return AnalysisService(Settings(**settings), ModelProvider(FixedModel(model)))


def client_of(service: AnalysisService) -> TestClient:
    """Open the HTTP door."""
    return TestClient(create_app(service))


@contextmanager
def serving(application: ASGIApp) -> Iterator[str]:
    """The application behind a real port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        # Setting up uvicorn's own logging closes all handlers there are, and absl's closes pytest's stderr.
        server = uvicorn.Server(uvicorn.Config(application, log_config=None, ws="none", lifespan="off"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@dataclass(frozen=True)
class LambdaContext:
    """What the code reads of the runtime's context."""

    aws_request_id: str = "11111111-2222-3333-4444-555555555555"


def v1_event(
    method: str, path: str, *, body: bytes | None = None, query: dict[str, str] | None = None, **headers: str
) -> dict[str, Any]:
    """Make an event of a REST API; the body is base64, as for binary media types."""
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {"Accept": CHROME_ACCEPT, "Host": "api.example.com", **_names(headers)},
        "multiValueHeaders": None,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {k: [v] for k, v in query.items()} if query else None,
        "requestContext": {"path": f"/prod{path}", "stage": "prod", "identity": {"sourceIp": "192.0.2.1"}},
        "body": None if body is None else base64.b64encode(body).decode(),
        "isBase64Encoded": body is not None,
    }


def v2_event(
    method: str, path: str, *, body: bytes | None = None, query: dict[str, str] | None = None, **headers: str
) -> dict[str, Any]:
    """Make an event of an HTTP API or a function URL."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "&".join(f"{k}={v}" for k, v in (query or {}).items()),
        "headers": {"accept": CHROME_ACCEPT, "host": "api.example.com", **_names(headers)},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "stage": "$default",
        },
        "body": None if body is None else base64.b64encode(body).decode(),
        "isBase64Encoded": body is not None,
    }


def call(service: AnalysisService, event: dict[str, Any]) -> dict[str, Any]:
    """Send an event through the Lambda door."""
    return make_handler(service)(event, LambdaContext())


def log_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The JSON lines that were logged since the last look."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs between two runs of the same analysis."""
    return {key: value for key, value in answer.items() if key not in {"timings_ms", "cold_start"}}


def _names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
