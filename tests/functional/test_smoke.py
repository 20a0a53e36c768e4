"""``scripts/smoke.py`` passes against a working server, and fails against one of which a part is broken."""

import importlib.util
import io
import json
import os
import re
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mammo_core.api import create_app
from mammo_core.service import build_service
from tests.doors import serving
from tests.gateway_signatures import is_signed
from tests.mammograms import three_files

ROOT = Path(__file__).resolve().parents[2]
DEPLOY_PAGE = ROOT / "docs" / "deploy.md"
PICTURES = ("original", "overlay", "heatmap_only", "bbox", "cancer_type")
Spoil = Callable[[dict[str, Any]], None]
Admits = Callable[[Request, bytes], bool]


def load_smoke() -> ModuleType:
    spec = importlib.util.spec_from_file_location("smoke", ROOT / "scripts" / "smoke.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["smoke"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


SMOKE = load_smoke()


class Door:
    """Lets requests pass that prove who calls, as the gateway does, and spoils what an analysis answers.

    Parameters
    ----------
    application : ASGIApp
    admits : callable
        Whether a request with a body proves who calls.
    spoil : callable or None
    """

    def __init__(
        self, application: ASGIApp, *, admits: Admits = lambda *_: True, spoil: Spoil | None = None
    ) -> None:
        self._application, self._admits, self._spoil = application, admits, spoil

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body_sent = await request.body()

        async def again() -> Message:
            return {"type": "http.request", "body": body_sent, "more_body": False}

        receive = again
        path = request.url.path
        opened = path in {"/", "/health", "/docs", "/openapi.json"} or path.startswith("/viewer/")
        if not opened and not self._admits(request, body_sent):
            body = {"code": "forbidden", "request_id": "1"}
            refused = JSONResponse(body, 403, media_type="application/problem+json")
            await refused(scope, receive, send)
        elif self._spoil is not None and request.url.path == "/analyze":
            await (await self._spoiled(scope, receive))(scope, receive, send)
        else:
            await self._application(scope, receive, send)

    async def _spoiled(self, scope: Scope, receive: Receive) -> Response:
        sent: list[Any] = []

        async def keep(message: Any) -> None:  # noqa: ANN401 - an ASGI message
            sent.append(message)

        await self._application(scope, receive, keep)
        start, *parts = sent
        body = json.loads(b"".join(part.get("body", b"") for part in parts))
        headers = {k.decode(): v.decode() for k, v in start["headers"] if k != b"content-length"}
        if start["status"] == 200 and self._spoil is not None:
            self._spoil(body)
        return Response(json.dumps(body), start["status"], headers)


def signed(request: Request, body: bytes) -> bool:
    """Whether a request is signed with the key that tests have."""
    address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return is_signed(request.method, address, request.headers, body, secret="testing")


def failures(url: str, *arguments: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Run the program; what it says of the checks that fail."""
    status = SMOKE.main([url, *arguments])
    lines = capsys.readouterr().out.splitlines()
    found = {line[6:18].strip(): line[18:] for line in lines if line.startswith("FAIL")}
    total = len(SMOKE.CHECKS)
    assert len([line for line in lines if line[:4] in {"ok  ", "FAIL"}]) == total
    assert lines[-1] == f"{total - len(found)} of {total} checks hold"
    assert status == (1 if found else 0)
    return found


@pytest.fixture(scope="module")
def application() -> ASGIApp:
    return create_app(build_service())


def test_a_working_server_passes(application: ASGIApp, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(application) as url:
        assert failures(url, capsys=capsys) == {}


def test_a_server_behind_a_key_passes_with_the_key(
    application: ASGIApp, capsys: pytest.CaptureFixture[str]
) -> None:
    def admits(request: Request, _: bytes) -> bool:
        return request.headers.get("x-api-key") == "secret"

    with serving(Door(application, admits=admits)) as url:
        assert failures(url, "--api-key", "secret", capsys=capsys) == {}


def test_a_server_that_checks_signatures_as_the_gateway_does_passes_with_one_and_not_with_another_key(
    application: ASGIApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Door(application, admits=signed)) as url:
        assert failures(url, "--sigv4", capsys=capsys) == {}
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody's")
        assert "403" in failures(url, "--sigv4", capsys=capsys)["ready"]


def test_the_python_program_of_the_page_about_deployment_gets_its_answer(
    application: ASGIApp, tmp_path: Path
) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```", DEPLOY_PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "view.dcm").write_bytes(three_files()["3.dcm"])
    with serving(Door(application, admits=signed)) as url:
        environment = {**os.environ, "API_URL": url, "AWS_REGION": "eu-central-1"}
        command = [sys.executable, "-c", program]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment
        )

    assert (done.returncode, done.stderr) == (0, "")
    label, score, regions = done.stdout.split()
    assert label and 0.0 <= float(score) <= 1.0 and int(regions) >= 1
    with Image.open(tmp_path / "overlay.png") as overlay:
        assert overlay.format == "PNG"


def test_a_server_that_asks_for_a_token_passes_with_the_token(
    application: ASGIApp, capsys: pytest.CaptureFixture[str]
) -> None:
    def admits(request: Request, _: bytes) -> bool:
        return request.headers.get("authorization") == "a.b.c"

    with serving(Door(application, admits=admits)) as url:
        assert failures(url, "--token", "a.b.c", capsys=capsys) == {}


def test_a_server_that_should_ask_for_a_key_and_does_not_fails(
    application: ASGIApp, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(application) as url:
        assert set(failures(url, "--api-key", "secret", capsys=capsys)) == {"door"}


@pytest.mark.parametrize("name", PICTURES)
def test_a_server_whose_renderer_for_one_picture_is_gone_fails_and_the_picture_is_named(
    name: str, application: ASGIApp, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import mammo_core.render

    # As if the file had not been copied into the deployed folder.
    monkeypatch.setitem(sys.modules, f"mammo_core.render.{name}", None)
    monkeypatch.delattr(mammo_core.render, name, raising=False)
    monkeypatch.delitem(sys.modules, "mammo_core.render.album", raising=False)
    monkeypatch.delattr(mammo_core.render, "album", raising=False)

    with serving(application) as url:
        found = failures(url, capsys=capsys)

    assert {"ready", "pictures"} <= set(found)
    assert "score" not in found
    assert name in found["ready"]
    assert found["pictures"].startswith(f"{name} is missing: failed")


def flat(answer: dict[str, Any]) -> str:
    status = answer["image_status"]["overlay"]
    buffer = io.BytesIO()
    Image.new("RGB", (status["width"], status["height"]), (40, 0, 80)).save(buffer, "PNG")
    return b64encode(buffer.getvalue()).decode()


def spoil_image(name: str, value: Callable[[dict[str, Any]], object]) -> Spoil:
    def spoil(answer: dict[str, Any]) -> None:
        answer["images"][name] = value(answer)

    return spoil


@pytest.mark.parametrize(
    ("spoil", "check", "words"),
    [
        (spoil_image("overlay", flat), "overlay", "overlay is blank"),
        (spoil_image("overlay", lambda a: a["images"]["original"]), "overlay", "of overlay is coloured"),
        (spoil_image("heatmap_only", lambda a: a["images"]["original"]), "heatmap", "is red or yellow"),
        (spoil_image("bbox", lambda a: a["images"]["original"]), "boxes", "bbox shows no box"),
        (
            spoil_image("original", lambda a: f"data:image/png;base64,{a['images']['original']}"),
            "pictures",
            "raw base64 was expected",
        ),
        (spoil_image("original", lambda _: "AAAA"), "pictures", "cannot identify image"),
        (lambda answer: answer["findings"].update(num_regions=9), "boxes", "9 regions were found"),
        (lambda answer: answer.update(confidence=None), "score", "has another form"),
        (lambda answer: answer.pop("image_status"), "pictures", "'image_status'"),
    ],
)
def test_a_server_that_answers_something_wrong_fails(
    spoil: Spoil,
    check: str,
    words: str,
    application: ASGIApp,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(Door(application, spoil=spoil)) as url:
        found = failures(url, capsys=capsys)

    assert words in found[check]


def test_an_address_that_is_none_is_wrong_usage() -> None:
    with pytest.raises(SystemExit, match="2"):
        SMOKE.main(["api.example.com/v1"])


def test_an_address_where_nobody_answers_fails_every_check_that_asks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

    found = failures(f"http://127.0.0.1:{port}", capsys=capsys)

    assert set(found) == {check.__name__ for check in SMOKE.CHECKS} - {"door"}
    assert "cannot be reached" in found["health"]


def test_a_signature_is_made_for_the_gateway_in_the_region_of_the_address() -> None:
    prove = SMOKE.sigv4(None)
    address = "https://abc123.execute-api.eu-west-1.amazonaws.com/v1/analyze"

    headers = prove("POST", address, b"image", {"Content-Type": "image/png"})

    assert headers["Content-Type"] == "image/png"
    assert "/eu-west-1/execute-api/aws4_request" in headers["Authorization"]
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=testing/")
