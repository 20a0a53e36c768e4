"""The page of ``examples/`` asks a service of another origin, and draws the boxes where they belong."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, FilePayload

from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from tests.browser.conftest import WAIT_MS, serving
from tests.emulator.runtime import ROOT

pytestmark = pytest.mark.browser
PNG: FilePayload = {
    "name": "scan.png",
    "mimeType": "image/png",
    "buffer": to_png(make_phantom(seed=1)),
}
TEXT: FilePayload = {"name": "x.txt", "mimeType": "text/plain", "buffer": b"text"}


@contextmanager
def page_of_somebody() -> Iterator[str]:
    """The folder of the examples, served as any web server would; its origin."""
    handler = partial(SimpleHTTPRequestHandler, directory=ROOT / "examples")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_an_image_gets_its_boxes(browser: Browser) -> None:
    with page_of_somebody() as origin, serving(CORS_ORIGIN=origin) as service:
        page = browser.new_page()
        page.goto(f"{origin}/page.html?api={service}")
        page.set_input_files("#file", PNG)
        page.wait_for_selector(".box", timeout=WAIT_MS)

        picture, box = (page.locator(name).first.bounding_box() for name in ("#picture", ".box"))
        assert picture is not None and box is not None
        assert picture["x"] <= box["x"] and box["x"] + box["width"] <= picture["x"] + picture["width"] + 4
        assert picture["y"] <= box["y"] and box["y"] + box["height"] <= picture["y"] + picture["height"] + 4
        assert "Research use only" in page.inner_text("#told")

        page.set_input_files("#file", TEXT)
        page.wait_for_function("document.querySelector('#told').textContent.startsWith('unsupported_media')")
        page.close()
