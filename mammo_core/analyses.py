"""What became of an upload: asked of the bucket of results, and of no database."""

from datetime import UTC, datetime, timedelta

from mammo_core import schemas as wire
from mammo_core.aws import links, objects
from mammo_core.errors import NotFoundError
from mammo_core.events.layout import COMMIT, folder_of
from mammo_core.events.results import kept_at
from mammo_core.schemas_events import AnalysisState, ResultStatus, StoredResult
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
    newest = _newest(place.results, key)
    result = None
    if newest is not None:
        kept = kept_at(place.results, newest)
        result = None if kept is None else kept.result
    if newest is None or result is None or result.counts_from > datetime.now(UTC):
        _check_uploaded(place.uploads, key)
        return AnalysisState(id=upload_id, status=ResultStatus.PENDING)
    folder = newest.removesuffix(COMMIT)
    return AnalysisState(
        id=upload_id,
        status=result.status,
        answer=_linked(result, place.results, folder),
        links_expire_at=_expiry(result),
        error=result.error,
        request_id=result.request_id,
    )


def _newest(bucket: str, key: str) -> str | None:
    """Key of the newest ``analysis.json``: two folders, version and model, below the upload's."""
    prefix = folder_of(key)
    found = [
        entry
        for entry in objects.listed(bucket, prefix)
        if entry.key.removeprefix(prefix).count("/") == 2 and entry.key.endswith(f"/{COMMIT}")
    ]
    return max(found, key=lambda entry: entry.modified).key if found else None


def _check_uploaded(bucket: str, key: str) -> None:
    try:
        objects.describe(objects.Address(bucket, key))
    except NotFoundError as error:
        raise NotFoundError("Nothing was uploaded under this id, or it is gone.") from error


def _linked(result: StoredResult, bucket: str, folder: str) -> wire.Answer | None:
    if result.answer is None:
        return None
    named = {
        name: None if file is None else links.link(bucket, folder + file, lives_s=LINKS_LIVE_S)
        for name, file in result.answer.images.model_dump().items()
    }
    return result.answer.model_copy(update={"images": wire.Images(**named)})


def _expiry(result: StoredResult) -> datetime | None:
    return None if result.answer is None else datetime.now(UTC) + timedelta(seconds=LINKS_LIVE_S)
