"""What became of a source, kept beside the pointer: published, or refused and why."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from mammo_core.aws import objects
from mammo_core.errors import MammoError, NotFoundError
from mammo_core.models.pointer import Pointer
from mammo_core.publishing.release import Destination, Move
from mammo_core.schemas.events import Publication, PublicationStatus, Refusal, Source, read_publication

FOLDER = "published/"


@dataclass(frozen=True, slots=True)
class Record:
    """The result object of one version of a source.

    Parameters
    ----------
    destination : Destination
    address : Address
        Of the source.
    described : Description
    request_id : str
        Of this invocation.
    """

    destination: Destination
    address: objects.Address
    described: objects.Description = field(repr=False)
    request_id: str

    @property
    def key(self) -> str:
        """``published/<name>/<version>.json``, beside the pointer."""
        name = self.address.key.rpartition("/")[2]
        return f"{self.destination.folder}{FOLDER}{name}/{self.described.version}.json"

    def says_published(self) -> bool:
        """Whether this version of the source has been published before."""
        earlier = self._earlier()
        return earlier is not None and earlier.status is PublicationStatus.PUBLISHED

    def _earlier(self) -> Publication | None:
        try:
            stored = objects.read(self.destination.bucket, self.key)
        except NotFoundError:
            return None
        return read_publication(stored.data)

    def _before(self, move: Move) -> Pointer | None:
        """What the pointer said before; an attempt that died after it had moved the pointer knew."""
        if move.previous != move.pointer:
            return move.previous
        earlier = self._earlier()
        if earlier is None or earlier.pointer != move.pointer:
            return move.previous
        return earlier.previous

    def write(
        self,
        status: PublicationStatus,
        *,
        move: Move | None = None,
        error: MammoError | None = None,
    ) -> None:
        """Write what became of it."""
        source = Source(bucket=self.address.bucket, key=self.address.key, version=self.described.version)
        publication = Publication(
            status=status,
            source=source,
            pointer=None if move is None else move.pointer,
            previous=None if move is None else self._before(move),
            error=None
            if error is None
            else Refusal(code=error.code, title=error.title, detail=error.message),
            request_id=self.request_id,
            written_at=datetime.now(UTC),
        )
        text = publication.model_dump_json(indent=2).encode()
        objects.put(self.destination.bucket, self.key, text, "application/json")
