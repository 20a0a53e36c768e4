"""What became of an upload: asked of the bucket of results, and of no database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from mammo_core.aws import links, objects
from mammo_core.errors import NotFoundError
from mammo_core.events.layout import COMMIT, folder_of
from mammo_core.events.results import found_at
from mammo_core.schemas.events import AnalysisState, FoundResult, ResultStatus
from mammo_core.settings import Settings
from mammo_core.uploads import buckets, key_of

LINKS_LIVE_S = 300


def state_of(upload_id: str, *, settings: Settings) -> AnalysisState:
    """Tell what became of an upload; of several results, as after a new model, the newest.

    Parameters
    ----------
    upload_id : str
    settings : Settings

    Raises
    ------
    NotFoundError
        If nothing was uploaded under this id, or uploads are not offered.
    InvalidRequestError
        If it is no id.
    MammoError
        As :mod:`mammo_core.aws.objects` says.
    """
    place, key = buckets(settings), key_of(upload_id)
    found = _newest(place.results, key)
    if found is None:
        _check_uploaded(place.uploads, key)
        return AnalysisState(id=upload_id, status=ResultStatus.PENDING)
    folder, result = found
    return AnalysisState(
        id=upload_id,
        status=result.status,
        answer=_linked(result, place.results, folder),
        links_expire_at=_expiry(result),
        error=result.error,
        request_id=result.request_id,
    )


def _newest(bucket: str, key: str) -> tuple[str, FoundResult] | None:
    """The newest result that counts, and its folder.

    That another model failed, or is at its last attempt, hides no earlier result of the same content.
    """
    failed: tuple[str, FoundResult] | None = None
    for commit_key in _committed(bucket, key):
        found = found_at(bucket, commit_key)
        if found is None or found.counts_from > datetime.now(UTC):
            continue
        there = (commit_key.removesuffix(COMMIT), found)
        if found.status is ResultStatus.FAILED:
            failed = failed or there
        elif failed is None or found.source.version == failed[1].source.version:
            return there
    return failed


def _committed(bucket: str, key: str) -> list[str]:
    """Keys of every ``analysis.json``, the newest first: two folders, version and model, below the key's."""
    prefix = folder_of(key)
    found = [
        entry
        for entry in objects.listed(bucket, prefix)
        if entry.key.removeprefix(prefix).count("/") == 2 and entry.key.endswith(f"/{COMMIT}")
    ]
    return [entry.key for entry in sorted(found, key=lambda entry: entry.modified, reverse=True)]


def _check_uploaded(bucket: str, key: str) -> None:
    try:
        objects.describe(objects.Address(bucket, key))
    except NotFoundError as error:
        raise NotFoundError("Nothing was uploaded under this id, or it is gone.") from error


def _linked(result: FoundResult, bucket: str, folder: str) -> dict[str, Any] | None:
    if result.answer is None:
        return None
    named = {
        name: None if file is None else links.link(bucket, folder + file, lives_s=LINKS_LIVE_S)
        for name, file in result.answer["images"].items()
    }
    return {**result.answer, "images": named}


def _expiry(result: FoundResult) -> datetime | None:
    return None if result.answer is None else datetime.now(UTC) + timedelta(seconds=LINKS_LIVE_S)
