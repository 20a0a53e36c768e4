"""Everybody can use the page: by keyboard alone, on a small screen, in light and dark, with a reader."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import FakeModel
from tests.browser.conftest import Opens
from tests.doors import client_of, service_with

pytestmark = pytest.mark.browser
PNG = to_png(make_phantom(seed=14, shape=(640, 520)))
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page: Page) -> list[tuple[str, str, list[str]]]:
    """What axe finds: rule, impact, and where."""
    found: dict[str, Any] = Axe().run(page, options=WCAG).response
    assert len(found["passes"]) > 10, "it has looked"
    return [
        (one["id"], one["impact"], [str(node["target"]) for node in one["nodes"]])
        for one in found["violations"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1366, 360])
def test_axe_finds_nothing(scheme: str, width: int, served: str, opens: Opens) -> None:
    visit = opens(served, color_scheme=scheme, viewport={"width": width, "height": 760})
    page = visit.page
    found = {"welcome": violations(page)}
    visit.look("welcome")
    page.click("text=Options")
    found["options"] = violations(page)
    visit.send(("L-CC.png", PNG))
    visit.answered()
    for name in ("overlay", "original", "bbox"):
        page.click(f"#tab-{name}")
        found[name] = violations(page)
    page.hover(".region")
    page.locator("details").evaluate_all("(all) => all.forEach((one) => (one.open = true))")
    found["panel"] = violations(page)
    visit.look("panel", whole=True)
    page.click("#compare")
    found["two"] = violations(page)
    page.click("#about")
    page.wait_for_selector("#model-card table")
    found["model"] = violations(page)
    page.click("#model-close")
    visit.expect("status of 415 ")
    visit.send(("notes.txt", b"no image"))
    visit.refused()
    found["trouble"] = violations(page)
    visit.look("trouble")

    assert {name: each for name, each in found.items() if each} == {}


def test_the_page_is_used_by_keyboard_alone(address: str, opens: Opens) -> None:
    visit = opens(address)
    page = visit.page

    def press_until(selector: str, key: str = "Tab", most: int = 60) -> None:
        for _ in range(most):
            if page.evaluate("(s) => document.activeElement?.matches(s) ?? false", selector):
                return
            page.keyboard.press(key)
        raise AssertionError(f"{selector} was not reached")

    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the images"
    page.keyboard.press("Enter")
    press_until(".sample")
    page.keyboard.press("Enter")
    visit.answered()
    press_until("[role=tab][aria-selected=true]")
    page.keyboard.press("Home")
    names = []
    for _ in range(5):
        names.append(page.evaluate("() => document.activeElement.textContent"))
        page.keyboard.press("ArrowRight")
    wrapped = page.evaluate("() => document.activeElement.id")
    page.keyboard.press("End")
    last = page.evaluate("() => document.activeElement.id")
    press_until(".stage")
    for _ in range(4):
        page.keyboard.press("+")
    zoom = page.inner_text("#zoom")
    before = page.locator(".film").evaluate("(film) => film.style.transform")
    page.keyboard.press("ArrowRight")
    after = page.locator(".film").evaluate("(film) => film.style.transform")
    press_until(".box")
    hot = page.get_attribute(".region", "class")
    page.keyboard.press("Enter")
    visit.look("box")
    press_until(".region")
    page.keyboard.press("Enter")

    assert names == ["Original", "Heatmap", "Overlay", "Bounding boxes", "Cancer type"]
    assert (wrapped, last) == ("tab-original", "tab-cancer_type")
    assert zoom == "244 %"
    assert before != after
    assert hot == "region hot"
    assert page.get_attribute(".region", "aria-pressed") == "false"
    assert page.inner_text("#said").startswith("phantom-L-CC.png: lesion, score")


@pytest.mark.parametrize("width", [320, 360, 768])
def test_a_narrow_screen_shows_everything_without_scrolling_sideways(
    width: int, address: str, opens: Opens
) -> None:
    visit = opens(address, viewport={"width": width, "height": 740}, has_touch=True, is_mobile=width < 700)
    page = visit.page
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    page.tap(".sample >> nth=0")
    visit.answered()
    visit.look("answer")

    assert page.evaluate(overflow) <= 0
    assert page.is_visible(".scale .mark"), "the threshold"
    page.tap("#compare")
    page.locator("details").evaluate_all("(all) => all.forEach((one) => (one.open = true))")
    page.tap("#add")
    assert page.evaluate(overflow) <= 0
    wide = page.locator("main *:visible").evaluate_all(
        """(all) => all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1
        && !one.closest(".cases, [role=tablist], .stage")).map((one) => one.className || one.tagName)"""
    )
    assert wide == []
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    notice = page.locator(".notice").bounding_box()
    assert notice is not None
    assert 0 <= notice["y"] < 120, "always visible"
    small = page.locator("button:visible, a:visible, summary:visible, select:visible").evaluate_all(
        """(all) => all
        .map((one) => [one.id || one.className || one.textContent, one.getBoundingClientRect()])
        .filter(([, r]) => r.width && Math.min(r.width, r.height) < 24 && r.bottom > 0)
        .map(([name, r]) => `${name} ${Math.round(r.width)}x${Math.round(r.height)}`)"""
    )
    assert [one for one in small if not one.startswith(("skip", "Where", "How"))] == []


def test_two_fingers_zoom_and_one_moves(served: str, opens: Opens) -> None:
    visit = opens(served, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = visit.page
    page.tap(".sample >> nth=0")
    visit.answered()
    stage = page.locator(".stage").bounding_box()
    assert stage is not None
    x, y = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    session = page.context.new_cdp_session(page)

    def touch(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        session.send(
            "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [] if kind == "touchEnd" else points}
        )

    touch("touchStart", 30)
    for apart in (40, 50, 60):
        touch("touchMove", apart)
    touch("touchEnd", 0)

    zoom = int(page.inner_text("#zoom").removesuffix(" %"))
    assert 150 < zoom < 250
    visit.look("pinched")
    before = page.locator(".film").evaluate("(film) => film.style.transform")
    for kind, down in (("touchStart", 0), ("touchMove", 20), ("touchMove", 40), ("touchEnd", 0)):
        points = [] if kind == "touchEnd" else [{"x": x, "y": y + down, "id": 3}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    after = page.locator(".film").evaluate("(film) => film.style.transform")
    assert before != after, "one finger moves what is zoomed"


@pytest.mark.parametrize("width", [1366, 360])
def test_axe_finds_nothing_in_a_report(width: int, browser: Browser, tmp_path: Path) -> None:
    sent = client_of(service_with(FakeModel())).post("/report?document=html", content=PNG)
    report = tmp_path / "report.html"
    report.write_text(sent.json()["html"], "utf-8")
    page = browser.new_page(viewport={"width": width, "height": 760})
    page.goto(report.as_uri())

    assert page.locator("img").evaluate_all("(all) => all.every((one) => one.naturalWidth > 100)")
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(page) == []
    page.close()
