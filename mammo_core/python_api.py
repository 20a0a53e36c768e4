"""The Python door: ``from mammo_core import analyze``."""

from dataclasses import replace
from functools import lru_cache
from os import PathLike, fspath
from pathlib import Path

from pydantic import ValidationError

from mammo_core.errors import InvalidRequestError
from mammo_core.hints import NO_HINTS, hints_of
from mammo_core.schemas import AnalyzeQuery, Answer
from mammo_core.service import AnalysisService, service_with
from mammo_core.storage import read, uri_of


def analyze(
    image: bytes | str | PathLike[str], *, model: str | PathLike[str] | None = None, **options: object
) -> Answer:
    """Analyse one mammogram.

    Parameters
    ----------
    image : bytes or path
        A PNG, JPEG, TIFF, BMP, WebP or DICOM file, or its bytes. A path's name may hint at view and
        laterality, as on the command line.
    model : str or path, optional
        A ``.mammo``, ``.keras`` or ``.json`` file, or its URI; default: ``MODEL_URI``, else the embedded one.
        It is loaded once for the process.
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
    if isinstance(image, bytes):
        data, hints = image, NO_HINTS
    else:
        path = Path(image)
        data, hints = read(path.resolve().as_uri()), hints_of(path.name)
    return (
        _service(None if model is None else fspath(model)).analyze(data, replace(chosen, hints=hints)).answer
    )


@lru_cache(maxsize=4)
def _service(model: str | None) -> AnalysisService:
    return service_with(None if model is None else uri_of(model))
