"""Many files, one after the other: what the command line does with each."""

from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path

from mammo_core.attempt import kind, place
from mammo_core.errors import InvalidRequestError, MammoError, PayloadTooLargeError
from mammo_core.options import AnalysisOptions
from mammo_core.schemas import Answer
from mammo_core.service import AnalysisService

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".dcm", ".dicom"})
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


@dataclass(frozen=True, slots=True)
class Job:
    """One file, and the name its results get: its stem, numbered where two files share it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What became of a job: an answer, or an error in one sentence."""

    job: Job
    answer: Answer | None = None
    error: str | None = None


def find_jobs(paths: list[Path]) -> list[Job]:
    """List the files that are named, and those with an image's suffix in the folders that are named.

    Raises
    ------
    InvalidRequestError
        If a path does not exist, or there is no image at all.
    """
    missing = sum(not path.exists() for path in paths)
    if missing:
        raise InvalidRequestError(f"{missing} of the {len(paths)} paths do not exist.")
    files = [file for path in paths for file in (_images_in(path) if path.is_dir() else [path])]
    if not files:
        raise InvalidRequestError(f"No file ending in {', '.join(sorted(IMAGE_SUFFIXES))} was found.")
    seen: dict[str, int] = {}
    jobs = []
    for file in dict.fromkeys(files):
        seen[file.stem] = seen.get(file.stem, 0) + 1
        number = seen[file.stem]
        jobs.append(Job(file, file.stem if number == 1 else f"{file.stem}-{number}"))
    return jobs


def run(job: Job, *, service: AnalysisService, options: AnalysisOptions) -> Done:
    """Analyse one file; whatever goes wrong becomes its error, and the others go on."""
    try:
        size, limit = job.path.stat().st_size, service.settings.max_image_bytes
        if size > limit:
            raise PayloadTooLargeError(f"The file has {size:,} bytes; at most {limit:,} are read.")
        return Done(job, answer=service.analyze(job.path.read_bytes(), options).answer)
    except MammoError as error:
        return Done(job, error=f"{error.code}: {error.message}")
    except OSError as error:
        return Done(job, error=f"the file cannot be read ({type(error).__name__})")
    except Exception as error:
        return Done(job, error=f"bug: {kind(error)} at {place(error)}; please report it")


def write(done: Done, folder: Path) -> None:
    """Write ``NAME.json``, the answer as the API gives it, and one file per picture."""
    if done.answer is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{done.job.name}.json").write_text(done.answer.model_dump_json(indent=2) + "\n", "utf-8")
    for name, encoded in done.answer.images.model_dump().items():
        status = getattr(done.answer.image_status, name)
        if encoded is not None:
            file = folder / f"{done.job.name}.{name}.{EXTENSIONS[status.media_type]}"
            file.write_bytes(b64decode(encoded))


def _images_in(folder: Path) -> list[Path]:
    return sorted(f for f in folder.rglob("*") if f.is_file() and f.suffix.lower() in IMAGE_SUFFIXES)
