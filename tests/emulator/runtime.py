"""The Lambda runtime on this machine: AWS's interface emulator, the locked runtime client, our handler.

The emulator calls the handler as Lambda does, in a process of its own, with Lambda's time-out and its limit
on answers. It cannot be called twice at once, so calls are made one after the other.
"""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
PATH = "/2015-03-31/functions/function/invocations"
NOTHING: Mapping[str, str] = MappingProxyType({})
PROCESSORS = {"x86_64": "x86_64", "aarch64": "arm64"}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
}
"""Lambda always sets them; these open nothing."""


def emulator() -> Path:
    """The program, out of the SAM CLI that the Makefile installs beside the tests."""
    name = f"aws-lambda-rie-{PROCESSORS[platform.machine()]}"
    (found,) = Path(sys.prefix).glob(f"sam/lib/python*/site-packages/samcli/local/rapid/{name}")
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def interpreter_below(emulator_pid: int) -> int | None:
    """The process id of the interpreter that an emulator started, if one runs."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stat, words = path.read_text(), (path.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended while we looked
        parent = int(stat.rpartition(")")[2].split()[1])
        if parent == emulator_pid and b"awslambdaric" in words:
            return int(path.parent.name)
    return None


def peak_memory_mb(process: int | None) -> float:
    """Largest resident size that a process has had."""
    status = (Path("/proc") / str(process) / "status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1000


class Sandbox:
    """A running function.

    Parameters
    ----------
    process : subprocess.Popen
        The emulator; the interpreter with the handler is its child.
    port : int
    log : Path
        What both of them write.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self._process = process
        self._url = f"http://127.0.0.1:{port}{PATH}"
        self._log = log

    def invoke(self, event: dict[str, Any]) -> Any:  # noqa: ANN401 - what the function returns
        """Send an event; the function's answer, or the text that the runtime puts in its place."""
        request = Request(self._url, data=json.dumps(event).encode())
        try:
            body = urlopen(request, timeout=60).read()
        except HTTPError as error:
            # So the emulator says that the process ended.
            body = error.read()
        try:
            return json.loads(body)
        except json.JSONDecodeError:
            return body.decode()

    def handler_process(self) -> int | None:
        """The process id of the interpreter, if one runs."""
        return interpreter_below(self._process.pid)

    def peak_memory_mb(self) -> float:
        """Largest resident size that the interpreter has had."""
        return peak_memory_mb(self.handler_process())

    def log(self) -> list[dict[str, Any]]:
        """The lines that our code has logged."""
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith('{"level')]


@contextmanager
def sandbox(
    folder: Path,
    environment: Mapping[str, str] = NOTHING,
    *,
    handler: str = "handler.handler",
    timeout_s: int = 29,
) -> Iterator[Sandbox]:
    """Start the emulator, and end it with all its children.

    Parameters
    ----------
    folder : Path
        For the log.
    environment : mapping of str to str
        Settings of the function.
    handler : str
        ``module.function``, as in Lambda.
    timeout_s : int
        Of a call, as Lambda's.
    """
    ours, runtimes = free_ports(2)
    log = folder / f"sandbox-{ours}.log"
    command = [
        str(emulator()),
        *("--log-level", "error"),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{ours}"),
        *("--runtime-api-address", f"127.0.0.1:{runtimes}"),
        *(sys.executable, "-m", "awslambdaric", handler),
    ]
    limits = {"AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_s), "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **CREDENTIALS, **limits, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(ours, process)
        yield Sandbox(process, ours, log)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise TimeoutError(f"The emulator does not listen on port {port}.")
