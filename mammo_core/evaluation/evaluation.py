"""All the numbers of an evaluation, in one record."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mammo_core import __version__
from mammo_core.evaluation.examination import Examined
from mammo_core.evaluation.labels import LabelTable
from mammo_core.evaluation.maps import FreeResponse, Localisation, free_response, localisation
from mammo_core.evaluation.resampling import LEVEL, Plan
from mammo_core.evaluation.scores import Calibration, Classification, Scored, calibration, classification
from mammo_core.schemas import ModelCard

SCHEMA_VERSION = "1.0"


@dataclass(frozen=True, slots=True)
class EvaluatedModel:
    """Which model was measured, down to the digests of its files."""

    id: str
    version: str
    sha256: str
    manifest_sha256: str | None
    backend: str
    positive: str
    training_data: str | None


@dataclass(frozen=True, slots=True)
class EvaluatedLabels:
    """Which table was read, and how: its name may say something of a patient, its digest does not."""

    sha256: str
    rows: int
    left_out: int
    label_column: str
    patient_column: str | None


@dataclass(frozen=True, slots=True)
class Resampling:
    """Where the intervals come from."""

    unit: str
    resamples: int
    seed: int
    level: float = LEVEL
    method: str = "percentile"


@dataclass(frozen=True, slots=True)
class FailedImage:
    """An image that could not be analysed, by the first row of the table that names it."""

    row: int
    code: str
    positive: bool


@dataclass(frozen=True, slots=True)
class Images:
    """How many images there were, and what became of them; ``prevalence`` is of those analysed."""

    listed: int
    analysed: int
    failed: int
    positive: int
    negative: int
    prevalence: float | None
    patients: int
    map_status: dict[str, int]
    failures: tuple[FailedImage, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All the numbers."""

    schema_version: str
    software: str
    model: EvaluatedModel
    labels: EvaluatedLabels
    options: dict[str, object]
    resampling: Resampling
    images: Images
    classification: Classification
    calibration: Calibration
    localisation: Localisation
    free_response: FreeResponse


def evaluate(
    examined: Sequence[Examined],
    *,
    table: LabelTable,
    card: ModelCard,
    options: dict[str, object],
    plan: Plan,
) -> Evaluation:
    """Measure all there is to measure.

    Parameters
    ----------
    examined : sequence of Examined
        One for each case of the table, in its order.
    table : LabelTable
    card : ModelCard
    options : dict
        What the caller asked for, to be repeated; JSON values.
    plan : Plan
    """
    scored = Scored.of(examined)
    return Evaluation(
        schema_version=SCHEMA_VERSION,
        software=f"mammo-core {__version__}",
        model=EvaluatedModel(
            card.id,
            card.version,
            card.sha256,
            card.manifest_sha256,
            card.backend,
            card.positive,
            card.training_data,
        ),
        labels=EvaluatedLabels(
            table.sha256, table.rows, table.left_out, table.label_column, table.patient_column
        ),
        options=options,
        resampling=Resampling(
            "image" if table.patient_column is None else "patient", plan.resamples, plan.seed
        ),
        images=_images(examined, scored),
        classification=classification(scored, card, plan),
        calibration=calibration(scored, plan),
        localisation=localisation(examined, plan),
        free_response=free_response(examined, plan),
    )


def _images(examined: Sequence[Examined], scored: Scored) -> Images:
    failures = tuple(
        FailedImage(each.case.row, each.error.code, each.case.positive)
        for each in examined
        if each.error is not None
    )
    analysed, positive = scored.labels.size, int(scored.labels.sum())
    statuses = Counter(str(each.map_status) for each in examined if each.map_status is not None)
    return Images(
        listed=len(examined),
        analysed=analysed,
        failed=len(failures),
        positive=positive,
        negative=analysed - positive,
        prevalence=positive / analysed if analysed else None,
        patients=len(set(scored.patients.tolist())),
        map_status=dict(sorted(statuses.items())),
        failures=failures,
    )
