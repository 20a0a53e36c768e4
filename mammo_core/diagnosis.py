"""What of an installation works, part by part, and what to do about what does not."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from importlib import metadata
from importlib.util import find_spec

from mammo_core import __version__, child
from mammo_core.attempt import kind
from mammo_core.errors import MammoError
from mammo_core.report import html, pdf
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings

CODECS = {
    "JPEG 2000 in DICOM": ("openjpeg", "pylibjpeg-openjpeg"),
    "JPEG-LS in DICOM": ("jpeg_ls", "pyjpegls"),
    "lossless and 12-bit JPEG in DICOM": ("gdcm", "python-gdcm"),
}
"""What is read, by which module of which distribution."""
SECONDS = 60.0
AGAIN = "make clean demo, or reinstall mammo-core"
CHECK_MODEL = "check MODEL_URI, MODEL_SHA256, MANIFEST_SHA256: docs/models.md"
CHECK_BUCKET = "check the name, the region, the credentials: aws sts get-caller-identity"


class State(StrEnum):
    """How a part is."""

    OK = "ok"
    ABSENT = "absent"
    """Not there, and not needed for what is set up."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the installation."""

    part: str
    state: State
    found: str
    advice: str = ""


def diagnose(service: AnalysisService) -> Iterator[Finding]:
    """Look at each part in turn; whatever one of them raises is what was found of it.

    Parameters
    ----------
    service : AnalysisService
        As the environment sets it up. Its model is loaded, and an S3 that it names is asked.
    """
    yield Finding("mammo-core", State.OK, f"{__version__}, Python {sys.version.split()[0]}")
    for part, (module, distribution) in CODECS.items():
        yield _looked_at(part, partial(_codec, part, module, distribution), AGAIN)
    yield _looked_at("TensorFlow", _tensorflow, "make keras")
    yield _looked_at("model", lambda: _model(service), CHECK_MODEL)
    yield _looked_at("analysis of the sample", lambda: _sample(service), AGAIN)
    yield _looked_at("reports", _reports, AGAIN)
    yield from _buckets(service.settings)


def _looked_at(part: str, look: Callable[[], Finding], advice: str) -> Finding:
    try:
        return look()
    except MammoError as error:
        return Finding(part, State.FAILED, f"{error.code}: {error.message}", advice)
    except Exception as error:
        # A broken installation breaks anywhere; the other parts are still looked at.
        return Finding(part, State.FAILED, kind(error), advice)


def _codec(part: str, module: str, distribution: str) -> Finding:
    """In a process of its own, as it is used: a broken library can end the one that loads it."""
    done = subprocess.run(  # noqa: S603 - this interpreter, and a module of ours
        child.command(f"import {module}", []),
        capture_output=True,
        timeout=SECONDS,
        env=child.environment(),
        check=False,
    )
    if done.returncode != 0:
        return Finding(part, State.FAILED, f"{distribution} cannot be loaded", AGAIN)
    return Finding(part, State.OK, f"{distribution} {_version(distribution)}")


def _tensorflow() -> Finding:
    part = "TensorFlow"
    # Found, not loaded: that takes seconds.
    if find_spec("tensorflow") is None:
        return Finding(part, State.ABSENT, "not installed", "to compile or serve .keras files: make keras")
    return Finding(part, State.OK, _version("tensorflow-cpu", "tensorflow"))


def _version(*distributions: str) -> str:
    """Of the first one that is installed; what is loaded but was not installed by a tool has none."""
    for distribution in distributions:
        try:
            return metadata.version(distribution)
        except metadata.PackageNotFoundError:
            continue
    return "of an unknown version"


def _model(service: AnalysisService) -> Finding:
    card = service.model_card()
    pinned = "pinned" if service.settings.model_sha256 else "not pinned"
    where = "embedded" if service.settings.model_uri is None else "from MODEL_URI"
    files = f"{card.backend}, sha256 {card.sha256[:12]}…, {pinned}"
    return Finding("model", State.OK, f"{card.id} {card.version}, {where}, {files}")


def _sample(service: AnalysisService) -> Finding:
    part = "analysis of the sample"
    ready, problems = service.ready()
    if problems:
        return Finding(part, State.FAILED, "; ".join(problems), AGAIN)
    made = sum(status["status"] == "ok" for status in ready.image_status.model_dump().values())
    return Finding(part, State.OK, f"score, map {ready.explanation}, {made} pictures")


def _reports() -> Finding:
    html.prepare()
    pdf.prepare()
    versions = (f"{name} {_version(name)}" for name in ("jinja2", "reportlab"))
    return Finding("reports", State.OK, ", ".join(versions))


def _buckets(settings: Settings) -> Iterator[Finding]:
    """Each bucket that the environment names, asked for."""
    named = [
        (name, bucket)
        for name, bucket in (
            ("UPLOAD_BUCKET", settings.upload_bucket),
            ("RESULT_BUCKET", settings.result_bucket),
            *(("READABLE_BUCKETS", bucket) for bucket in sorted(settings.readable)),
        )
        if bucket is not None
    ]
    if not named:
        advice = "for large files and events: docs/events.md"
        yield Finding("S3", State.ABSENT, "no bucket is named", advice)
    for name, bucket in named:
        yield _looked_at(name, partial(_bucket, name, bucket), CHECK_BUCKET)


def _bucket(name: str, bucket: str) -> Finding:
    from mammo_core.storage import reach

    reach(bucket)
    return Finding(name, State.OK, "answers")
