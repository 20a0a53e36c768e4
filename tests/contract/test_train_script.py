"""One command goes from the data folders to the model that ships, and does nothing twice."""

import os
import shlex
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from mammo_core.cli import app
from training.mammogram.__main__ import _parser

ROOT = Path(__file__).resolve().parents[2]
STAND_IN = """#!{python}
import pathlib, shlex, sys
with open({log!r}, "a") as log:
    log.write(shlex.join(sys.argv[1:]) + "\\n")
if "--out" in sys.argv:
    out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
    if not out.suffix:
        out.mkdir(parents=True, exist_ok=True)
    (out if out.suffix else out / "overlay.png").touch()
sys.exit(1 if "evaluate" in sys.argv and "mammo_core" in sys.argv else 0)
"""
"""Writes down what it was asked, and leaves what would be there; one phantom is refused."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Data folders, and a Python that only takes notes."""
    for name in ("rsna", "films", "docs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.webp").touch()
    stand_in = tmp_path / "python"
    stand_in.write_text(STAND_IN.format(python=sys.executable, log=str(tmp_path / "log")))
    stand_in.chmod(0o755)
    return tmp_path


def asked(folder: Path, version: str = "") -> list[list[str]]:
    """Run the script; the commands."""
    log = folder / "log"
    log.write_text("")
    subprocess.run(
        [ROOT / "scripts" / "train.sh", "rsna", "films", "cache", version],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHON": str(folder / "python")},
        check=True,
        capture_output=True,
    )
    return [shlex.split(line) for line in log.read_text().splitlines()]


def stages(commands: list[list[str]]) -> list[str]:
    return [command[2] for command in commands if command[:2] == ["-m", "training.mammogram"]]


def test_the_whole_way_is_gone_in_order_with_options_that_there_are(folder: Path) -> None:
    commands = asked(folder, "1.0.0")

    found = [stage for stage, _ in groupby(stages(commands))]
    assert found == [
        "prepare",
        *["pretrain", "finetune", "export"] * 3,
        *["evaluate", "export", "evaluate", "stability"],
        *["finetune", "control"],
        *["pretrain", "finetune", "export", "phantoms"],
        *["release", "card"],
    ]
    parser = _parser()
    for command in commands:
        if command[:2] == ["-m", "training.mammogram"]:
            parser.parse_args(command[2:])
    others = [command[2:] for command in commands if command[:2] == ["-m", "mammo_core"]]
    assert [name for name, *_ in others] == ["evaluate", "check"]
    mammo = get_command(app)
    assert isinstance(mammo, TyperGroup)
    for name, *words in others:
        known = {option for parameter in mammo.commands[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known
    assert [command[0] for command in commands[-3:]] == [
        "scripts/make_answer.py",
        "scripts/make_api_page.py",
        "scripts/demo.py",
    ]
    assert all((ROOT / command[0]).exists() for command in commands[-3:])
    assert (folder / "docs" / "overlay.png").exists()


def test_what_is_done_is_not_done_again_and_runs_resume_themselves(folder: Path) -> None:
    first = asked(folder)
    again = asked(folder)

    assert set(stages(first)) - {"prepare", "pretrain", "finetune"} == {
        *("export", "evaluate", "stability", "control", "phantoms"),
    }, "without a version, the model that ships stays"
    assert set(stages(again)) == {"prepare", "pretrain", "finetune"}
    assert len([command for command in first if "mammo_core" in command]) == 1
    assert [command for command in again if "mammo_core" in command] == []


def test_every_run_leaves_its_own_fold_out_and_the_last_none(folder: Path) -> None:
    parser = _parser()
    runs = [
        parser.parse_args(command[2:])
        for command in asked(folder)
        if command[2:3] in (["pretrain"], ["finetune"])
    ]
    left_out = {run.out.name: run.fold for run in runs}
    names = {f"fold{fold}": fold for fold in range(3)} | {"shuffled": 0, "background": 0, "final": None}
    assert {name.partition("-")[2] for name in left_out} == set(names)
    assert all(names[name.partition("-")[2]] == fold for name, fold in left_out.items())
    begun = {run.out.name: run.start.parent.name for run in runs if run.start is not None}
    stage1 = {"shuffled": "fold0", "background": "fold0"}
    assert len(begun) >= len(names)
    for name, start in begun.items():
        own = name.partition("-")[2]
        assert start == f"stage1-{stage1.get(own, own)}"
