"""API Gateway on this machine: HTTP requests become events of a REST API with a stage, for the emulator.

As the gateway does, it takes the stage off the path, carries binary bodies as base64, and answers itself
where a route is not there or a key is missing.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.contract.cloudformation import RESOURCES
from tests.emulator.runtime import Sandbox

STAGE = "/v1"


API: dict[str, Any] = RESOURCES["Api"]["Properties"]
PATHS: dict[str, Any] = API["DefinitionBody"]["paths"]
TYPES = {name.replace("~1", "/") for name in API["BinaryMediaTypes"]}


def route_of(method: str, path: str) -> dict[str, Any] | None:
    """What the template says of a route; None if there is none."""
    for pattern, methods in PATHS.items():
        shape = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pattern))
        if re.fullmatch(shape, path) and method.lower() in methods:
            found: dict[str, Any] = methods[method.lower()]
            return found
    return None


def gateways_own(name: str) -> tuple[int, bytes]:
    """An answer that the gateway gives itself, as the template has it."""
    response = API["GatewayResponses"][name]
    text = response["ResponseTemplates"]["application/json"].replace("$context.requestId", "of-the-gateway")
    return int(response["StatusCode"]), text.encode()


class Gateway:
    """Requests that came, and the key that is asked for.

    Parameters
    ----------
    sandbox : Sandbox
    key : str or None
        What the header ``x-api-key`` has to hold; None: all is open.
    """

    def __init__(self, sandbox: Sandbox, key: str | None = None) -> None:
        self.sandbox = sandbox
        self.key = key
        self.asked: list[str] = []
        self.one_at_a_time = Lock()

    def answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Any, bytes]:
        """Status, headers and body for a request."""
        parts = urlsplit(target)
        self.asked.append(f"{method} {target}")
        if parts.path != STAGE and not parts.path.startswith(f"{STAGE}/"):
            return self._own("MISSING_AUTHENTICATION_TOKEN")
        path = parts.path.removeprefix(STAGE) or "/"
        route = route_of(method, path)
        if route is None:
            return self._own("MISSING_AUTHENTICATION_TOKEN")
        if self.key is not None and "security" in route and headers.get("x-api-key") != self.key:
            return self._own("INVALID_API_KEY")
        if len(body) > 10_000_000:
            return self._own("REQUEST_TOO_LARGE")
        event = event_of(method, path, parts.path, parts.query, headers, body)
        # The emulator cannot be called twice at once.
        with self.one_at_a_time:
            found = self.sandbox.invoke(event)
        assert found["isBase64Encoded"] is False, "no route answers with bytes"
        return found["statusCode"], found["headers"], found["body"].encode()

    def _own(self, name: str) -> tuple[int, dict[str, str], bytes]:
        status, body = gateways_own(name)
        return status, {"content-type": "application/problem+json"}, body


def event_of(
    method: str, path: str, seen: str, query: str, headers: dict[str, str], body: bytes
) -> dict[str, Any]:
    """The event of a REST API for a request."""
    binary = headers.get("content-type", "").partition(";")[0] in TYPES
    values = parse_qs(query, keep_blank_values=True)
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: found[-1] for name, found in values.items()} or None,
        "multiValueQueryStringParameters": values or None,
        "requestContext": {"path": seen, "stage": STAGE[1:], "identity": {"sourceIp": "192.0.2.1"}},
        "body": (base64.b64encode(body).decode() if binary else body.decode()) if body else None,
        "isBase64Encoded": bool(body) and binary,
    }


@contextmanager
def listening(gateway: Gateway) -> Iterator[str]:
    """Serve a gateway; its address without a slash at the end, as the stack's output has it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, sent, text = gateway.answer(self.command, self.path, headers, body)
            self.send_response(status)
            for name, value in sent.items():
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{STAGE}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
