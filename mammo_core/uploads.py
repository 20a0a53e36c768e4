"""Uploads: a form for one file, and the options that travel with it as metadata."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from mammo_core.aws import links
from mammo_core.errors import InvalidRequestError, NotFoundError
from mammo_core.hints import NO_HINTS, Hints, hints_of
from mammo_core.schemas.events import UploadOut, UploadQuery, query_of
from mammo_core.schemas.requests import AnalyzeQuery
from mammo_core.settings import Settings

PREFIX = "uploads/"
"""Of the keys of uploads. What else lies in the bucket came another way."""
OURS = "mammo-"
"""Of the names of our metadata: other tools put theirs beside it."""
REQUEST_ID = "mammo-request-id"
FORM_LIVES_S = 300


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an object's metadata ask for.

    Parameters
    ----------
    query : AnalyzeQuery
    request_id : str or None
        Of the ``POST /uploads`` that made the form.
    """

    query: AnalyzeQuery
    request_id: str | None


@dataclass(frozen=True, slots=True)
class Buckets:
    """Where uploads come, and where their results go."""

    uploads: str
    results: str


def buckets(settings: Settings) -> Buckets:
    """The two buckets that uploads need.

    Raises
    ------
    NotFoundError
        If the settings do not name both: uploads are not offered.
    """
    if settings.upload_bucket is None or settings.result_bucket is None:
        raise NotFoundError("Uploads are not offered here.")
    return Buckets(settings.upload_bucket, settings.result_bucket)


def offer(query: UploadQuery, *, settings: Settings, request_id: str) -> UploadOut:
    """Make a form that takes one file, of this kind and not larger, within five minutes.

    Parameters
    ----------
    query : UploadQuery
        Its options become metadata that the form cannot be sent without.
    settings : Settings
    request_id : str

    Raises
    ------
    NotFoundError
        If uploads are not offered.
    InvalidRequestError
        If the options are not valid.
    AccessDeniedError, ConfigurationError
        If there are no credentials to sign with.
    """
    place = buckets(settings)
    query.options()
    name, now = str(uuid4()), datetime.now(UTC)
    metadata = metadata_of(query, request_id=request_id)
    form = links.form(
        place.uploads,
        key_of(name),
        {"Content-Type": query.content_type, **{f"x-amz-meta-{k}": v for k, v in metadata.items()}},
        max_bytes=settings.max_image_bytes,
        lives_s=FORM_LIVES_S,
    )
    return UploadOut(
        id=name,
        url=form.url,
        fields=form.fields,
        max_bytes=settings.max_image_bytes,
        expires_at=now + timedelta(seconds=FORM_LIVES_S),
        analysis=f"analyses/{name}",
    )


def key_of(name: str) -> str:
    """The key of an upload.

    Raises
    ------
    InvalidRequestError
        If the name is no UUID as :func:`offer` makes them.
    """
    if not _is_uuid(name):
        raise InvalidRequestError("The id of an upload is a UUID in lower case, as POST /uploads gave it.")
    return f"{PREFIX}{name}"


def hints_of_key(key: str) -> Hints:
    """What a key says of the view, as a file's name does; an upload's is random, and says nothing."""
    return NO_HINTS if key.startswith(PREFIX) else hints_of(key)


def metadata_of(query: UploadQuery, *, request_id: str) -> dict[str, str]:
    """The options that differ from the defaults, as metadata of an object."""
    chosen = query.model_dump(mode="json", exclude_defaults=True, exclude={"content_type"})
    options = {f"{OURS}{name.replace('_', '-')}": _text(value) for name, value in chosen.items()}
    return {**options, REQUEST_ID: request_id}


def wishes_of(metadata: Mapping[str, str]) -> Wishes:
    """Read the options from an object's metadata.

    Raises
    ------
    InvalidRequestError
        If one of ours is unknown or has no valid value; what came is not repeated.
    """
    ours = {name: value for name, value in metadata.items() if name.startswith(OURS)}
    request_id = ours.pop(REQUEST_ID, None)
    given = {name.removeprefix(OURS).replace("-", "_"): value for name, value in ours.items()}
    query = query_of(given, written=lambda name: f"{OURS}{name.replace('_', '-')}")
    query.options()
    # Anybody may have put anything there, and it goes into the log.
    return Wishes(query, request_id if request_id is not None and _is_uuid(request_id) else None)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_uuid(text: str) -> bool:
    """Whether it is one as we write them, as Lambda writes the ids of its requests."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
