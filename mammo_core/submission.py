"""Objects that were in a bucket before its queue was: their keys are put on it, batch by batch."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path

from mammo_core.aws import objects, queues
from mammo_core.errors import ConfigurationError
from mammo_core.events.notification import submission


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a submission has come.

    Parameters
    ----------
    bucket, prefix, queue_url : str
    after : str
        The last key that is done with; empty at the beginning.
    sent : int
    skipped : int
        Place holders of folders, and empty objects.
    """

    bucket: str
    prefix: str = field(repr=False)
    queue_url: str
    after: str = field(default="", repr=False)
    sent: int = 0
    skipped: int = 0

    def is_of(self, other: "Progress") -> bool:
        """Whether both are of the same submission."""
        mine, theirs = (replace(one, after="", sent=0, skipped=0) for one in (self, other))
        return mine == theirs


def submit(begun: Progress) -> Iterator[Progress]:
    """Put the objects below a prefix on the queue, from where it was left.

    A batch that was sent and not noted is sent again by the next run; the worker suppresses what it has done.

    Parameters
    ----------
    begun : Progress

    Yields
    ------
    Progress
        After each batch.

    Raises
    ------
    NotFoundError
        If there is no such bucket or queue.
    MammoError
        As :func:`mammo_core.aws.objects.listed` and :func:`mammo_core.aws.queues.send`.
    """
    progress = begun
    entries = objects.listed(begun.bucket, begun.prefix, after=begun.after)
    while batch := list(islice(entries, queues.BATCH)):
        files = [entry for entry in batch if entry.size and not entry.key.endswith("/")]
        if files:
            addresses = [objects.Address(begun.bucket, entry.key) for entry in files]
            queues.send(begun.queue_url, [json.dumps(submission(address)) for address in addresses])
        progress = replace(
            progress,
            after=batch[-1].key,
            sent=progress.sent + len(files),
            skipped=progress.skipped + len(batch) - len(files),
        )
        yield progress


def load(state: Path, wanted: Progress) -> Progress:
    """Where an earlier run was left; the beginning, if there is no note of one.

    Raises
    ------
    ConfigurationError
        If the note is no such note, or of another submission.
    """
    if not state.exists():
        return wanted
    try:
        noted = Progress(**json.loads(state.read_text("utf-8")))
    except (ValueError, TypeError, OSError) as error:
        raise ConfigurationError("The state file cannot be read: it is none of mammo submit.") from error
    if not noted.is_of(wanted):
        raise ConfigurationError("The state file is of another submission: name another one, or remove it.")
    return noted


def save(state: Path, progress: Progress) -> None:
    """Note how far it has come; a run that dies here leaves the older note."""
    beside = state.with_name(f"{state.name}.new")
    beside.write_text(json.dumps(asdict(progress)), "utf-8")
    beside.replace(state)
