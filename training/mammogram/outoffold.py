"""Measure each image by the model that has not seen its patient, with the code of ``mammo evaluate``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mammo_core.evaluation.evaluation import Evaluation, evaluate
from mammo_core.evaluation.examination import Examined, Measuring, examine
from mammo_core.evaluation.labels import Case, LabelTable, Reading, read_labels
from mammo_core.evaluation.report import write_report
from mammo_core.evaluation.resampling import Plan
from mammo_core.map_quality import QualityChecks
from mammo_core.options import AnalysisOptions
from mammo_core.records import PixelSpacing
from mammo_core.service import AnalysisService, build_service
from mammo_core.settings import load_settings
from training.mammogram.folds import fold_of
from training.mammogram.views import View


@dataclass(frozen=True, slots=True)
class Question:
    """What is measured.

    Parameters
    ----------
    table : Path
        ``labels.csv``, beside the images.
    positive : tuple of str
        Labels that count as positive.
    spacing_mm : float or None
        Of the images.
    resamples : int
    """

    table: Path
    positive: tuple[str, ...]
    spacing_mm: float | None = None
    resamples: int = 2000


def measure_out_of_fold(
    question: Question,
    models: Mapping[int, Path],
    views: tuple[View, ...],
    out: Path,
    *,
    tell: Callable[[str], None] = lambda _text: None,
) -> tuple[Evaluation, list[Examined]]:
    """Send each image through the service with the model of its own fold, and write the report.

    Parameters
    ----------
    question : Question
    models : mapping of int to Path
        Fold to the bundle whose training left it out. Images of other folds are not measured.
    views : tuple of View
        All that the folds were made of.
    out : Path
        Folder for ``evaluation.json``, ``evaluation.md``, ``images.csv`` and plots.
    tell : callable
        Told the progress.
    """
    table = _measured(
        read_labels(question.table.read_bytes(), Reading(positive=question.positive)), models, views
    )
    services = {fold: service_of(path) for fold, path in models.items()}
    folds = image_folds(views)
    measuring = Measuring(
        folder=question.table.parent,
        options=AnalysisOptions(images=(), quality_checks=QualityChecks.OFF),
        spacing=None
        if question.spacing_mm is None
        else PixelSpacing(question.spacing_mm, question.spacing_mm),
    )
    examined = []
    for count, case in enumerate(table.cases, start=1):
        examined.append(examine(case, service=services[folds[case.image]], measuring=measuring))
        if count % 100 == 0:
            tell(f"{count} of {len(table.cases)} images")
    options: dict[str, object] = {
        "out_of_fold": True,
        "models": {str(fold): service.model_card().sha256 for fold, service in services.items()},
        "positive": list(question.positive),
        "spacing_mm": question.spacing_mm,
    }
    card = next(iter(services.values())).model_card()
    evaluation = evaluate(examined, table=table, card=card, options=options, plan=Plan(question.resamples))
    write_report(evaluation, examined, out)
    return evaluation, examined


def image_folds(views: tuple[View, ...]) -> dict[str, int]:
    """Image to fold."""
    folds = fold_of(views)
    return {view.image: folds[view.patient] for view in views}


def _measured(table: LabelTable, models: Mapping[int, Path], views: tuple[View, ...]) -> LabelTable:
    """The table without images whose fold has no model, and those on which training found no breast."""
    folds = image_folds(views)

    def is_measured(case: Case) -> bool:
        return folds.get(case.image) in models

    return replace(table, cases=tuple(filter(is_measured, table.cases)))


def service_of(path: Path) -> AnalysisService:
    """The service as it ships, with another model."""
    return build_service(load_settings().model_copy(update={"model_uri": path.resolve().as_uri()}))
