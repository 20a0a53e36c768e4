"""A file that is too large for a request goes through a bucket, or is stopped before it is sent."""

from collections.abc import Iterator
from threading import Event, Thread
from typing import Any

import pytest

from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from tests import phantom_model
from tests.browser.conftest import Opens
from tests.browser.gateway import Gateway, listening
from tests.cloud import RESULTS, UPLOADS, Cloud
from tests.emulator.runtime import Sandbox, sandbox
from tests.functional.conftest import cloud, cloud_endpoint

__all__ = ["cloud", "cloud_endpoint"]
pytestmark = pytest.mark.browser
LARGE = to_dicom(make_phantom(seed=14, shape=(1900, 1544)))
SMALL = to_png(make_phantom(seed=14, shape=(640, 520)))


@pytest.fixture
def worker(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The function with buckets; S3 is this machine's."""
    environment = {
        "AWS_ENDPOINT_URL_S3": cloud.endpoint,
        "UPLOAD_BUCKET": UPLOADS,
        "RESULT_BUCKET": RESULTS,
        "MODEL_URI": phantom_model.URI,
    }
    with sandbox(tmp_path_factory.mktemp("large"), environment) as function:
        yield function


def test_a_large_file_goes_through_the_bucket(worker: Sandbox, cloud: Cloud, opens: Opens) -> None:
    assert len(LARGE) > 4_500_000
    gateway = Gateway(worker)
    done = Event()
    with listening(gateway) as address:
        visit = opens(address)
        page = visit.page
        visit.expect(f"origin: {cloud.endpoint}")
        pump = Thread(target=_pump, args=(cloud, gateway, done))
        pump.start()
        visit.send(("L-CC.dcm", LARGE))
        try:
            visit.answered()
        finally:
            done.set()
            pump.join()
        page.wait_for_function("() => [...document.images].filter((i) => !i.hidden).every((i) => i.complete)")
        visit.look("answer")
        with page.expect_download() as saved:
            page.click("text=Save this picture")

    asked = [line.partition("?")[0] for line in gateway.asked]
    assert "POST /v1/analyze" not in asked
    assert "POST /v1/uploads" in asked
    assert page.inner_text(".verdict") == "lesion"
    assert saved.value.suggested_filename == "L-CC-overlay.png"
    assert saved.value.path().read_bytes()[:4] == b"\x89PNG"


def _pump(cloud: Cloud, gateway: Gateway, done: Event) -> None:
    """Lambda's part: hand what the queue holds to the function, one call at a time."""

    def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
        with gateway.one_at_a_time:
            answer: dict[str, Any] = gateway.sandbox.invoke(event)
        return answer

    while not done.wait(0.3):
        cloud.pump(handler, most=1)


def test_a_broken_large_file_says_what_the_worker_found(worker: Sandbox, cloud: Cloud, opens: Opens) -> None:
    gateway = Gateway(worker)
    done = Event()
    with listening(gateway) as address:
        visit = opens(address)
        visit.expect(f"origin: {cloud.endpoint}")
        pump = Thread(target=_pump, args=(cloud, gateway, done))
        pump.start()
        visit.send(("noise.bin", bytes(5_000_000)))
        try:
            text = visit.refused()
        finally:
            done.set()
            pump.join()

    assert "This is not an image that can be read here." in text


def test_a_bucket_that_refuses_is_told(worker: Sandbox, cloud: Cloud, opens: Opens) -> None:
    with listening(Gateway(worker)) as address:
        visit = opens(address)
        visit.expect(f"origin: {cloud.endpoint}|status of 403 ")
        cors = {"access-control-allow-origin": "*"}
        visit.page.route(
            f"{cloud.endpoint}/{UPLOADS}",
            lambda route: route.fulfill(status=403, headers=cors, body="<Error/>"),
        )
        visit.send(("L-CC.dcm", LARGE))
        text = visit.refused()

    assert "The storage did not take the file." in text
    assert "The storage answered 403." in text


def test_without_buckets_a_large_file_is_not_even_sent(emulated: str, opens: Opens) -> None:
    visit = opens(emulated)
    asked: list[str] = []
    visit.page.on("request", lambda request: asked.append(request.url))

    visit.send(("L-CC.dcm", LARGE))
    text = visit.refused()
    visit.look("too-large")

    assert "larger than a request to this service may be" in text
    assert "at most 4.5 MB are accepted" in text
    assert asked == []
