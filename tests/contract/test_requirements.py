"""The versions that are tested are the versions that are deployed: requirements, layers and the image."""

import importlib.metadata
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

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


def test_the_layers_hold_the_projects_dependencies_keras_and_the_runtime_client_each_once() -> None:
    named = [name for path in LAYERS for name in wanted(path)]
    extras = PROJECT["optional-dependencies"]
    declared = [*PROJECT["dependencies"], *extras["keras"], *extras["lambda"]]
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


def stage(name: str) -> str:
    """The part of the Dockerfile that makes one stage, with those it is built on."""
    found = re.search(rf"^FROM (\S+) AS {name}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return (stage(found[1]) if not found[1].startswith("$") else "") + found[2]


@pytest.mark.parametrize("path", LAYERS, ids=lambda path: path.name)
def test_pip_would_install_what_a_layer_pins(path: Path) -> None:
    """uv, which installs what the tests use, ignores the upper end of ``Requires-Python``; pip does not."""
    python = ".".join(map(str, sys.version_info[:3]))
    installed = {distribution(found.name): found for found in metadata.distributions()}
    refused = [
        name
        for name in pins(path.with_suffix(".txt"))
        if name in installed and python not in SpecifierSet(installed[name].metadata["Requires-Python"] or "")
    ]
    assert refused == []


def test_the_image_installs_the_layers_slowest_changing_first_by_hash_and_nothing_else() -> None:
    installed = re.findall(r"pip install (.*) --target (\d+) --requirement (\S+)", DOCKERFILE)
    assert installed == [
        ("--require-hashes --no-deps", path.name[:2], f"layers/{path.stem}.txt") for path in LAYERS
    ]
    assert DOCKERFILE.count("pip install ") == len(LAYERS)


@pytest.mark.parametrize(
    ("target", "layers", "starts"),
    [
        ("slim", ["10", "30", "app"], (["python3", "-m", "awslambdaric"], ["handler.handler"])),
        ("full", ["10", "20", "30", "app"], (["python3", "-m", "awslambdaric"], ["handler.handler"])),
        ("space", ["10", "20", "30", "app"], (["python3", "-m", "mammo_core"], ["serve"])),
    ],
)
def test_a_target_holds_these_layers_and_starts_this(
    target: str, layers: list[str], starts: tuple[list[str], list[str]]
) -> None:
    text = stage(target)
    assert re.findall(r"^COPY --from=\w+ /build/(\w+)/ \./$", text, re.MULTILINE) == layers
    given = [re.findall(rf"^{word} (\[.*\])$", text, re.MULTILINE) for word in ("ENTRYPOINT", "CMD")]
    assert [[json.loads(command) for command in commands] for commands in given] == [
        [part] for part in starts
    ]


def test_the_web_server_is_what_a_plain_build_makes_and_runs_as_nobody_special() -> None:
    assert re.findall(r"^FROM \S+ AS (\w+)$", DOCKERFILE, re.MULTILINE)[-1] == "space"
    assert re.findall(r"^(?:USER|EXPOSE|ENV PORT=).*$", stage("space"), re.MULTILINE) == [
        "ENV PORT=7860",
        "EXPOSE 7860",
        "USER 1000:1000",
    ]


def test_the_images_are_byte_compiled_and_lambda_chooses_the_user() -> None:
    compiled = re.findall(
        r"compileall -q --invalidation-mode unchecked-hash ([\w ]+?)(?: &&| \\)", DOCKERFILE
    )
    assert compiled == ["10 20 30", "app"]
    assert "PYTHONDONTWRITEBYTECODE" not in DOCKERFILE
    assert "USER" not in stage("full") + stage("slim")
    bases = re.findall(r"^FROM (\$\S+)", DOCKERFILE, re.MULTILINE)
    assert bases == ["${BASE_IMAGE}"] * 2


def test_what_two_layers_hold_is_kept_in_the_one_that_every_image_has(tmp_path: Path) -> None:
    for layer, names in {"10": "ab", "30": "bc", "20": "acd"}.items():
        for name in names:
            (tmp_path / layer / "package").mkdir(parents=True, exist_ok=True)
            (tmp_path / layer / "package" / name).write_text(layer)
    script = ROOT / "layers" / "unique.py"
    subprocess.run([sys.executable, script, "10", "30", "20"], cwd=tmp_path, check=True)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("?") if path.is_file()}
    assert left == {"10/package/a", "10/package/b", "30/package/c", "20/package/d"}
    assert "unique.py 10 30 20" in DOCKERFILE


def test_the_build_sees_only_what_the_image_is_made_of() -> None:
    lines = [line for line in IGNORED if line and not line.startswith("#")]
    sources = re.findall(r"^COPY ([^-]\S*) \S+$", DOCKERFILE, re.MULTILINE)
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {path.split("/")[0] for path in sources}


def test_nothing_that_ships_is_under_the_gpl() -> None:
    served = pins(ROOT / "requirements" / "keras.txt")
    found = {}
    installed = {distribution(each.name) for each in importlib.metadata.distributions()}
    # Packages of other platforms are locked too, and not here to be asked.
    assert len(installed & set(served)) > 50
    for name in installed & set(served):
        metadata = importlib.metadata.metadata(name)
        fields = ("License-Expression", "License", "Classifier")
        said = [text[:200] for field in fields for text in metadata.get_all(field) or []]
        if any(re.search(r"(?<!L)GPL|(?<!Lesser )General Public", text) for text in said):
            found[name] = said
    assert found == {}
    assert "pylibjpeg-libjpeg" not in served
