"""Rules of the house that no linter knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = sorted([ROOT / "handler.py", *(ROOT / "mammo_core").rglob("*.py")])
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
SYSTEM = ("bin", "dev", "etc", "lib", "lib64", "opt", "proc", "sbin", "sys", "tmp", "usr", "var")
"""Folders that a deployed function and a developer's machine have in common."""
LEFT_OUT = {
    ".git",
    ".venv",
    ".aws-sam",
    ".e2e",
    "dist",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    "__pycache__",
    "out",
}
"""What is not part of the project; `.git` is a file in a worktree."""


def project_files(folder: Path = ROOT) -> Iterator[Path]:
    """The project's text files."""
    for path in sorted(folder.iterdir()):
        # In a second working tree, .git is a file that names the first.
        if path.name in LEFT_OUT:
            continue
        if path.is_dir():
            yield from project_files(path)
        elif path.is_file() and path.name not in LEFT_OUT and b"\0" not in path.read_bytes():
            yield path


def absolute_paths(text: str) -> set[str]:
    """What looks like the path of a file on a machine: two or more parts below the root."""
    found = re.findall(r"(?<![\w.:/~$}>*-])/[\w.-]+(?:/[\w.-]+)+", text)
    return {path.rstrip(".") for path in found if path.split("/")[1] not in SYSTEM}


def test_no_file_names_a_place_on_the_machine_it_was_written_on() -> None:
    assert absolute_paths("see /home/ada/a.md, `/srv/b`; not /usr/c/d, x/y/z or /docs") == {
        "/home/ada/a.md",
        "/srv/b",
    }
    files = list(project_files())
    assert {ROOT / "handler.py", ROOT / ".ci" / "run"} <= set(files)
    named = {
        (path.relative_to(ROOT).as_posix(), place)
        for path in files
        for place in absolute_paths(path.read_text(encoding="utf-8", errors="replace"))
        if Path(place).exists()
    }
    assert named == set()


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_package_prints_nothing(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    printed = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
    assert printed == []


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_test_file_opens_with_one_sentence_and_skips_nothing(path: Path) -> None:
    source = path.read_text()
    opening = ast.get_docstring(ast.parse(source)) or ""
    assert re.fullmatch(r"[A-Z`].*[^.]\.", opening.partition("\n\n")[0], re.DOTALL), opening
    words = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
    assert words & {"skip", "skipif", "importorskip", "xfail"} == set()
