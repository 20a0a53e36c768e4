"""``scripts/container_engine.sh`` finds an engine, or says in a sentence why it cannot set one up."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "dirname", "mkdir", "cat", "rm")
"""What the script takes for granted before it has installed anything."""


class Machine:
    """A machine whose only programs are a few of the system's, and those that a test makes.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("bin", "scripts"):
            (folder / name).mkdir()
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (folder / "bin" / tool).symlink_to(found)
        shutil.copy(ROOT / "scripts" / "container_engine.sh", folder / "scripts")

    def has(self, name: str, does: str) -> None:
        """Install a program that does something in bash."""
        path = self._folder / "bin" / name
        path.write_text(f"#!{shutil.which('bash')}\n{does}\n")
        path.chmod(0o755)

    def run(self, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Look for an engine."""
        return subprocess.run(
            [self._folder / "bin" / "bash", self._folder / "scripts" / "container_engine.sh"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": str(self._folder / "bin"), **environment},
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One with a user who is root, and Docker's client without its server."""
    bare = Machine(tmp_path)
    bare.has("docker", "exit 1")
    bare.has("id", "echo 0")
    return bare


def test_docker_is_taken_where_it_answers(machine: Machine) -> None:
    machine.has("docker", "exit 0")

    assert machine.run().stdout == "ENGINE=docker\nBASE_IMAGE=public.ecr.aws/lambda/python:3.13\n"
    assert "BASE_IMAGE=mine\n" in machine.run(BASE_IMAGE="mine").stdout


def test_without_docker_somebody_who_is_not_root_is_told_of_both_ways(machine: Machine) -> None:
    machine.has("id", "echo 1000")

    done = machine.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert "Docker does not answer" in done.stderr
    assert "only root can set podman up" in done.stderr


def test_a_system_of_another_kind_is_told_what_it_lacks(machine: Machine) -> None:
    done = machine.run()

    assert (done.returncode, done.stdout) == (1, "")
    assert "on Debian and Ubuntu only" in done.stderr


@pytest.mark.parametrize("status", ["config-files", "not-installed", ""])
def test_a_package_that_was_removed_and_not_purged_is_installed_again(machine: Machine, status: str) -> None:
    machine.has("dpkg-query", f'[ "${{!#}}" = podman ] && printf %s "{status}" || printf installed')
    machine.has("apt-get", 'echo "$@" >&2; [ "$1" = update ]')

    done = machine.run()

    assert done.returncode != 0, "this machine's packages cannot be installed"
    assert "container_engine: installing podman\n" in done.stderr
    (install,) = [line for line in done.stderr.splitlines() if line.startswith("install ")]
    wanted = {"podman", "runc", "debootstrap", "debian-archive-keyring", "gpgv", "ca-certificates"}
    assert wanted <= set(install.split())
