"""The versions that are tested are the versions that are deployed: requirements, layers and the image."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LAYERS = sorted((ROOT / "layers").glob("*.in"))
LOCKED = sorted([*(ROOT / "layers").glob("*.txt"), *(ROOT / "requirements").glob("*.txt")])
DOCKERFILE = (ROOT / "Dockerfile").read_text()
IGNORED = (ROOT / ".dockerignore").read_text().splitlines()


def distribution(requirement: str) -> str:
    """The normalised name in a requirement (PEP 503)."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def wanted(path: Path) -> list[str]:
    """The names in an ``.in`` file."""
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    return [distribution(line) for line in lines if line]


def pins(path: Path) -> dict[str, str]:
    """The versions in a locked file."""
    return {
        distribution(line): line.partition("==")[2].split()[0]
        for line in path.read_text().splitlines()
        if re.match(r"[a-z0-9]", line)
    }


def test_the_layers_hold_the_projects_dependencies_and_keras_each_once() -> None:
    named = [name for path in LAYERS for name in wanted(path)]
    declared = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["keras"]]
    assert sorted(named) == sorted(distribution(requirement) for requirement in declared)


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: path.name)
def test_a_layer_is_locked_to_the_versions_that_are_tested(path: Path) -> None:
    locked, tested = pins(path.with_suffix(".txt")), pins(ROOT / "requirements" / "dev.txt")
    assert set(wanted(path)) <= set(locked)
    assert {name: tested.get(name) for name in locked} == locked


def test_serving_and_developing_use_the_same_versions() -> None:
    served, developed = (pins(ROOT / "requirements" / f"{name}.txt") for name in ("serve", "dev"))
    assert len(served) > 30
    assert {name: developed.get(name) for name in served} == served


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_locked_file_holds_one_exact_hashed_version_of_each_package_and_no_address(path: Path) -> None:
    text = path.read_text()
    requirements = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert requirements
    for requirement in requirements:
        assert re.match(r"[a-z0-9._\[\],-]+==[^ ]+ ", requirement), requirement[:80]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement[:80]
    assert len(pins(path)) == len(requirements)
    assert not re.search(r"://| @ |^-[ief-]", text, re.MULTILINE)


def test_the_image_installs_the_layers_slowest_changing_first_by_hash_and_nothing_else() -> None:
    installed = re.findall(r"pip install (.*) --target (\d+) --requirement (\S+)$", DOCKERFILE, re.MULTILINE)
    assert installed == [
        ("--require-hashes --no-deps", path.name[:2], f"layers/{path.stem}.txt") for path in LAYERS
    ]
    assert DOCKERFILE.count(" install ") == len(LAYERS)
    copied = re.findall(r"^COPY --from=build /build/(\w+)/ \./$", DOCKERFILE, re.MULTILINE)
    assert copied == [*(path.name[:2] for path in LAYERS), "app"]


def test_the_image_is_byte_compiled_and_starts_the_handler() -> None:
    assert "compileall -q --invalidation-mode unchecked-hash 10 20 30 app" in DOCKERFILE
    assert not re.search(r"PYTHONDONTWRITEBYTECODE|^USER ", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.rstrip().endswith('CMD ["handler.handler"]')
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${BASE_IMAGE}", "${BASE_IMAGE}"]


def test_the_build_sees_only_what_the_image_is_made_of() -> None:
    lines = [line for line in IGNORED if line and not line.startswith("#")]
    sources = re.findall(r"^COPY ([^-]\S*) \S+$", DOCKERFILE, re.MULTILINE)
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {path.split("/")[0] for path in sources}
