"""Each third-party library lives in one room, and importing the function stays cheap."""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    # library: the files that may import it
    "aws_lambda_powertools": ["mammo_core/log.py", "mammo_core/metrics.py", "mammo_core/events/door.py"],
    "boto3": ["mammo_core/aws/clients.py", "scripts/smoke.py"],
    "botocore": ["mammo_core/aws/clients.py", "scripts/smoke.py"],
    "fastapi": [
        "mammo_core/api.py",
        "mammo_core/routes_report.py",
        "mammo_core/routes_uploads.py",
        "mammo_core/routes_viewer.py",
    ],
    "ai_edge_litert": ["mammo_core/models/litert.py"],
    "flatbuffers": ["mammo_core/compiler/halving.py"],  # comes with TensorFlow, for the same files
    "gdcm": ["mammo_core/imaging/codec_child.py"],
    "jpeg_ls": ["mammo_core/imaging/codec_child.py"],
    "jinja2": ["mammo_core/report/html.py"],
    "keras": ["mammo_core/compiler/*"],
    "mangum": ["handler.py"],
    "matplotlib": [
        "mammo_core/render/colour.py",
        "mammo_core/evaluation/plots.py",
        "mammo_core/report/pdf.py",  # its fonts
    ],
    "openjpeg": ["mammo_core/imaging/codec_child.py"],
    "PIL": [
        "mammo_core/imaging/*",
        "mammo_core/render/*",
        "mammo_core/phantom/*",
        "mammo_core/anatomy/reduce.py",  # shrinks the image, as preprocessing does
        "scripts/smoke.py",  # looks at the pictures of an answer
    ],
    "pydantic": [
        "mammo_core/schemas/*",
        "mammo_core/settings.py",
        "mammo_core/models/manifest.py",
        "mammo_core/models/pointer.py",
        "mammo_core/api.py",
        "mammo_core/request_body.py",
        "mammo_core/python_api.py",
    ],
    "pydantic_settings": ["mammo_core/settings.py"],
    "pydicom": ["mammo_core/imaging/*", "mammo_core/phantom/*"],
    "reportlab": ["mammo_core/report/pdf.py"],
    "rich": ["mammo_core/commands/*"],
    "scipy": [
        "mammo_core/anatomy/*",
        "mammo_core/findings/*",
        "mammo_core/phantom/*",
        "mammo_core/evaluation/baselines.py",
    ],
    "starlette": [
        "mammo_core/api.py",
        "mammo_core/request_body.py",
        "mammo_core/routes_report.py",
        "mammo_core/routes_uploads.py",
    ],
    "tensorflow": ["mammo_core/compiler/*", "mammo_core/models/keras.py"],
    "typer": ["mammo_core/cli.py", "mammo_core/commands/*"],
    "uvicorn": ["mammo_core/cli.py"],
}
FREE = {"mammo_core", "numpy", *sys.stdlib_module_names}
"""What every room may use."""
ELSEWHERE = {
    "mypy_boto3_s3": ["mammo_core/aws/clients.py"],
    "handler": ["scripts/demo.py"],
    "object_events": ["scripts/make_events.py"],
    "samcli": ["scripts/transform.py"],
    "samtranslator": ["scripts/transform.py"],
}
"""Type information, the door itself, and what runs in an environment of its own."""
HEAVY = (
    "ai_edge_litert",
    "boto3",
    "botocore",
    "flatbuffers",
    "gdcm",
    "jinja2",
    "jpeg_ls",
    "keras",
    "matplotlib",
    "openjpeg",
    "pydicom",
    "reportlab",
    "scipy",
    "tensorflow",
    "uvicorn",
)
FILES = sorted([ROOT / "handler.py", *(ROOT / "mammo_core").rglob("*.py"), *(ROOT / "scripts").glob("*.py")])


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def libraries(node: ast.AST) -> Iterator[str]:
    """Top-level packages of an import statement, or nothing."""
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        yield (node.module or "").partition(".")[0]


def at_import_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Every statement that runs when the module is imported: not in functions, not for type checkers."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from at_import_time(node)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_module_uses_only_the_libraries_of_its_room(path: Path) -> None:
    used = {library for node in ast.walk(parsed(path)) for library in libraries(node)}
    allowed = {
        library
        for library, rooms in {**ROOMS, **ELSEWHERE}.items()
        if any(fnmatch(name_of(path), room) for room in rooms)
    }
    assert used - FREE - allowed == set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_module_imports_no_heavy_library_before_it_is_needed(path: Path) -> None:
    loaded = {library for node in at_import_time(parsed(path)) for library in libraries(node)}
    assert loaded & set(HEAVY) == set()


def test_pyplot_is_used_nowhere() -> None:
    assert [name_of(path) for path in FILES if "pyplot" in path.read_text()] == []


def test_every_room_is_used_for_its_library() -> None:
    used: dict[str, set[str]] = {}
    for path in FILES:
        for node in ast.walk(parsed(path)):
            for library in libraries(node):
                used.setdefault(library, set()).add(name_of(path))
    empty = [
        (library, room)
        for library, rooms in ROOMS.items()
        for room in rooms
        if not any(fnmatch(name, room) for name in used.get(library, set()))
    ]
    assert empty == []


def test_the_linter_guards_the_same_walls() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"][
        "flake8-tidy-imports"
    ]
    assert set(rules["banned-api"]) - {"matplotlib.pyplot"} == set(ROOMS)
    assert set(rules["banned-module-level-imports"]) == set(HEAVY)


def test_the_codecs_are_imported_by_their_own_process_only() -> None:
    """A module of the service that named one could crash with it."""
    named = {
        name_of(path)
        for path in FILES
        for node in ast.walk(parsed(path))
        if {"gdcm", "jpeg_ls", "openjpeg"} & set(libraries(node))
    }
    assert named == {"mammo_core/imaging/codec_child.py"}


def test_importing_the_handler_loads_no_heavy_library() -> None:
    code = "import json, sys, handler; sys.stdout.write(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(json.loads(done.stdout))
    assert {"handler", "mangum", "fastapi", "mammo_core.pipeline"} <= loaded
    assert loaded & {*HEAVY, "aws_lambda_powertools", "typer", "rich"} == set()
