"""The Python door: ``from mammo_core import analyze``."""

from dataclasses import replace
from functools import lru_cache
from os import PathLike, fspath
from pathlib import Path
from threading import Lock

from pydantic import ValidationError

from mammo_core.errors import InvalidRequestError
from mammo_core.hints import NO_HINTS, hints_of
from mammo_core.schemas import Answer
from mammo_core.schemas.requests import AnalyzeQuery
from mammo_core.service import AnalysisService, build_service
from mammo_core.settings import Settings, load_settings
from mammo_core.storage import read, uri_of

_ONE_AT_A_TIME = Lock()
"""Threads that ask at once for the same model get one service, which loads it once."""


def analyze(
    image: bytes | bytearray | memoryview | str | PathLike[str],
    *,
    model: str | PathLike[str] | None = None,
    **options: object,
) -> Answer:
    """Analyse one mammogram.

    Parameters
    ----------
    image : bytes or path
        A PNG, JPEG, TIFF, BMP, WebP or DICOM file, or its bytes. A path's name may hint at view and
        laterality, as on the command line.
    model : str or path, optional
        A ``.mammo``, ``.keras`` or ``.json`` file, or its URI; default: ``MODEL_URI``, else the embedded one.
        It is loaded once for the process, until another one is named or the environment is changed; the
        last four stay loaded. Threads may share it.
    **options
        Those of ``POST /analyze``, by the same names and with the same defaults: ``method="hirescam"``,
        ``images="overlay,bbox"``, ``accept_unsuitable=True``.

    Returns
    -------
    Answer
        The answer of ``POST /analyze``; ``.model_dump()`` makes a dictionary of it.

    Raises
    ------
    InvalidRequestError
        If an option is not known, or has no valid value.
    MammoError
        If the image or the model cannot be used; ``code`` and ``message`` say why.

    Examples
    --------
    >>> from mammo_core import analyze
    >>> answer = analyze("scan.png")  # doctest: +SKIP
    >>> answer.result, answer.confidence, answer.findings.num_regions  # doctest: +SKIP
    """
    try:
        chosen = AnalyzeQuery.model_validate(options).options()
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidRequestError(f"The options are not valid. {faults}.") from error
    if isinstance(image, bytes | bytearray | memoryview):
        data, hints = bytes(image), NO_HINTS
    else:
        path = Path(image)
        data, hints = read(path.resolve().as_uri()), hints_of(path.name)
    return _service_for(model).analyze(data, replace(chosen, hints=hints)).answer


def _service_for(model: str | PathLike[str] | None) -> AnalysisService:
    settings = load_settings()
    if model is not None:
        # As a URI: a relative path means another file in another folder.
        settings = settings.model_copy(update={"model_uri": uri_of(fspath(model))})
    with _ONE_AT_A_TIME:
        return _service(settings)


@lru_cache(maxsize=4)
def _service(settings: Settings) -> AnalysisService:
    return build_service(settings)
