"""One analysis through every way in that needs no container: what the others are compared with."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from tests.doors import CHROME_ACCEPT, comparable, v1_event, v2_event
from tests.emulator.runtime import ROOT, free_ports
from tests.mammograms import MEDIA_TYPES, three_files

EVENTS = {"v1": v1_event, "v2": v2_event}
Answers = dict[str, dict[str, Any]]
"""By file name."""
KERNELS = "OPENBLAS_"
"""Variables by which a machine chooses how NumPy multiplies; sums then differ in the tenth digit."""


def plain_environment() -> dict[str, str]:
    """The environment with what a container on this machine would not have taken out."""
    return {name: value for name, value in os.environ.items() if not name.startswith(KERNELS)}


def by_the_command_line(folder: Path) -> Answers:
    """``mammo analyze`` of all files at once; the pictures that it writes are those of its answers."""
    folder.mkdir()
    for name, data in three_files().items():
        (folder / name).write_bytes(data)
    paths = [str(folder / name) for name in three_files()]
    command = [sys.executable, "-m", "mammo_core", "analyze", *paths, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=plain_environment())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.pop("file") for answer in answers] == [Path(name).stem for name in three_files()]
    assert [answer.pop("path") for answer in answers] == paths, "whose answer it is, beside the answer"
    return dict(zip(three_files(), map(comparable, answers), strict=True))


@contextmanager
def web_server(folder: Path = ROOT) -> Iterator[str]:
    """``mammo serve`` of the package in a folder, as a process of its own; its address."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "mammo_core", "serve", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=plain_environment(), cwd=folder)
    try:
        for _ in range(300):
            try:
                urlopen(f"http://127.0.0.1:{port}/health").read()
                break
            except URLError:
                assert server.poll() is None, "the server ended"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def by_http(address: str, accept: str = CHROME_ACCEPT) -> Answers:
    """Each file as a raw body, asked for as a browser does or otherwise."""
    answers = {}
    for name, data in three_files().items():
        headers = {"Content-Type": MEDIA_TYPES[name], "Accept": accept}
        with urlopen(Request(f"{address}/analyze", data, headers), timeout=90) as reply:
            assert reply.headers["Content-Type"] == "application/json"
            answers[name] = comparable(json.load(reply))
    return answers


def event_of(name: str, kind: str, accept: str = CHROME_ACCEPT) -> dict[str, Any]:
    """The gateway's event for a file; the browser's headers are among it, unless others are wanted."""
    event = EVENTS[kind]("POST", "/analyze", body=three_files()[name], content_type=MEDIA_TYPES[name])
    (header,) = [header for header in event["headers"] if header.lower() == "accept"]
    event["headers"][header] = accept
    return event


def of_event(answer: dict[str, Any]) -> dict[str, Any]:
    """What a function answered, after making sure that the gateway would pass it on as text."""
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False), answer
    return comparable(json.loads(answer["body"]))
