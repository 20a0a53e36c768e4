"""The command-line door."""

import errno
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mammo_core.commands.analyze import analyze
from mammo_core.commands.check import check
from mammo_core.commands.compile import compile_
from mammo_core.commands.doctor import doctor
from mammo_core.commands.evaluate import evaluate
from mammo_core.commands.model import model
from mammo_core.commands.publish import publish
from mammo_core.commands.report import report
from mammo_core.commands.submit import submit
from mammo_core.commands.terminal import WRONG_USAGE, stop
from mammo_core.errors import ConfigurationError, MammoError
from mammo_core.records import Laterality, ViewPosition

LAST_PORT = 65535

app = typer.Typer(
    help="Explained mammogram inference. Research use only, not a medical device.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals hold pixels
)
app.command()(analyze)
app.command()(report)
app.command()(model)
app.command()(check)
app.command("compile")(compile_)
app.command()(evaluate)
app.command()(publish)
app.command()(submit)
app.command()(doctor)


class PhantomView(StrEnum):
    """Projections that a phantom can show."""

    CC = "CC"
    MLO = "MLO"


class PhantomLaterality(StrEnum):
    """Breasts that a phantom can show."""

    LEFT = "L"
    RIGHT = "R"


@app.callback()
def main() -> None:
    """Explained mammogram inference. Research use only, not a medical device."""


@app.command()
def serve(
    port: Annotated[int, typer.Option(envvar="PORT", min=1, max=LAST_PORT)] = 8000,
    host: Annotated[
        str | None,
        typer.Option(
            envvar="HOST",
            help="Address; default 127.0.0.1, or 0.0.0.0 if PORT is set, as container hosts do.",
        ),
    ] = None,
) -> None:
    """Serve the HTTP API from this machine; the same application as in Lambda."""
    import uvicorn

    from mammo_core.api import create_app
    from mammo_core.service import build_service

    default_host = "0.0.0.0" if "PORT" in os.environ else "127.0.0.1"  # noqa: S104 - a container's only way in
    address = host or default_host
    try:
        _check_free(address, port)
        application = create_app(build_service())
    except MammoError as error:
        stop(error, WRONG_USAGE)
    uvicorn.run(application, host=address, port=port, access_log=False)


def _check_free(host: str, port: int) -> None:
    """Say it plainly if another program serves there; whatever else is wrong, the server tells itself."""
    import socket

    try:
        # As the server will: a port that was closed a moment ago is free.
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"Port {port} is in use, perhaps by another `mammo serve`; name another: "
                f"mammo serve --port {port + 1 if port < LAST_PORT else port - 1}"
            ) from error


@app.command()
def phantom(
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    seed: Annotated[int, typer.Option(min=0)] = 1,
    view: Annotated[PhantomView, typer.Option()] = PhantomView.CC,
    laterality: Annotated[PhantomLaterality, typer.Option()] = PhantomLaterality.LEFT,
    lesion: Annotated[bool, typer.Option(help="With a mass, or without.")] = True,
    rows: Annotated[int, typer.Option(min=256, max=8192)] = 1024,
    columns: Annotated[int, typer.Option(min=208, max=8192)] = 832,
) -> None:
    """Make a synthetic mammogram with known truth: PNG, DICOM and truth as JSON."""
    from mammo_core.phantom.files import write_phantom
    from mammo_core.phantom.synthesis import make_phantom

    made = make_phantom(
        seed=seed,
        view_position=ViewPosition(view),
        laterality=Laterality(laterality),
        shape=(rows, columns),
        lesion=lesion,
    )
    for path in write_phantom(made, out):
        typer.echo(str(path))
