"""What the README tells people to type does what it says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from tests.parity import web_server

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = {
    language: re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for language in ("sh", "python")
}
BIN = Path(sys.executable).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the README's commands name."""
    phantom = make_phantom(seed=1)
    (tmp_path / "folder").mkdir()
    for name in ("scan.png", "folder/other.png"):
        (tmp_path / name).write_bytes(to_png(phantom))
    (tmp_path / "labels.csv").write_text("image,label\nscan.png,1\nfolder/other.png,0\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(BIN)
    return tmp_path


def commands() -> list[str]:
    """Lines that run ``mammo`` on this machine and come to an end."""
    lines = [line.partition("#")[0].strip() for block in BLOCKS["sh"] for line in block.splitlines()]
    return [line for line in lines if line.startswith(".venv/bin/mammo ") and " serve" not in line]


def test_the_readme_has_commands_to_try() -> None:
    assert len(commands()) >= 7
    assert len(BLOCKS["python"]) == 1


@pytest.mark.parametrize("command", [line for line in commands() if "model." not in line])
def test_a_command_of_the_readme_works(command: str, folder: Path) -> None:
    done = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_program_of_the_readme_works(folder: Path) -> None:
    (program,) = BLOCKS["python"]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    )

    lines = done.stdout.splitlines()
    assert re.fullmatch(r"(no )?lesion [01]\.\d+", lines[0])
    assert lines[1].startswith("[BoundingBox(")


def test_the_call_of_the_readme_is_answered(folder: Path) -> None:
    (call,) = [block.strip() for block in BLOCKS["sh"] if block.startswith("curl ")]
    with web_server() as address:
        command = shlex.split(call.replace("http://127.0.0.1:8000", address))
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)

    assert done.stdout.startswith('{"result":')
