"""What the README and the page of the API tell people to type does what they say."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from tests.parity import web_server

ROOT = Path(__file__).resolve().parents[2]
README, API = ((ROOT / name).read_text() for name in ("README.md", "docs/api.md"))


def blocks(page: str, language: str) -> list[str]:
    """The programs of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def lines(page: str, start: str) -> list[str]:
    """The commands of a page that start so, without their comments."""
    found = [line.partition("  #")[0].strip() for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in found if line.startswith(start)]


BIN = Path(sys.executable).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what the README's commands name."""
    phantom = make_phantom(seed=1)
    (tmp_path / "folder").mkdir()
    for name in ("scan.png", "folder/other.png"):
        (tmp_path / name).write_bytes(to_png(phantom))
    (tmp_path / "view.dcm").write_bytes(to_dicom(phantom))
    (tmp_path / "labels.csv").write_text("image,label\nscan.png,1\nfolder/other.png,0\n")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(BIN)
    return tmp_path


def commands() -> list[str]:
    """Lines that run ``mammo`` on this machine and come to an end."""
    return [line for line in lines(README, ".venv/bin/mammo ") if " serve" not in line]


def test_the_readme_has_commands_to_try() -> None:
    assert len(commands()) >= 7
    assert (len(lines(README, "curl ")), len(lines(API, "curl "))) == (1, 3)


@pytest.mark.parametrize("command", [line for line in commands() if "model." not in line])
def test_a_command_of_the_readme_works(command: str, folder: Path) -> None:
    done = subprocess.run(shlex.split(command), cwd=folder, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", [README, API], ids=["README", "api"])
def test_the_program_of_a_page_works(page: str, folder: Path) -> None:
    (program,) = blocks(page, "python")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True
    )

    said = done.stdout.splitlines()
    assert re.match(r"(no )?cancer [01]\.\d+", said[0])
    assert len(said) == program.count("print(")


def test_the_calls_of_the_pages_are_answered(folder: Path) -> None:
    with web_server() as address:
        for call in [*lines(README, "curl "), *lines(API, "curl ")]:
            command = shlex.split(call.replace("http://127.0.0.1:8000", address))
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)

            assert done.stdout.startswith('{"result":'), call
