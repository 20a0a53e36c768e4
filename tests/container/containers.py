"""Real containers for tests: SAM's local commands, and plain runs, on the engine of ``scripts/e2e.sh``."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tests.emulator.runtime import CREDENTIALS, NOTHING, ROOT, emulator, free_ports, interpreter_below

E2E = ROOT / ".e2e"
TEMPLATE = E2E / "build" / "template.yaml"
SAM = Path(sys.prefix) / "sam" / "bin" / "sam"
FULL, SLIM, SPACE = (f"localhost/mammo-core:{target}" for target in ("full", "slim", "space"))
QUIET = {"SAM_CLI_TELEMETRY": "0", **CREDENTIALS}


def engine(*arguments: str) -> str:
    """Run the container engine and return what it prints."""
    command = [os.environ["ENGINE"], *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def gateway() -> str:
    """How a container addresses the machine it runs on."""
    program = "print([l.split()[2] for l in open('/proc/net/route') if l.split()[1] == '00000000'][0])"
    little_endian = engine("run", "--rm", "--entrypoint", "python3", FULL, "-c", program)
    return socket.inet_ntoa(bytes.fromhex(little_endian)[::-1])


def sam_invoke(
    event: Path,
    parameters: Mapping[str, str] = NOTHING,
    *,
    function: str = "Function",
    environment: Path | None = None,
) -> dict[str, Any]:
    """``sam local invoke``: a container for one event.

    Parameters
    ----------
    event : Path
    parameters : mapping of str to str
        Of the template.
    function : str
        The template's name of it.
    environment : Path or None
        A file with variables in the place of the template's: ``{"Function": {"NAME": "value"}}``.
    """
    given = () if environment is None else ("--env-vars", str(environment))
    done = subprocess.run(
        sam("invoke", parameters, function, "--event", str(event), *given),
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **QUIET},
    )
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def sam(command: str, parameters: Mapping[str, str], *arguments: str) -> list[str]:
    """A local command of SAM; parameters come last, as their option takes whatever follows."""
    overrides = [f"{name}={value}" for name, value in parameters.items()]
    given = ["--parameter-overrides", *overrides] if overrides else []
    template = ("--template", str(TEMPLATE), "--skip-pull-image")
    return [str(SAM), "local", command, *arguments, *template, *given]


@contextmanager
def sam_server(command: str, parameters: Mapping[str, str] = NOTHING) -> Iterator[str]:
    """``sam local start-api`` or ``start-lambda`` with one warm container; its address."""
    (port,) = free_ports(1)
    # A shell that starts us in the background lets us ignore interrupts, and SAM would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log = E2E / f"{command}-{port}.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            sam(command, parameters, "--port", str(port), "--warm-containers", "LAZY"),
            cwd=ROOT,
            env={**os.environ, **QUIET},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(address)
        yield address
    finally:
        server.send_signal(signal.SIGINT)  # it removes its containers then: minutes on a busy machine
        server.wait(120)


@contextmanager
def container(image: str, *options: str, port: int, command: tuple[str, ...] = ()) -> Iterator[str]:
    """A container with its port open to this machine; its address."""
    (ours,) = free_ports(1)
    name = engine("run", "--detach", "--publish", f"127.0.0.1:{ours}:{port}", *options, image, *command)
    try:
        yield f"http://127.0.0.1:{ours}"
    finally:
        engine("rm", "--force", name)


@contextmanager
def function_container(image: str, *options: str) -> Iterator[str]:
    """An image of the function under the runtime emulator, locked up as Lambda does; where to send events.

    The root file system is read-only, the user is one that the image does not know.
    """
    locked = (
        *("--read-only", "--tmpfs", "/tmp:rw,exec,mode=1777", "--user", "12345:54321"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--volume", f"{emulator()}:/emulator:ro", "--entrypoint", "/emulator"),
        *(part for name, value in CREDENTIALS.items() for part in ("--env", f"{name}={value}")),
        *("--env", "AWS_LAMBDA_FUNCTION_TIMEOUT=29", "--env", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=3008"),
    )
    command = ("--log-level", "error", "python3", "-m", "awslambdaric", "handler.handler")
    with container(image, *locked, *options, port=8080, command=command) as address:
        wait_for(address)
        yield f"{address}/2015-03-31/functions/function/invocations"


def process_of(address: str) -> int | None:
    """The process id, on this machine, of the interpreter in a function's container."""
    port = urlsplit(address).port
    for name in engine("ps", "--quiet").split():
        if f":{port}" in engine("port", name):
            return interpreter_below(int(engine("inspect", "--format", "{{.State.Pid}}", name)))
    return None


def invoke(address: str, event: dict[str, Any]) -> dict[str, Any]:
    """Send an event to a container under the emulator."""
    answer: dict[str, Any] = json.loads(
        urlopen(Request(address, json.dumps(event).encode()), timeout=90).read()
    )
    return answer


def wait_for(address: str, seconds: float = 60.0) -> None:
    """Return as soon as somebody answers HTTP."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            urlopen(f"{address}/health", timeout=30).read()
        except HTTPError:
            return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"Nobody answers at {address}.")


def post(
    address: str, body: bytes, media_type: str, accept: str = "*/*"
) -> tuple[int, dict[str, str], bytes]:
    """Send a body; status, headers (lower-case names) and body of the answer."""

    def lower(headers: Message) -> dict[str, str]:
        return {name.lower(): value for name, value in headers.items()}

    headers = {"Content-Type": media_type, "Accept": accept}
    try:
        with urlopen(Request(address, body, headers), timeout=90) as reply:
            return reply.status, lower(reply.headers), reply.read()
    except HTTPError as error:
        return error.code, lower(error.headers), error.read()
