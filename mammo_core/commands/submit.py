"""``mammo submit``: what lies in a bucket already is put on the queue."""

from pathlib import Path
from typing import Annotated

import typer

from mammo_core.commands.terminal import SOME_FAILED, WRONG_USAGE, stop
from mammo_core.errors import ConfigurationError, MammoError
from mammo_core.submission import Progress, load, save
from mammo_core.submission import submit as submitted


def submit(
    prefix: Annotated[str, typer.Argument(help="s3://bucket/prefix; s3://bucket/ for all of it.")],
    queue: Annotated[str, typer.Option(envvar="QUEUE_URL", help="URL of the worker's queue.")],
    state: Annotated[
        Path | None,
        typer.Option(help="File that notes how far it has come: the same command goes on from there."),
    ] = None,
) -> None:
    """Put every object below a prefix on the worker's queue; what has a result already is not done again.

    Exit status: 0 all are on the queue, 1 some are not (run it again), 2 wrong usage.

    Example: mammo submit s3://my-uploads/2024/ --queue https://sqs.eu-central-1.amazonaws.com/1234/events
    """
    from rich.console import Console

    try:
        begun = Progress(*_place(prefix), queue_url=queue)
        begun = begun if state is None else load(state, begun)
    except MammoError as error:
        stop(error, WRONG_USAGE)
    progress = begun
    try:
        with Console(stderr=True).status("listing") as status:
            for progress in submitted(begun):
                status.update(f"{progress.sent:,} on the queue")
                if state is not None:
                    save(state, progress)
    except MammoError as error:
        typer.echo(_summary(progress, begun))
        stop(error, SOME_FAILED)
    typer.echo(_summary(progress, begun) + ("" if progress.after else "; there is nothing below this prefix"))


def _place(uri: str) -> tuple[str, str]:
    scheme, separator, rest = uri.partition("://")
    bucket, _, prefix = rest.partition("/")
    if (scheme, separator) != ("s3", "://") or not bucket:
        raise ConfigurationError("A prefix of the form s3://bucket/prefix was expected.")
    return bucket, prefix


def _summary(progress: Progress, begun: Progress) -> str:
    told = f"{progress.sent - begun.sent:,} objects put on the queue"
    skipped = progress.skipped - begun.skipped
    told += f", {skipped:,} empty ones or folders skipped" if skipped else ""
    return f"{told}; {begun.sent:,} were before" if begun.sent else told
