"""The image of a request, whichever way it came: multipart, JSON, raw, or as the name of an object in S3."""

import base64
import binascii
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from mammo_core.aws import objects
from mammo_core.errors import ConfigurationError, InvalidRequestError, PayloadTooLargeError
from mammo_core.hints import NO_HINTS, Hints, hints_of
from mammo_core.schemas.requests import AnalyzeJson, ObjectName
from mammo_core.settings import Settings
from mammo_core.uploads import hints_of_key

BINARY = {"schema": {"type": "string", "format": "binary"}}
OPENAPI: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        "application/json": {
            "schema": {
                "type": "object",
                "description": "One of the two.",
                "properties": {
                    "image": {"type": "string", "description": "Base64 of the image file."},
                    "s3": ObjectName.model_json_schema(),
                },
                "additionalProperties": False,
            }
        },
        "image/png": BINARY,
        "image/jpeg": BINARY,
        "image/tiff": BINARY,
        "image/webp": BINARY,
        "image/bmp": BINARY,
        "application/dicom": BINARY,
        "application/octet-stream": BINARY,
    },
}


@dataclass(frozen=True, slots=True)
class Upload:
    """The image's bytes, and what the name of its file says; the name itself stays here."""

    data: bytes
    hints: Hints = NO_HINTS


async def image_of(request: Request, *, max_bytes: int, settings: Settings) -> Upload:
    """Read the image's bytes, and the hints in its file's name if there is one.

    Parameters
    ----------
    request : Request
        ``multipart/form-data`` with the field ``file``; ``application/json`` with base64 in ``image``, or the
        name of an object in ``s3``; any other content type is the image itself, since ``curl --data-binary``
        sends a form's.
    max_bytes : int
        Of the body.
    settings : Settings
        Which buckets may be read, and whether larger files have another way.

    Raises
    ------
    PayloadTooLargeError
        As soon as the body, or the length it declares, exceeds the limit.
    InvalidRequestError
        If the body does not have the form that its content type announces, or names another bucket.
    MammoError
        As :func:`mammo_core.aws.objects.describe` and ``fetch``, for an object.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise _too_large(int(declared), max_bytes, settings)
    body = await _body(request, max_bytes, settings)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await _uploaded_file(request, body)
    if media_type == "application/json":
        named = _read_json(body)
        if named.s3 is not None:
            return await run_in_threadpool(_object, named.s3, settings)
        return Upload(_decoded(named.image or ""))
    return Upload(body)


async def _body(request: Request, max_bytes: int, settings: Settings) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > max_bytes:
            raise _too_large(size, max_bytes, settings)
        parts.append(part)
    return b"".join(parts)


class _InMemoryParser(MultiPartParser):
    """Keeps uploads in memory: nothing of a patient is written to disk."""

    spool_max_size = 2**62


async def _uploaded_file(request: Request, body: bytes) -> Upload:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    try:
        form = await _InMemoryParser(request.headers, stream(), max_files=1, max_fields=20).parse()
    except (MultiPartException, KeyError) as error:
        raise InvalidRequestError(
            "The multipart body cannot be read; one field `file` was expected."
        ) from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise InvalidRequestError("A multipart field `file` with the image was expected; it is missing.")
        if len(form) > 1:
            raise InvalidRequestError(
                "The multipart body has other fields than `file`; options go into the query of the URL."
            )
        return Upload(await file.read(), hints_of(file.filename))
    finally:
        await form.close()


def _read_json(body: bytes) -> AnalyzeJson:
    try:
        return AnalyzeJson.model_validate_json(body)
    except ValidationError as error:
        raise InvalidRequestError(
            'A JSON body {"image": "<base64>"} or {"s3": {"bucket": …, "key": …}} with no other name was '
            "expected; options go into the query."
        ) from error


def _decoded(text: str) -> bytes:
    # Browsers' FileReader puts `data:image/png;base64,` in front.
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    try:
        # Command-line tools wrap base64 in lines.
        return base64.b64decode("".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequestError("image: base64 was expected; the text is not base64.") from error


def _object(named: ObjectName, settings: Settings) -> Upload:
    """Read an object of a bucket that the settings allow; nothing else is ever fetched."""
    if named.bucket not in settings.readable:
        raise InvalidRequestError("s3: the bucket is none of those that this service reads for its callers.")
    address = objects.Address(named.bucket, named.key, named.version_id)
    data = objects.fetch(address, _described(address), max_bytes=settings.max_image_bytes)
    return Upload(data, hints_of_key(named.key))


def _described(address: objects.Address) -> objects.Description:
    try:
        return objects.describe(address)
    except ConfigurationError as error:
        if address.version_id is None:
            raise
        # S3 answers 400 to a text that is no version of anything: the caller's mistake, and nobody's alarm.
        raise InvalidRequestError("s3: S3 cannot read this version_id.") from error


def _too_large(size: int, max_bytes: int, settings: Settings) -> PayloadTooLargeError:
    way = " POST /uploads takes larger files." if settings.upload_bucket and settings.result_bucket else ""
    return PayloadTooLargeError(
        f"The body has {size:,} bytes or more; at most {max_bytes:,} are accepted here.{way}"
    )
