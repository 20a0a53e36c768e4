"""S3 on a bad day: a proxy before moto that fails requests as a plan says, and counts what got through."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from enum import StrEnum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from time import sleep
from typing import ClassVar
from urllib.parse import urlsplit

from tests.cloud import RESULTS


class Fault(StrEnum):
    """What goes wrong with a request."""

    BUSY = "S3 answers 503"
    REFUSED = "the connection is closed before anything is done"
    LOST = "it is done, and the answer gets lost"
    SILENT = "nothing is done, and no answer comes"
    DENIED = "S3 answers 403"


Plan = Callable[[str, str], Fault | None]
"""From method and path to what goes wrong."""
SILENCE_S = 2.5
"""Longer than the clients of these tests wait."""
HOP = {"connection", "transfer-encoding", "content-length", "server", "date"}


class BadDay:
    """A proxy of S3.

    Parameters
    ----------
    endpoint : str
        Of moto.
    """

    def __init__(self, endpoint: str) -> None:
        self.plan: Plan = lambda _method, _path: None
        self.committed: Counter[str] = Counter()
        """How often a success was committed, by key of ``analysis.json``."""
        self.faults: Counter[Fault] = Counter()
        self.lock = Lock()
        self.commits = Lock()
        """S3 looks at a condition and writes in one step; moto takes two."""
        self.host = urlsplit(endpoint).netloc

    def note(self, method: str, path: str, body: bytes, status: int) -> None:
        """Count a request that moto has answered."""
        key = path.partition("?")[0].removeprefix(f"/{RESULTS}/")
        if method == "PUT" and key.endswith("/analysis.json") and status == 200:
            with self.lock:
                self.committed[key] += json.loads(body)["status"] == "succeeded"


class Proxy(BaseHTTPRequestHandler):
    """Fails a request as the plan says, or passes it on."""

    day: ClassVar[BadDay]
    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.day.plan(self.command, self.path)
        if fault is not None:
            with self.day.lock:
                self.day.faults[fault] += 1
        if fault in {Fault.REFUSED, Fault.SILENT}:
            sleep(SILENCE_S if fault is Fault.SILENT else 0)
            self.close_connection = True
            return
        if fault in {Fault.BUSY, Fault.DENIED}:
            status, code = (503, "SlowDown") if fault is Fault.BUSY else (403, "AccessDenied")
            self.reply(status, {}, b"" if self.command == "HEAD" else error_xml(code))
            return
        with self.day.commits if self.path.endswith("/analysis.json") else nullcontext():
            status, headers, answer = self.forward(body)
        self.day.note(self.command, self.path, body, status)
        if fault is Fault.LOST:
            self.close_connection = True
            return
        self.reply(status, headers, answer)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_one

    def forward(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self.day.host, timeout=10)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        headers = {k: v for k, v in answer.getheaders() if k.lower() not in HOP}
        if self.command == "HEAD":
            headers["Content-Length"] = answer.getheader("Content-Length") or "0"
        data = answer.read()
        connection.close()
        return answer.status, headers, data

    def reply(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def bad_day(endpoint: str) -> Iterator[tuple[str, BadDay]]:
    """Run the proxy; yields its address and its plan."""
    day = Proxy.day = BadDay(endpoint)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", day
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def error_xml(code: str) -> bytes:
    """An error of S3, with words that must go nowhere."""
    return f"<Error><Code>{code}</Code><Message>DOE^JANE</Message></Error>".encode()
