"""Many files, one after the other: what the command line does with each."""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from mammo_core.attempt import kind, place
from mammo_core.errors import InvalidRequestError, MammoError, PayloadTooLargeError
from mammo_core.hints import hints_of
from mammo_core.options import AnalysisOptions
from mammo_core.schemas import Answer
from mammo_core.service import AnalysisService

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom"})
NAMED = 3
"""Of paths that do not exist, so many are named before the rest is counted."""
DICOM_MARK = 128, b"DICM"
"""Where a DICOM file says what it is (PS3.10 section 7.1)."""
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class Job:
    """One file, and the name its results get.

    Parameters
    ----------
    path : Path
    name : str
        The path below the folder that was named, without its suffix where that tells it apart.
    """

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """The files to analyse, and how many others lay beside them."""

    jobs: tuple[Job, ...]
    skipped: int


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What became of a job: an answer, or a code and a sentence."""

    job: Job
    answer: Answer | None = None
    code: str | None = None
    error: str | None = None

    def as_json(self) -> str:
        """One line: the name of the results, the path as it was given, and the answer or the error."""
        whose = {"file": self.job.name, "path": str(self.job.path)}
        if self.answer is None:
            return json.dumps({**whose, "error": {"code": self.code, "message": self.error}})
        return f"{json.dumps(whose)[:-1]}, {self.answer.model_dump_json()[1:]}"


def find_jobs(paths: list[Path]) -> Found:
    """List the files that are named, and the images in the folders that are named.

    In a folder, an image is what has an image's suffix, or is a DICOM file by its content: exports from an
    archive often have no suffix.

    Raises
    ------
    InvalidRequestError
        If a path does not exist, or there is no image at all.
    """
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        raise InvalidRequestError(f"There is no file or folder {', '.join(missing[:NAMED])}{more}.")
    files: dict[Path, Path] = {}
    skipped = 0
    for path in paths:
        inside = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
        images = [file for file in inside if path.is_file() or _is_image(file)]
        skipped += len(inside) - len(images)
        files.update((file, file.relative_to(path if path.is_dir() else path.parent)) for file in images)
    if not files:
        raise InvalidRequestError(
            f"No image was found: no DICOM file, and none ending in {', '.join(sorted(IMAGE_SUFFIXES))}."
        )
    return Found(tuple(_named(files)), skipped)


def _named(files: dict[Path, Path]) -> Iterator[Job]:
    """Give each file a name of its own: without suffix, else with it, else numbered."""
    stems = Counter(map(_stem, set(files.values())))
    taken: set[str] = set()
    for file, inside in files.items():
        stem = _stem(inside)
        name = (stem if stems[stem] == 1 else inside).as_posix()
        number = next(n for n in count(1) if (name if n == 1 else f"{name}-{n}") not in taken)
        name = name if number == 1 else f"{name}-{number}"
        taken.add(name)
        yield Job(file, name)


def _stem(inside: Path) -> Path:
    # A UID as a name has points, but no suffix.
    return inside.with_suffix("") if inside.suffix.lower() in IMAGE_SUFFIXES else inside


def run(job: Job, *, service: AnalysisService, options: AnalysisOptions) -> Done:
    """Analyse one file; whatever goes wrong becomes its error, and the others go on."""
    try:
        size, limit = job.path.stat().st_size, service.settings.max_image_bytes
        if size > limit:
            raise PayloadTooLargeError(f"The file has {size:,} bytes; at most {limit:,} are read.")
        hinted = replace(options, hints=hints_of(job.path.name))
        return Done(job, answer=service.analyze(job.path.read_bytes(), hinted).answer)
    except MammoError as error:
        return Done(job, code=error.code, error=error.message)
    except OSError as error:
        return Done(job, code="unreadable_file", error=f"The file cannot be read ({type(error).__name__}).")
    except Exception as error:
        return Done(job, code="bug", error=f"{kind(error)} at {place(error)}; please report it.")


def write(done: Done, folder: Path) -> Done:
    """Write ``NAME.json``, the answer as the API gives it, and one file per picture.

    Returns
    -------
    Done
        The same, or with the error that kept a file from being written.
    """
    if done.answer is None:
        return done
    try:
        target = folder / done.job.name
        target.parent.mkdir(parents=True, exist_ok=True)
        _beside(target, "json").write_text(done.answer.model_dump_json(indent=2) + "\n", "utf-8")
        for name, encoded in done.answer.images.model_dump().items():
            status = getattr(done.answer.image_status, name)
            if encoded is not None:
                _beside(target, f"{name}.{EXTENSIONS[status.media_type]}").write_bytes(b64decode(encoded))
    except OSError as error:
        message = f"The results cannot be written ({type(error).__name__})."
        return Done(done.job, code="unwritable_results", error=message)
    return done


def _beside(target: Path, ending: str) -> Path:
    # Not with_suffix: a name may hold points.
    return target.with_name(f"{target.name}.{ending}")


def _is_image(file: Path) -> bool:
    if file.suffix.lower() in IMAGE_SUFFIXES:
        return True
    try:
        with file.open("rb") as stream:
            return stream.read(DICOM_MARK[0] + 4)[DICOM_MARK[0] :] == DICOM_MARK[1]
    except OSError:
        # It is counted with those that are skipped.
        return False
