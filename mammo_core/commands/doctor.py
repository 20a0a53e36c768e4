"""``mammo doctor``: what of this installation works, and what to do about what does not."""

import typer

from mammo_core.commands.terminal import SOME_FAILED, WRONG_USAGE, service_for, stop
from mammo_core.errors import MammoError


def doctor() -> None:
    """Check this installation: codecs, model and digests, the way of an image, reports, S3 where it is named.

    Exit status: 0 all that is needed works, 1 something does not, 2 the environment is not valid.
    """
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from mammo_core.diagnosis import State, diagnose

    try:
        service = service_for(None)
    except MammoError as error:
        stop(error, WRONG_USAGE)
    findings = list(diagnose(service))
    table = Table("part", "state", Column("found", overflow="fold"), Column("what to do", overflow="fold"))
    for finding in findings:
        table.add_row(*map(Text, (finding.part, finding.state, finding.found, finding.advice)))
    Console().print(table)
    if any(finding.state is State.FAILED for finding in findings):
        raise typer.Exit(SOME_FAILED)
