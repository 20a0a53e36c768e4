"""``mammo serve`` answers over HTTP on the port that the environment names, and ends when it is told to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from urllib.request import Request, urlopen

from typer.testing import CliRunner

from mammo_core.cli import app
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_the_service_runs_on_the_port_of_the_environment() -> None:
    port = free_port()
    environment = {**os.environ, "PORT": str(port)}
    server = subprocess.Popen(
        [sys.executable, "-m", "mammo_core", "serve"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        base = f"http://127.0.0.1:{port}"
        for _ in range(150):
            try:
                health = json.load(urlopen(f"{base}/health"))
                break
            except OSError:
                assert server.poll() is None, "the server ended"
                time.sleep(0.1)
        png = to_png(make_phantom(seed=3, shape=(320, 256)))
        request = Request(f"{base}/analyze?images=original", data=png, headers={"Content-Type": "image/png"})
        answer = json.load(urlopen(request))
    finally:
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=20)

    assert health["status"] == "ok"
    assert answer["image_status"]["original"]["status"] == "ok"
    assert f"http://0.0.0.0:{port}" in log, "a container host must reach it"
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["route"] for line in lines if line["route"] == "/analyze"] == ["/analyze"]


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        result = CliRunner().invoke(app, ["serve", "--host", "127.0.0.1", "--port", str(port)])

    assert result.exit_code == 2
    assert f"Port {port} is in use" in result.stderr
    assert "mammo serve --port " in result.stderr
