"""What became of a source, kept beside the pointer: published, or refused and why."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from mammo_core.aws import objects
from mammo_core.errors import MammoError, NotFoundError
from mammo_core.publishing.release import Destination, Released
from mammo_core.schemas_events import Publication, PublicationStatus, Refusal, Source, read_publication

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
        try:
            stored = objects.read(self.destination.bucket, self.key)
        except NotFoundError:
            return False
        return read_publication(stored.data).status is PublicationStatus.PUBLISHED

    def write(
        self,
        status: PublicationStatus,
        *,
        released: Released | None = None,
        error: MammoError | None = None,
    ) -> None:
        """Write what became of it."""
        source = Source(bucket=self.address.bucket, key=self.address.key, version=self.described.version)
        publication = Publication(
            status=status,
            source=source,
            pointer=None if released is None else released.pointer,
            previous=None if released is None else released.previous,
            error=None
            if error is None
            else Refusal(code=error.code, title=error.title, detail=error.message),
            request_id=self.request_id,
            written_at=datetime.now(UTC),
        )
        text = publication.model_dump_json(indent=2).encode()
        objects.put(self.destination.bucket, self.key, text, "application/json")
