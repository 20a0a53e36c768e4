"""The page asks for nothing from elsewhere, runs nothing that is inline, and its parts fit each other."""

import base64
import io
import json
import re
import runpy
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mammo_core.errors import MammoError
from mammo_core.map_quality import QualityChecks, QualityStatus
from mammo_core.options import DEFAULT_SIDE
from mammo_core.records import (
    CamMethod,
    ColourMap,
    Laterality,
    MapStatus,
    PictureName,
    PictureState,
    ViewPosition,
)
from mammo_core.viewer import page

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "mammo_core" / "viewer"
HTML = (FOLDER / "index.html").read_text()
CSS = (FOLDER / "app.css").read_text()
SCRIPTS = {name: (FOLDER / name).read_text() for name in page.MODULES}
TOP_NAME = re.compile(r"^(?:export )?(?:async function|function|const|class|let) (\w+)", re.MULTILINE)
EXPORTED = re.compile(r"^export (?:async function|function|const|class|let) (\w+)", re.MULTILINE)


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and the text inside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inline = ""
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in {"script", "style"}:
            self.inline += data

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]


TAGS = Tags(HTML)


def code_of(text: str) -> str:
    """A module without its comments and the contents of its strings."""
    text = re.sub(r"/\*\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', re.sub(r"(?<!:)//.*", "", text))


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    attributes = {name for _, found in TAGS.tags for name in found}
    assert len(TAGS.tags) > 100
    assert TAGS.inline.strip() == ""
    assert {name for name in attributes if name.startswith("on")} | (attributes & {"style"}) == set()
    assert [found["type"] for tag, found in TAGS.tags if tag == "script"] == ["module"]


def test_every_address_is_relative_to_the_page() -> None:
    addresses = [*TAGS.values("src"), *TAGS.values("href"), *TAGS.values("data-samples")]
    assert sorted(set(addresses)) == [
        "#main",
        "$" + "{app_css}",
        "$" + "{app_js}",
        "$" + "{samples_json}",
        next(address for address in addresses if address.startswith("data:image/svg+xml,")),
        "docs",
    ]
    offer = page.Offer(version="1", max_body_bytes=2, max_upload_bytes=None, report=False)
    filled = Tags(page.page(offer).text)
    asked = [*filled.values("src"), *filled.values("href"), *filled.values("data-samples")]
    assert {address.partition("?")[0] for address in asked if address.startswith("viewer/")} == {
        f"viewer/{name}" for name in page.NAMES
    }


@pytest.mark.parametrize("name", ["index.html", "app.css", *page.MODULES])
def test_no_part_names_another_origin(name: str) -> None:
    text = (FOLDER / name).read_text().replace("xmlns='http://www.w3.org/2000/svg'", "")
    # A picture may be a link into a bucket: the page asks whether it is one.
    text = text.replace("/^https?:/", "")
    assert re.findall(r"https?:|[\"'(=]//\w|@import|url\((?!#)", text) == []


@pytest.mark.parametrize("name", page.MODULES)
def test_no_module_makes_markup_or_code_of_text(name: str) -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc|DOMParser"
    assert re.findall(ways, SCRIPTS[name]) == []
    assert re.findall(r"\bset(?:Timeout|Interval)\(\s*[\"'`]", SCRIPTS[name]) == []
    assert (
        re.findall(r"setAttribute\(\s*[\"']style|\bstyle:|localStorage|document\.cookie", SCRIPTS[name]) == []
    )


def test_every_id_that_is_named_is_there_once() -> None:
    ids = TAGS.values("id")
    assert len(ids) == len(set(ids)) > 40
    joined = "\n".join(SCRIPTS.values())
    named = {
        *TAGS.values("for"),
        *(one for name in ("aria-controls", "aria-labelledby") for one in TAGS.values(name)),
        *(address[1:] for address in TAGS.values("href") if address.startswith("#")),
        *re.findall(r'byId\("([\w-]+)"\)', joined),
        *re.findall(r'(?<!\.)\b(?:slider|toggle)\("([\w-]+)"', joined),
    }
    assert named - set(ids) == set()
    tabs = [found for tag, found in TAGS.tags if found.get("role") == "tab"]
    assert [found["id"] for found in tabs] == [f"tab-{found['data-tab']}" for found in tabs]


def test_the_modules_are_the_files_of_the_folder() -> None:
    assert set(page.MODULES) == {path.name for path in FOLDER.glob("*.js")}
    for name, text in SCRIPTS.items():
        assert text.startswith("/** "), f"{name} tells no story"
        assert len(text.splitlines()) <= 300, name
        assert max(map(len, text.splitlines())) <= 140, name


def test_joined_modules_share_no_name_and_use_only_what_is_there() -> None:
    """What makes it right to send them as one."""
    names = [(found, name) for name, text in SCRIPTS.items() for found in TOP_NAME.findall(text)]
    assert len({found for found, _ in names}) == len(names) > 60
    exported = {found: name for name, text in SCRIPTS.items() for found in EXPORTED.findall(text)}
    before: set[str] = set()
    for name, text in SCRIPTS.items():
        lines = page.IMPORT.findall(text)
        assert len(lines) == text.count("import {"), name
        imported: set[str] = set()
        for line in lines:
            source = re.findall(r'"\./(\w+\.js)"', line)[0]
            assert source in before, f"{name} uses {source}, which comes later"
            found = set(re.findall(r"\w+", line.partition("{")[2].partition("}")[0]))
            assert {exported.get(one) for one in found} == {source}, name
            imported |= found
        own = set(TOP_NAME.findall(text))
        body = code_of(page.IMPORT.sub("", text))
        used = {one for one in exported if re.search(rf"(?<!\w)(?<![^.]\.){one}\b(?!:)", body)}
        assert used - own == imported, name
        before.add(name)
    joined = page.joined(SCRIPTS)
    assert not re.search(r"^(?:import|export)\b", joined, re.MULTILINE)
    assert page.file("app.js").text == joined


def test_every_exported_name_is_used_by_another_module() -> None:
    exported = {found for text in SCRIPTS.values() for found in EXPORTED.findall(text)}
    imported = {
        one
        for text in SCRIPTS.values()
        for line in page.IMPORT.findall(text)
        for one in re.findall(r"\w+", line.partition("{")[2].partition("}")[0])
    }
    assert exported - imported == set()


def leaves(error: type[MammoError]) -> set[str]:
    below = [leaves(each) for each in error.__subclasses__() if each.__module__ == "mammo_core.errors"]
    return {error.code}.union(*below)


def table(name: str, module: str = "words.js") -> set[str]:
    """The keys of an object in a module."""
    body = SCRIPTS[module].partition(f"const {name} = {{\n")[2].partition("\n};")[0]
    return set(re.findall(r"^  (\w+):", body, re.MULTILINE))


def test_there_are_words_for_every_error() -> None:
    gateway = set(re.findall(r'"code": "(\w+)"', (ROOT / "template.yaml").read_text()))
    joined = "\n".join(SCRIPTS.values())
    own = set(re.findall(r'new Trouble\("(\w+)"', joined))
    by_status = set(re.findall(r'^    \d{3}: "(\w+)"', SCRIPTS["service.js"], re.MULTILINE))
    assert len(gateway) > 6
    assert len(own) > 6
    assert by_status
    codes = leaves(MammoError) | gateway | own | by_status
    assert codes - table("TROUBLES") == set()
    assert table("TROUBLES") - codes == {"method_not_allowed", "too_large_here"}


def test_there_are_words_for_every_state() -> None:
    assert table("TABS") == set(PictureName) == set(TAGS.values("data-tab"))
    assert table("MISSING") == set(PictureState) - {PictureState.OK}
    assert table("QUALITY") == set(QualityStatus)
    assert table("MAPS") == set(MapStatus)


def test_the_options_are_those_of_the_service() -> None:
    offered: dict[str, list[str]] = {}
    chosen: dict[str, str] = {}
    name = ""
    texts = re.findall(r"<option([^>]*)>([^<]*)</option>", HTML)
    for tag, found in TAGS.tags:
        if tag == "select":
            name = found["name"]
            offered[name] = []
        if tag == "option":
            attributes, text = texts.pop(0)
            value = found.get("value", text)
            offered[name].append(value)
            if "selected" in attributes:
                chosen[name] = value
    assert offered.pop("max_side") == ["512", "1024", "2048", "4096"]
    assert offered == {
        "view": ["", *ViewPosition],
        "laterality": ["", *Laterality],
        "method": [*CamMethod],
        "colormap": [*ColourMap],
        "quality_checks": [*QualityChecks],
    }
    assert chosen == {"max_side": str(DEFAULT_SIDE), "quality_checks": QualityChecks.FAST}


def test_the_samples_are_the_phantoms_that_the_command_makes() -> None:
    text = (FOLDER / "samples.json").read_text()
    phantoms = runpy.run_path(str(ROOT / "scripts" / "make_samples.py"))["SAMPLES"]
    samples = json.loads(text)["samples"]
    assert len(text) < 300_000
    assert len(samples) == len(phantoms) == 4
    for sample, made in zip(samples, phantoms, strict=True):
        described = made.described()
        data = base64.b64decode(sample.pop("image"))
        # Another zlib may write the same pixels in other bytes.
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        expected = np.asarray(Image.open(io.BytesIO(base64.b64decode(str(described.pop("image"))))))
        assert sample == described
        assert pixels.shape == (sample["height"], sample["width"])
        assert (pixels == expected).all()


def test_the_page_is_small() -> None:
    sizes = {name: len(page.file(name).text) for name in ("app.js", "app.css")}
    assert 10_000 < sum(sizes.values()) + len(HTML) < 120_000, sizes


def test_the_style_holds_both_themes_and_no_colour_of_a_browser() -> None:
    assert "prefers-color-scheme: dark" in CSS
    root, dark = (
        set(re.findall(r"(--[\w-]+):", part)) for part in CSS.split("@media (prefers-color-scheme: dark)")[:2]
    )
    assert set(re.findall(r"var\((--[\w-]+)", CSS)) <= root
    assert {"--paper", "--ink", "--accent", "--line"} <= dark
