"""An S3 that serves one model, or fails in the way that a test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from time import sleep

from tests.phantom_model import BUNDLE

KEY = "m.mammo"
REFUSALS = {"403": (403, "AccessDenied"), "404": (404, "NoSuchKey"), "503": (503, "SlowDown")}


class FaultyS3:
    """What the server does and what it was asked.

    Parameters
    ----------
    port : int
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.mode = "ok"
        """``ok``, ``slow``, ``silence``, ``close``, ``403``, ``404`` or ``503``."""
        self.asked: list[str] = []
        self.ended = Event()

    def environment(self) -> dict[str, str]:
        """The function's settings."""
        return {
            "MODEL_URI": f"s3://models/{KEY}",
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}",
        }


@contextmanager
def faulty_s3() -> Iterator[FaultyS3]:
    """Start the server."""

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            s3.asked.append(self.path)
            mode = s3.mode
            if mode == "close":
                return
            if mode == "silence":
                s3.ended.wait(20)
                return
            if mode == "slow":
                sleep(1.0)
            if mode in REFUSALS:
                status, code = REFUSALS[mode]
                self._answer(status, f"<Error><Code>{code}</Code></Error>".encode())
            else:
                self._answer(200, BUNDLE)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{sha256(body).hexdigest()[:32]}"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    s3 = FaultyS3(server.server_port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield s3
    finally:
        s3.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
