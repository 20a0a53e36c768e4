"""``scripts/smoke.py`` as a user starts it, against ``mammo serve``: two processes and a port."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.emulator.runtime import ROOT
from tests.parity import web_server

CHECKS = 13


def smoke(url: str) -> "subprocess.CompletedProcess[str]":
    """Run the program as a user does, from a folder that has nothing to do with the project."""
    command = [sys.executable, str(ROOT / "scripts" / "smoke.py"), url]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT.anchor)


def test_mammo_serve_as_a_process_of_its_own_passes() -> None:
    with web_server() as url:
        done = smoke(url)

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[-1] == f"{CHECKS} of {CHECKS} checks hold"


def test_mammo_serve_fails_where_the_file_of_one_picture_was_not_deployed(tmp_path: Path) -> None:
    shutil.copytree(
        ROOT / "mammo_core", tmp_path / "mammo_core", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "mammo_core" / "render" / "overlay.py").unlink()

    with web_server(tmp_path) as url:
        done = smoke(url)

    found = {line[6:18].strip(): line[18:] for line in done.stdout.splitlines() if line.startswith("FAIL")}
    assert (done.returncode, done.stderr) == (1, "")
    assert set(found) == {"ready", "pictures", "overlay"}
    assert found["overlay"].startswith("overlay is missing: failed")
