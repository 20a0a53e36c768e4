"""The pages of ``docs/`` are linked, their links lead somewhere, and what they repeat is so."""

import re
from pathlib import Path

import pytest

from mammo_core import errors
from mammo_core.problems import describe

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_of_a_page_leads_to_a_file_and_a_heading(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        found = path if not name else (path.parent / name).resolve()
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    assert [
        p.name for p in PAGES if p.parent.name == "docs" and p.name != "README.md" and p.name not in index
    ] == []


def test_the_page_of_the_api_shows_the_answer_of_its_description() -> None:
    """After a change: ``python scripts/make_api_page.py``."""
    shown = re.findall(
        r"^```json\n(.*?)^```", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE | re.DOTALL
    )
    assert shown == [(ROOT / "mammo_core" / "assets" / "answer.json").read_text()]


def test_the_page_of_the_api_lists_every_error_of_a_request_with_its_status() -> None:
    rows = re.findall(r"^\| (\d{3}) \| (`[^|]+`) \|", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    listed = {code: int(status) for status, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    for kind in (
        errors.InvalidRequestError,
        errors.NotFoundError,
        errors.PayloadTooLargeError,
        errors.UnsupportedMediaError,
        errors.UnreadableImageError,
        errors.UnsuitableImageError,
        errors.AccessDeniedError,
        errors.ConfigurationError,
        errors.ModelIntegrityError,
        errors.ModelUnavailableError,
        errors.StorageUnavailableError,
        errors.OutOfTimeError,
    ):
        problem = describe(kind("why"), "an id")
        assert listed[problem.code] == problem.status
