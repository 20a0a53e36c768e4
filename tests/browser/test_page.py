"""What a person does with the page: send an image, look at five pictures, follow a region, compare two."""

import io
import json
import re

import pytest
from PIL import Image
from playwright.sync_api import Page

from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import PictureName, ViewPosition
from tests.browser.conftest import WAIT_MS, Opens

pytestmark = pytest.mark.browser
PHANTOM = make_phantom(seed=14, shape=(640, 520))
PNG = to_png(PHANTOM)
SHOWN = ".pane img:not([hidden])"
SIZE = """async (image) => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }"""
ALIKE = """(image) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
  return Array.from(data.filter((_, i) => i % 4 !== 3).filter((_, i) => i % 997 === 0)).join();
}"""


def tab(page: Page, name: str) -> None:
    page.click(f"#tab-{name}")
    page.wait_for_function("() => [...document.images].filter((i) => !i.hidden).every((i) => i.complete)")


@pytest.mark.parametrize("kind", ["png", "dicom"])
def test_an_image_becomes_five_pictures(kind: str, address: str, opens: Opens) -> None:
    visit = opens(address)
    page = visit.page
    visit.look("welcome")

    visit.send(("L-CC.png", PNG) if kind == "png" else ("x.dcm", to_dicom(PHANTOM)))
    visit.answered()

    seen = {}
    for name in PictureName:
        tab(page, name)
        images = page.query_selector_all(SHOWN)
        assert [image.evaluate(SIZE) for image in images] == [[520, 640]] * (2 if name == "overlay" else 1)
        seen[name] = images[-1].evaluate(ALIKE)
        assert page.get_attribute(f"#tab-{name}", "aria-selected") == "true"
        assert page.inner_text("#panes figcaption .name").startswith(("L-CC", "x.dcm"))
        visit.look(name)
    assert len(set(seen.values())) == 5, "each picture is another one"
    assert page.inner_text(".verdict") == "lesion"
    assert page.inner_text(".badge-word") == "Good"
    assert "Research use only." in page.inner_text(".notice")
    assert "L CC" in page.inner_text(".panel")


def test_a_sample_is_one_click_away(address: str, opens: Opens) -> None:
    visit = opens(address)
    names = visit.page.locator(".sample .sample-name").all_inner_texts()

    visit.page.click(".sample >> nth=2")
    visit.answered()

    assert names == ["Left CC", "Right CC", "Right MLO", "Left MLO"]
    assert visit.page.inner_text(".verdict") == "lesion"
    assert "R MLO" in visit.page.inner_text(".panel")
    visit.look("answer", whole=True)


def test_a_stage_without_a_slash_leads_to_the_page(emulated: str, opens: Opens) -> None:
    visit = opens(emulated)

    assert visit.page.url == f"{emulated}/"


def test_a_region_and_its_box_are_one(address: str, opens: Opens) -> None:
    visit = opens(address)
    page = visit.page
    visit.send(("L-CC.png", PNG))
    visit.answered()

    page.hover(".region")
    marked = page.get_attribute(".box", "class")
    visit.look("hover-of-the-list")
    page.mouse.move(1, 1)
    unmarked = page.get_attribute(".box", "class")
    page.hover(".box")
    other = page.get_attribute(".region", "class")
    page.mouse.move(1, 1)
    page.focus(".region")
    by_keyboard = page.get_attribute(".box", "class")
    page.click(".box")
    chosen = [page.get_attribute(one, "aria-pressed") for one in (".box", ".region")]

    assert (marked, unmarked, other, by_keyboard) == ("box hot", "box", "region hot", "box hot")
    assert chosen == ["true", "true"]
    for name in PictureName:
        tab(page, name)
        frame, image = (page.locator(one).bounding_box() for one in (".box", SHOWN + " >> nth=-1"))
        assert frame is not None
        assert image is not None
        box = json.loads(page.get_attribute(".box", "data-box") or "")
        scale = image["width"] / 520
        middle = image["x"] + (box["x1"] + box["x2"]) / 2 * scale
        assert abs(frame["x"] + frame["width"] / 2 - middle) < 1.5
        assert frame["width"] == pytest.approx(max(24, (box["x2"] - box["x1"]) * scale), abs=1.5)


def test_the_list_of_regions_says_where_none_is_looked_for(served: str, opens: Opens) -> None:
    visit = opens(served)
    oblique = make_phantom(seed=14, shape=(640, 520), view_position=ViewPosition.MLO)

    visit.send(("L-MLO.png", to_png(oblique)))
    visit.answered()

    told = visit.page.inner_text(".panel")
    assert "No region is looked for in the pectoral muscle" in told
    assert re.search(r"of the evidence lies on the breast, \d+ % in (this|these) region", told)


def test_zoom_and_place_are_the_same_on_every_tab(served: str, opens: Opens) -> None:
    visit = opens(served)
    page = visit.page
    visit.send(("L-CC.png", PNG))
    visit.answered()

    page.hover(".stage")
    page.mouse.wheel(0, -800)
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.mouse.move(stage["x"] + 300, stage["y"] + 300)
    page.mouse.down()
    page.mouse.move(stage["x"] + 360, stage["y"] + 340, steps=4)
    page.mouse.up()
    places = {}
    for name in PictureName:
        tab(page, name)
        places[name] = page.locator(".film").evaluate("(film) => film.style.transform")
    visit.look("zoomed")
    page.keyboard.press("Tab")
    page.focus(".stage")
    page.keyboard.press("0")

    assert page.inner_text("#zoom") == "100 %"
    assert len(set(places.values())) == 1
    assert page.locator(".film").evaluate("(film) => film.style.transform") not in places.values()


def test_heat_is_laid_over_the_original_as_strongly_as_wanted(served: str, opens: Opens) -> None:
    visit = opens(served)
    page = visit.page
    visit.send(("L-CC.png", PNG))
    visit.answered()
    tab(page, "overlay")

    shots = {}
    for percent in (0, 50, 100):
        page.fill("#opacity", str(percent))
        shots[percent] = _film(page)
    tab(page, "original")
    original = _film(page)

    assert page.is_hidden("#opacity-group")
    assert _difference(shots[0], original) == 0
    assert 0 < _difference(shots[50], original) < _difference(shots[100], original)


def test_level_and_window_change_the_original_only(served: str, opens: Opens) -> None:
    visit = opens(served)
    page = visit.page
    visit.send(("L-CC.png", PNG))
    visit.answered()
    tab(page, "original")
    plain = _film(page)

    page.fill("#width", "30")
    page.fill("#level", "35")
    windowed = _film(page)
    visit.look("windowed")
    page.click("#drag")
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    page.mouse.move(stage["x"] + 300, stage["y"] + 300)
    page.mouse.down()
    page.mouse.move(stage["x"] + 400, stage["y"] + 300, steps=4)
    page.mouse.up()
    dragged = int(page.input_value("#width"))
    tab(page, "bbox")
    assert page.is_hidden("#window-group")
    tab(page, "original")
    page.click("#invert")
    inverted = _film(page)
    page.click("#window-reset")

    assert _difference(plain, windowed) > 10
    assert dragged > 50
    assert _difference(windowed, inverted) > 50
    assert _difference(plain, _film(page)) == 0


def test_two_images_lie_beside_each_other_and_move_together(served: str, opens: Opens) -> None:
    visit = opens(served)
    page = visit.page
    right = to_png(make_phantom(seed=14, shape=(640, 520), lesion=False))

    visit.send(("one-L-CC.png", PNG), ("two-L-CC.png", right))
    page.wait_for_selector("#cases li.done >> nth=1", timeout=60_000)
    page.click("#compare")
    names = page.locator(".pane .name").all_inner_texts()
    page.click(".pane >> nth=1 >> .stage", position={"x": 5, "y": 5})
    panel = page.inner_text("#panel .whose")
    page.click("#zoom-in")
    together = page.locator(".film").evaluate_all("(films) => films.map((film) => film.style.transform)")
    visit.look("two")
    page.uncheck("#linked")
    page.click("#zoom-in")
    apart = page.locator(".film").evaluate_all("(films) => films.map((film) => film.style.transform)")

    assert names == ["one-L-CC.png", "two-L-CC.png"]
    assert panel == "two-L-CC.png"
    assert together[0] == together[1]
    assert apart[0] != apart[1]


def test_what_was_found_can_be_taken_away(served: str, opens: Opens) -> None:
    visit = opens(served, permissions=["clipboard-read", "clipboard-write"])
    page = visit.page
    visit.send(("L-CC.png", PNG))
    visit.answered()

    page.click("text=Copy JSON")
    page.wait_for_selector("text=Copied")
    copied = json.loads(page.evaluate("() => navigator.clipboard.readText()"))
    with page.expect_download() as saved:
        page.click("text=Save JSON")
    with page.expect_download() as picture:
        page.click("text=Save this picture")

    assert copied["result"] == "lesion"
    assert json.loads(saved.value.path().read_text()) == copied
    assert saved.value.suggested_filename == "L-CC.json"
    assert picture.value.suggested_filename == "L-CC-overlay.png"
    assert Image.open(io.BytesIO(picture.value.path().read_bytes())).size == (520, 640)


def test_a_report_can_be_saved(address: str, opens: Opens) -> None:
    visit = opens(address)
    page = visit.page
    visit.send(("L-CC.png", PNG))
    visit.answered()

    with page.expect_download(timeout=WAIT_MS) as saved:
        page.click("#panel >> text=Report")

    assert saved.value.suggested_filename == "L-CC-report.pdf"
    assert saved.value.path().read_bytes().startswith(b"%PDF-")


def test_the_model_says_what_it_is(address: str, opens: Opens) -> None:
    visit = opens(address)
    page = visit.page

    page.click("#about")
    page.wait_for_selector("#model-card table", timeout=60_000)
    text = page.inner_text("#model-card")
    visit.look("card")
    page.keyboard.press("Escape")

    assert "software demonstration and tests" in text
    assert "AUC" in text
    assert page.is_hidden("#model-dialog")


def test_options_go_with_the_image(served: str, opens: Opens) -> None:
    visit = opens(served)
    page = visit.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.click("text=Options")
    page.select_option("select[name=method]", "gradcam++")
    page.select_option("select[name=laterality]", "R")
    page.select_option("select[name=colormap]", "viridis")
    visit.send(("x.png", PNG))
    visit.answered()

    (analysis,) = [url for url in asked if "/analyze" in url]
    assert "method=gradcam%2B%2B" in analysis
    assert "laterality=R" in analysis
    page.click("text=How it was made and checked")
    assert "viridis" in page.inner_text("#panel")


def test_files_can_be_dropped(served: str, opens: Opens) -> None:
    visit = opens(served)
    transfer = visit.page.evaluate_handle(
        """(bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(bytes)], "dropped-L-CC.png", {type: "image/png"}));
        return transfer;
        }""",
        list(PNG),
    )
    visit.page.dispatch_event("body", "dragenter", {"dataTransfer": transfer})
    visit.look("dragging")
    visit.page.dispatch_event("body", "drop", {"dataTransfer": transfer})
    visit.answered()

    assert visit.page.inner_text("#cases .name") == "dropped-L-CC.png"


def _film(page: Page) -> Image.Image:
    """The middle of the stage as it is seen."""
    page.mouse.move(1, 1)
    page.wait_for_timeout(100)
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    shot = page.screenshot(
        clip={"x": stage["x"] + 250, "y": stage["y"] + 120, "width": 250.0, "height": 250.0}
    )
    return Image.open(io.BytesIO(shot)).convert("RGB")


def _difference(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of a channel."""
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    return max(abs(a - b) for a, b in pairs)
