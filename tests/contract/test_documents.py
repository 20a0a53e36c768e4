"""What the documents say is so: commands, versions, rooms, settings, log fields, decisions."""

import os
import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from mammo_core import __version__, log
from mammo_core.cli import app
from mammo_core.models.litert import OUTPUTS

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


def targets() -> set[str]:
    """The commands that ``make help`` lists."""
    return set(re.findall(r"^([a-z0-9-]+):.*## ", text_of("Makefile"), re.MULTILINE))


def test_the_readme_shows_the_two_commands() -> None:
    assert {"make demo", "make test"} <= set(re.findall(r"make [a-z-]+", text_of("README.md")))


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "layers/README.md",
        ".ci/run",
        *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
    ],
)
def test_every_make_command_of_a_document_exists(name: str) -> None:
    shown = set(re.findall(r"^ *make ([a-z0-9-]+)|`make ([a-z0-9-]+)", text_of(name), re.MULTILINE))
    named = {first or second for first, second in shown}
    assert named <= targets() | {"help"}


@pytest.mark.parametrize(
    "name", ["README.md", *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_every_command_of_a_document_exists_with_its_options(name: str) -> None:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    for line in re.findall(r"(?:^|`|/)mammo ([a-z]+ [^`#\n]*)", text_of(name), re.MULTILINE):
        chosen = command.commands[line.split()[0]]
        known = {option for parameter in chosen.params for option in parameter.opts}
        assert set(re.findall(r"(?<!\S)-{1,2}[a-z][a-z0-9-]*", line)) <= {*known, "--help"}, line


def test_the_page_about_compiling_names_all_that_a_bundle_and_a_report_hold() -> None:
    text = text_of("docs/compile.md")
    rows = set(re.findall(r"^\| `?([\w -]+?)`? \|", text, re.MULTILINE))
    assert set(OUTPUTS) <= rows
    assert {"determinism", "saturation", "weight randomisation", "flip"} <= rows
    for option in ("--manifest", "--target-layer", "--float16"):
        assert f"| `{option}" in text


def test_every_warning_is_on_a_page() -> None:
    pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    made = re.compile(r"""(?:Notice\(|Doubt\(|WarningOut\(code=)\s*"([a-z0-9_]+)\"""")
    codes = {
        code for source in (ROOT / "mammo_core").rglob("*.py") for code in made.findall(source.read_text())
    }

    assert {"gradcam_not_faithful", "manifest_missing", "map_incomplete", "secondary_capture"} <= codes
    assert {code for code in codes if f"`{code}`" not in pages} == set()


def test_continuous_integration_runs_check_and_test_and_nothing_else() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text().splitlines() if line and line[0] != "#"]
    assert commands == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make check", "make test"]


def test_the_changelog_and_the_citation_speak_of_this_version() -> None:
    versions = re.findall(r"^## \[([^\]]+)\]", text_of("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == __version__
    assert yaml.safe_load(text_of("CITATION.cff"))["version"] == __version__


def test_the_rooms_of_the_contributing_page_are_there_and_complete() -> None:
    rows = [line.split("|")[1] for line in text_of("CONTRIBUTING.md").splitlines() if line.startswith("| `")]
    named = {name.rstrip("/") for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    package = ROOT / "mammo_core"
    modules = {f"mammo_core/{path.name}" for path in package.glob("*.py") if path.name != "__init__.py"}
    rooms = {f"mammo_core/{path.parent.name}" for path in package.glob("*/__init__.py")}
    assert (modules | rooms) - named == set()


def test_the_security_page_lists_every_field_that_is_logged() -> None:
    section = text_of("SECURITY.md").partition("## What is logged")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert named == {field.name for field in fields(log.RequestLine)}


def test_decisions_are_numbered_without_gaps_and_have_three_parts() -> None:
    assert [path.name[:4] for path in DECISIONS] == [f"{i + 1:04}" for i in range(len(DECISIONS))]
    for path in DECISIONS:
        text = path.read_text()
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], (
            path.name
        )
        assert len(text.splitlines()) <= 60, path.name


def test_files_that_a_document_names_exist() -> None:
    documents = [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "README.md")]
    missing = [
        (path.name, name)
        for path in [*documents, *DECISIONS, ROOT / "layers" / "README.md", ROOT / "events" / "README.md"]
        for name in re.findall(
            r"`((?:tests|docs|scripts|mammo_core|events|layers)/[\w/.-]+)`", path.read_text()
        )
        if not (ROOT / name).exists()
    ]
    assert missing == []
