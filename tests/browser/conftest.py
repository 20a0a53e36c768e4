"""A browser, the services that it talks to, and what no page may do: complain, or break its policy."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests import phantom_model
from tests.browser.gateway import Gateway, listening
from tests.emulator.runtime import CREDENTIALS, ROOT, free_ports, sandbox

OUT = ROOT / "out" / "browser"
WAIT_MS = 60_000
"""For an answer: the machine may be busy."""
VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
Opens = Callable[..., "Visit"]


@dataclass
class Visit:
    """A person's visit to a page.

    Parameters
    ----------
    page : Page
    name : str
        Of the test: screenshots carry it.
    """

    page: Page
    name: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def look(self, what: str, *, whole: bool = False) -> None:
        """Keep a picture of what is seen."""
        OUT.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=OUT / f"{self.name}-{what}.png", full_page=whole)

    def send(self, *files: tuple[str, bytes]) -> None:
        """Choose files."""
        chosen: list[Any] = [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
        self.page.set_input_files("#files", chosen)

    def answered(self) -> None:
        """Wait for an answer in the panel."""
        self.page.wait_for_selector("#panel .verdict", timeout=WAIT_MS)

    def refused(self) -> str:
        """Wait for an error in place of a picture; what it says."""
        self.page.wait_for_selector(".card .row >> text=Remove", timeout=WAIT_MS)
        return self.page.inner_text(".card")

    def expect(self, pattern: str) -> None:
        """A complaint of the browser that belongs to the test, such as a status of 415."""
        self.expected.append(pattern)

    def unexpected(self) -> list[str]:
        """What the browser complained of."""
        return [each for each in self.complaints if not any(re.search(one, each) for one in self.expected)]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser that ``make browser`` found."""
    path = os.environ.get("BROWSER") or None
    sandboxed = os.geteuid() != 0  # Chromium's own sandbox does not start as root
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, chromium_sandbox=sandboxed)
        yield launched
        launched.close()


@pytest.fixture
def opens(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Opens]:
    """Open pages; when the test is over, none may have complained."""
    visits: list[Visit] = []
    contexts = []
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")

    def opened(address: str, **options: Any) -> Visit:  # noqa: ANN401 - playwright's options
        context = browser.new_context(**{"viewport": {"width": 1366, "height": 860}, **options})
        contexts.append(context)
        page = context.new_page()
        page.add_init_script(VIOLATIONS)
        visit = Visit(page, name)
        page.on("console", lambda message: _note(visit, message.type, message.text))
        page.on("pageerror", lambda error: visit.complaints.append(f"error: {error}"))
        page.on("request", lambda sent: _note_origin(visit, sent.url, address))
        page.goto(address)
        page.wait_for_selector(".sample img", timeout=WAIT_MS)
        visits.append(visit)
        return visit

    yield opened
    for context in contexts:
        context.close()
    assert [each for visit in visits for each in visit.unexpected()] == []


def _note(visit: Visit, kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        visit.complaints.append(f"{kind}: {text}")


def _note_origin(visit: Visit, url: str, address: str) -> None:
    if not url.startswith(("data:", "blob:", "/".join(address.split("/")[:3]))):
        visit.complaints.append(f"origin: {url}")


@contextmanager
def serving(**environment: str) -> Iterator[str]:
    """Run ``mammo serve``; its address."""
    (port,) = free_ports(1)
    server = subprocess.Popen(
        [sys.executable, "-m", "mammo_core", "serve", "--port", str(port)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **CREDENTIALS, "MODEL_URI": phantom_model.URI, **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/"
        for _ in range(600):
            try:
                urlopen(f"{address}health").close()
                break
            except OSError:
                assert server.poll() is None, "the server ended"
                time.sleep(0.1)
        yield address
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


@pytest.fixture(scope="session")
def served() -> Iterator[str]:
    """The address of ``mammo serve``."""
    with serving() as address:
        yield address


@pytest.fixture(scope="session")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the function in Lambda's runtime, behind a gateway with a stage."""
    with (
        sandbox(tmp_path_factory.mktemp("browser"), {"MODEL_URI": phantom_model.URI}) as function,
        listening(Gateway(function)) as address,
    ):
        yield address


@pytest.fixture(params=["served", "emulated"])
def address(request: pytest.FixtureRequest) -> str:
    """Both of them: each test that takes it is two."""
    found: str = request.getfixturevalue(request.param)
    return found
