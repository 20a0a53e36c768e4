"""The pages of ``docs/`` are linked, their links lead somewhere, and what they repeat is so."""

import re
from pathlib import Path

import pytest

from mammo_core import errors
from mammo_core.models.bundle import unpack
from mammo_core.problems import describe

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "MODEL_CARD.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "model").glob("*.md")),
]


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
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


def test_the_index_of_the_model_names_every_page_and_every_picture_is_shown() -> None:
    folder = ROOT / "docs" / "model"
    index = (folder / "README.md").read_text()
    pages = [path for path in folder.glob("*.md") if path.name != "README.md"]
    assert [page.name for page in pages if f"({page.name})" not in index] == []
    text = "".join(page.read_text() for page in pages)
    assert [picture.name for picture in folder.glob("*.png") if f"({picture.name})" not in text] == []
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000


def test_the_card_has_the_headings_of_a_model_card_and_the_numbers_of_the_pages() -> None:
    """After a release: ``python -m training.mammogram card``."""
    card = (ROOT / "MODEL_CARD.md").read_text()
    headings = re.findall(r"^## (.+)$", card, re.MULTILINE)
    assert headings == [
        "Model details",
        "Intended use",
        "Factors",
        "Metrics",
        "Evaluation data",
        "Training data",
        "Quantitative analyses",
        "Ethical considerations",
        "Caveats and recommendations",
    ]
    index = (ROOT / "docs" / "model" / "README.md").read_text()
    assert marked(card) == marked(index) != ""


def test_the_card_speaks_of_the_model_that_ships() -> None:
    manifest = unpack((ROOT / "mammo_core" / "assets" / "default.mammo").read_bytes()).manifest
    card = (ROOT / "MODEL_CARD.md").read_text()
    assert f"| model | `{manifest.id}` {manifest.version} |" in card
    assert manifest.training_data is not None
    assert manifest.training_data in card
    measured = {each.data.partition(",")[0]: each.value for each in reversed(manifest.performance)}
    (told,) = re.findall(r"^\| AUC, cancer or none, RSNA's views \| ([\d.]+) ", marked(card), re.MULTILINE)
    assert float(told) == pytest.approx(measured["cancer or none"], abs=6e-4)


def marked(text: str) -> str:
    """What stands between the marks of the numbers."""
    return text.partition("<!-- numbers: begin -->")[2].partition("<!-- numbers: end -->")[0]


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
