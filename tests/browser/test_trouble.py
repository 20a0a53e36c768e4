"""What goes wrong is said in plain words, with what to do, where the picture would be."""

import io
import json
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Route

from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from tests import phantom_model
from tests.browser.conftest import Opens, serving
from tests.browser.gateway import Gateway, listening
from tests.emulator.runtime import sandbox

pytestmark = pytest.mark.browser
AGAIN = ".card button:has-text('Try again')"
PNG = to_png(make_phantom(seed=14, shape=(640, 520)))


def black() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((300, 240), dtype=np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "status", "words", "again"),
    [
        ("notes.txt", b"Dear colleague", 415, "This is not an image that can be read here.", 0),
        ("broken.png", PNG[:2000], 422, "The file is damaged or incomplete.", 0),
        ("black.png", black(), 422, "This does not look like a single mammographic view.", 0),
        ("empty.png", b"", None, "The file is empty.", 0),
    ],
    ids=["text", "broken", "black", "empty"],
)
def test_a_file_that_cannot_be_analysed(
    name: str, data: bytes, status: int | None, words: str, again: int, address: str, opens: Opens
) -> None:
    visit = opens(address)
    visit.expect(f"status of {status} ")

    visit.send((name, data))
    text = visit.refused()
    visit.look(name.partition(".")[0])

    assert words in text
    assert ("Request id" in text) is (status is not None)
    assert visit.page.locator(AGAIN).count() == again
    assert visit.page.inner_text("#said") == f"{name}: {words}"
    visit.page.click(".card >> text=Remove")
    assert visit.page.is_visible("#welcome")


def test_an_unsuitable_image_can_be_analysed_anyway_and_the_answer_says_so(served: str, opens: Opens) -> None:
    visit = opens(served)
    visit.expect("status of 422 ")
    grey = np.full((300, 240), 120, dtype=np.uint8)
    grey[::7] = 130
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")

    visit.send(("grey.png", buffer.getvalue()))
    assert "does not look like" in visit.refused()
    visit.page.click("text=Analyse it anyway")
    visit.answered()

    assert visit.page.locator(".warnings li").count() >= 2


def test_a_service_without_a_model(opens: Opens) -> None:
    with serving(MODEL_URI="file:///nowhere/model.mammo") as address:
        visit = opens(address)
        visit.expect("status of 503 ")
        visit.send(("L-CC.png", PNG))
        text = visit.refused()
        visit.look("503")
        assert "The service has no model it can load just now." in text
        assert visit.page.locator(AGAIN).count() == 1


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("failed", "This picture could not be drawn."),
        ("unavailable", "What this picture shows could not be computed."),
    ],
    ids=["failed", "unavailable"],
)
def test_one_missing_picture_says_why_and_the_others_are_there(
    state: str, words: str, served: str, opens: Opens
) -> None:
    visit = opens(served)
    page = visit.page

    def without_boxes(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["images"]["bbox"] = None
        body["image_status"]["bbox"] = {
            **dict.fromkeys(("media_type", "width", "height", "bytes", "scale")),
            "status": state,
            "reason": "could not be drawn: OSError",
        }
        route.fulfill(response=answer, body=json.dumps(body))

    page.route("**/analyze?*", without_boxes)
    visit.send(("L-CC.png", PNG))
    visit.answered()
    page.click("#tab-bbox")
    text = page.inner_text(".card")
    visit.look(state)
    page.click("#tab-heatmap_only")

    assert words in text
    assert "could not be drawn: OSError." in text
    assert page.locator(".pane img:not([hidden])").count() == 1
    assert page.is_hidden(".card")
    assert page.inner_text(".verdict") == "lesion"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (502, "<html>Bad gateway</html>", "The answer could not be read."),
        (504, '{"code": "gateway_timeout", "detail": "x", "request_id": "r"}', "The answer took too long."),
        (429, '{"code": "too_many_requests", "detail": "x"}', "That was too much at once."),
        (500, '{"code": "something_new", "detail": "x"}', "Something broke in the service."),
        (200, "not json", "The answer could not be read."),
    ],
    ids=["502", "504", "429", "500", "200"],
)
def test_a_gateway_in_between(status: int, body: str, words: str, served: str, opens: Opens) -> None:
    visit = opens(served)
    visit.expect(f"status of {status} ")
    visit.page.route("**/analyze?*", lambda route: route.fulfill(status=status, body=body))

    visit.send(("L-CC.png", PNG))

    assert words in visit.refused()
    visit.page.unroute("**/analyze?*")
    visit.page.click(AGAIN)
    visit.answered()


def test_a_connection_that_breaks(served: str, opens: Opens) -> None:
    visit = opens(served)
    visit.expect("ERR_FAILED")
    visit.page.route("**/analyze?*", lambda route: route.abort())

    visit.send(("L-CC.png", PNG))

    assert "The service cannot be reached." in visit.refused()


def test_an_image_that_is_sent_can_be_stopped(served: str, opens: Opens) -> None:
    visit = opens(served)
    visit.page.route("**/analyze?*", lambda route: None)

    visit.send(("L-CC.png", PNG), ("R-CC.png", PNG))
    visit.page.wait_for_selector(".card progress")
    visit.look("sending")
    visit.page.unroute("**/analyze?*")
    visit.page.click(".card >> text=Stop")

    assert "You stopped this one." in visit.refused()
    visit.page.wait_for_selector("#cases li.done", timeout=60_000)


def test_a_press_that_has_begun_is_not_lost_while_the_sending_goes_on(served: str, opens: Opens) -> None:
    """Each step of the progress is told; the buttons stay the same ones, and keep the focus."""
    visit = opens(served)
    page = visit.page
    page.add_init_script(
        "XMLHttpRequest.prototype.send = function () { window.sent = this; };"
        "window.step = (loaded) => sent.upload.onprogress({ lengthComputable: true, loaded, total: 100 });"
    )
    page.reload()
    visit.send(("L-CC.png", PNG), ("R-CC.png", PNG))
    page.wait_for_selector(".card >> text=Stop")
    page.evaluate("() => step(10)")
    page.focus(".card button")
    page.evaluate("() => { window.stop1 = document.activeElement; }")
    page.evaluate("() => { window.other = document.querySelectorAll('#cases .remove')[1]; }")

    page.evaluate("() => step(42)")

    assert page.evaluate("() => document.activeElement === stop1 && stop1.isConnected")
    assert page.evaluate("() => other.isConnected"), "the image that waits"
    assert page.inner_text(".card h3") == "Sending … 42 %"
    assert page.locator(".card progress").evaluate("(bar) => bar.value") == 0.42
    page.focus("#cases .remove >> nth=0")
    page.evaluate("() => step(50)")
    assert page.evaluate("() => document.activeElement.className") == "remove"
    assert "Sending 50 %" in page.inner_text("#cases li >> nth=0")


def test_text_from_elsewhere_is_text(served: str, opens: Opens) -> None:
    visit = opens(served)
    name = "<img src=x onerror=alert(1)>.png"

    visit.send((name, PNG))
    visit.answered()

    assert visit.page.inner_text(".pane .name") == name
    assert visit.page.locator("img[src=x]").count() == 0


class TestAKey:
    def test_is_asked_for_and_kept_for_this_tab(
        self, opens: Opens, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        with sandbox(tmp_path_factory.mktemp("keys"), {"MODEL_URI": phantom_model.URI}) as function:
            gateway = Gateway(function, key="open-sesame")
            with listening(gateway) as address:
                visit = opens(address)
                page = visit.page
                visit.expect("status of 403 ")
                visit.send(("L-CC.png", PNG))
                page.wait_for_selector("#key-dialog[open]")
                why = page.inner_text("#key-why")
                visit.look("asked")
                page.fill("#key", "wrong")
                page.keyboard.press("Enter")
                page.wait_for_selector("#key-why:has-text('not accepted')")
                page.fill("#key", "open-sesame")
                page.click("#key-form >> text=Continue")
                visit.answered()
                page.click("#about")
                page.wait_for_selector("#model-card table")
                kept = page.evaluate("() => [sessionStorage.length, localStorage.length, document.cookie]")

        assert why == "The request has to carry a valid key in the header x-api-key."
        assert kept == [1, 0, ""]
        assert page.input_value("#key") == "", "nobody reads it off the page"

    def test_is_asked_for_once_however_many_requests_want_it(self, served: str, opens: Opens) -> None:
        visit = opens(served)
        page = visit.page
        visit.expect("status of 403 ")

        def guarded(route: Route) -> None:
            if route.request.headers.get("x-api-key") == "open-sesame":
                route.continue_()
            else:
                body = json.dumps({"code": "forbidden", "detail": "A key is wanted.", "request_id": "1"})
                route.fulfill(status=403, body=body)

        page.route("**/analyze?*", guarded)
        page.route("**/model", guarded)
        page.click("#about")
        page.wait_for_selector("#key-dialog[open]")
        with page.expect_response("**/analyze?*"):
            visit.send(("L-CC.png", PNG))
        page.fill("#key", "open-sesame")
        page.keyboard.press("Enter")

        visit.answered()
        page.wait_for_selector("#model-card table", state="attached")
        assert page.is_hidden("#key-dialog")

    def test_may_be_refused(self, served: str, opens: Opens) -> None:
        visit = opens(served)
        visit.expect("status of 401 ")
        body = json.dumps({"code": "unauthorized", "detail": "A token is wanted.", "request_id": "1"})
        visit.page.route("**/analyze?*", lambda route: route.fulfill(status=401, body=body))

        visit.send(("L-CC.png", PNG))
        visit.page.wait_for_selector("#key-dialog[open]")
        label = visit.page.inner_text("#key-label")
        visit.page.click("#key-cancel")

        assert label == "Token"
        assert re.search("You are not signed in.", visit.refused())
