"""Uploads, and results that are kept, on the wire and in the bucket of results."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, ValidationError, WithJsonSchema

from mammo_core import schemas as wire
from mammo_core.errors import InternalError, InvalidRequestError
from mammo_core.models.pointer import Pointer
from mammo_core.schemas.requests import AnalyzeQuery

MEDIA_TYPES = Literal[
    "application/dicom",
    "application/octet-stream",
    "image/bmp",
    "image/jpeg",
    "image/png",
    "image/tiff",
    "image/webp",
]


class ResultStatus(StrEnum):
    """What became of an object that was to be analysed."""

    PENDING = "pending"
    """No result yet."""
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    """The object cannot be analysed as it is; the same object would be rejected again."""
    FAILED = "failed"
    """Something else went wrong as often as it was tried; a person has been told."""


class Refusal(wire.Wire):
    """Why there is no answer."""

    code: str
    title: str
    detail: str


class Source(wire.Wire):
    """The object that was analysed."""

    bucket: str
    key: str
    version: str
    """Its version id, or ``etag-…`` in a bucket that keeps no versions."""


class _Result(wire.Wire):
    status: Literal[ResultStatus.SUCCEEDED, ResultStatus.REJECTED, ResultStatus.FAILED]
    source: Source
    error: Refusal | None = None
    request_id: str
    """Of the invocation that wrote this; its log line has it too."""
    upload_request_id: str | None = None
    """Of the ``POST /uploads`` that began it."""
    written_at: AwareDatetime
    counts_from: AwareDatetime
    """A failure that is written before a last attempt counts once that attempt's time is over."""


class StoredResult(_Result):
    """``analysis.json``: the mark that a result is complete."""

    schema_version: Literal["1.0"] = "1.0"
    answer: wire.Answer | None = None
    """As ``POST /analyze`` gives it, but ``images`` holds the names of the files beside this one."""


class FoundResult(_Result):
    """An ``analysis.json`` that is there: it may be a year old, and its answer one of an earlier release."""

    model_config = ConfigDict(extra="ignore")

    schema_version: Annotated[str, Field(pattern=r"^1\.")]
    answer: dict[str, Any] | None = None


class PublicationStatus(StrEnum):
    """What became of a model's source."""

    PUBLISHING = "publishing"
    """The pointer is about to name it, or does already: a process that died then is called again."""
    PUBLISHED = "published"
    """The pointer named it; a rollback may have moved the pointer since."""
    REFUSED = "refused"
    """The pointer stayed where it was."""


class Publication(wire.Wire):
    """What is kept of a model that was to be published."""

    schema_version: Literal["1.0"] = "1.0"
    status: PublicationStatus
    source: Source
    pointer: Pointer | None
    """What the service's pointer says since."""
    previous: Pointer | None
    """What it said before: to go back, write this into it."""
    error: Refusal | None
    request_id: str
    written_at: AwareDatetime


class FoundPublication(Publication):
    """One that is there: perhaps of another release."""

    model_config = ConfigDict(extra="ignore")


class UploadQuery(AnalyzeQuery):
    """The query of ``POST /uploads``: the options of the analysis, and what kind of file will come."""

    content_type: MEDIA_TYPES = "application/dicom"
    """The upload must declare exactly this."""


class UploadOut(wire.Wire):
    """The answer of ``POST /uploads``: a form for one file."""

    id: str
    url: str
    """Post ``multipart/form-data`` here: all of ``fields``, and then the file as the last field, ``file``."""
    fields: dict[str, str]
    max_bytes: int
    expires_at: AwareDatetime
    analysis: str
    """Where the result can be asked for, relative to the address of this answer."""


ANSWER = {"anyOf": [{"$ref": "#/components/schemas/Answer"}, {"type": "null"}]}
"""The schema of an answer in OpenAPI. It is passed on as it was stored, whatever release stored it."""


class AnalysisState(wire.Wire):
    """The answer of ``GET /analyses/{id}``."""

    id: str
    status: ResultStatus
    answer: Annotated[dict[str, Any] | None, WithJsonSchema(ANSWER)] = None
    """As ``POST /analyze`` gave it, but ``images`` holds links that open without credentials."""
    links_expire_at: AwareDatetime | None = None
    error: Refusal | None = None
    request_id: str | None = None
    """Of the invocation that wrote the result."""


def read_result(data: bytes) -> FoundResult:
    """Read an ``analysis.json``, of this release or an earlier one.

    Raises
    ------
    InternalError
        If it is none.
    """
    try:
        return FoundResult.model_validate_json(data)
    except ValidationError as error:
        raise InternalError("What lies in the place of the result is none that can be read.") from error


def read_publication(data: bytes) -> FoundPublication:
    """Read what is kept of a publication.

    Raises
    ------
    InternalError
        If it is none.
    """
    try:
        return FoundPublication.model_validate_json(data)
    except ValidationError as error:
        raise InternalError("What lies in the place of the record is none that can be read.") from error


def query_of(given: Mapping[str, str], *, written: Callable[[str], str]) -> AnalyzeQuery:
    """Read options that came as texts.

    Parameters
    ----------
    given : Mapping
    written : callable
        How the caller writes the name of an option.

    Raises
    ------
    InvalidRequestError
        If one is unknown or has no valid value; what came is not repeated.
    """
    try:
        return AnalyzeQuery.model_validate(given)
    except ValidationError as error:
        known = ", ".join(written(name) for name in AnalyzeQuery.model_fields)
        wrong = "; ".join(
            "a name is not known"
            if e["type"] == "extra_forbidden"
            else f"{written('.'.join(map(str, e['loc'])))}: {e['msg']}"
            for e in error.errors()[:5]
        )
        raise InvalidRequestError(f"The options are not valid: {wrong}. Known are {known}.") from error
