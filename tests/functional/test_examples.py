"""The examples do what they say: on this machine, against a service, and past its limit through a bucket."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest
import requests

from mammo_core.api import create_app
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from tests.cloud import RESULTS, UPLOADS, Cloud
from tests.doors import serving
from tests.functional.test_worker import service_of, worker_of

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PHANTOM = make_phantom(seed=3, shape=(320, 256))


def run(name: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "scan.png"
    path.write_bytes(to_png(PHANTOM))
    return path


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    import client as example

    monkeypatch.setattr(example, "PAUSE_S", 0.1)
    return example


def test_a_file_is_analysed_on_this_machine(image: Path) -> None:
    done = run("analyze_file.py", image)

    assert done.returncode == 0, done.stderr
    assert "score " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Research use only.")
    assert (image.parent / "scan.overlay.png").read_bytes().startswith(b"\x89PNG")


def test_a_service_is_asked(image: Path) -> None:
    with serving(create_app(service_of())) as address:
        done = run("client.py", address, image)
        refused = run("client.py", address, Path(__file__))

    assert done.returncode == 0, done.stderr
    assert "1 region(s)" in done.stdout
    assert refused.returncode == 1
    assert refused.stderr.startswith("unsupported_media: ")
    assert "(request " in refused.stderr


def answered(status: int, body: bytes) -> requests.Response:
    reply = requests.Response()
    reply.status_code, reply._content = status, body
    return reply


def test_what_stands_in_between_and_nobody_there_are_told(client: ModuleType, image: Path) -> None:
    for reply, told in (
        (answered(502, b"<html>Bad gateway"), "No answer of the service, but status 502."),
        (answered(403, b'{"message": "Forbidden"}'), "403: None (request unknown)"),
    ):
        with pytest.raises(RuntimeError) as caught:
            client._told(reply)
        assert str(caught.value) == told

    nobody = run("client.py", "http://127.0.0.1:9", image)

    assert (nobody.returncode, "Traceback" in nobody.stderr) == (1, False)
    assert "127.0.0.1" in nobody.stderr


def test_a_service_that_is_busy_for_a_moment_is_asked_again(
    client: ModuleType, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = answered(200, b'{"url": "https://b", "fields": {}, "analysis": "analyses/1"}')
    states = [
        answered(503, b""),
        answered(429, b""),
        answered(200, b'{"status": "succeeded", "answer": {"a": 1}}'),
    ]
    session = requests.Session()
    monkeypatch.setattr(client.requests, "post", lambda *_, **__: answered(204, b""))
    monkeypatch.setattr(session, "post", lambda *_, **__: offered)
    monkeypatch.setattr(session, "get", lambda *_, **__: states.pop(0))

    assert client.analyze("https://a", image, session, fits=10) == {"a": 1}
    assert states == []


def test_a_file_that_does_not_fit_goes_through_the_bucket(
    cloud: Cloud, client: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "view.dcm"
    path.write_bytes(to_dicom(PHANTOM))
    offered = service_of(upload_bucket=UPLOADS, result_bucket=RESULTS)
    handler = worker_of()

    with serving(create_app(offered)) as address, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(partial(client.analyze, address, path, requests.Session(), fits=1000))
        while not asked.done():
            cloud.pump(handler)
        direct = client.analyze(address, path, requests.Session())

    answer = asked.result()
    assert (answer["confidence"], answer["analysis_id"]) == (direct["confidence"], direct["analysis_id"])
    assert requests.get(answer["images"]["overlay"], timeout=10).content.startswith(b"\x89PNG")


def test_a_file_that_is_refused_behind_the_bucket_is_told(
    cloud: Cloud, client: ModuleType, tmp_path: Path
) -> None:
    path = tmp_path / "notes.dcm"
    path.write_bytes(b"not an image" * 200)
    handler = worker_of()

    with (
        serving(create_app(service_of(upload_bucket=UPLOADS, result_bucket=RESULTS))) as address,
        ThreadPoolExecutor(1) as pool,
    ):
        asked = pool.submit(partial(client.analyze, address, path, requests.Session(), fits=1000))
        while not asked.done():
            cloud.pump(handler)

    with pytest.raises(RuntimeError, match=r"^unsupported_media: "):
        asked.result()
