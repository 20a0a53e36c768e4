"""The way of the data, from bytes to an analysis. Knows neither HTTP nor AWS."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter

from mammo_core.anatomy.examine import examine
from mammo_core.anatomy.polarity import upright
from mammo_core.anatomy.records import Anatomy
from mammo_core.checking import check_map
from mammo_core.drawing import draw
from mammo_core.findings.verdict import Verdict, decide
from mammo_core.imaging.decode import Limits, decode
from mammo_core.imaging.preprocess import prepare
from mammo_core.interpretation import Interpretation, interpret
from mammo_core.map_quality import MapQuality
from mammo_core.models.protocol import Model
from mammo_core.models.provider import Models
from mammo_core.options import AnalysisOptions
from mammo_core.records import (
    Mammogram,
    ModelInput,
    ModelOutput,
    Notice,
    Picture,
)


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """All that is known after one image has gone through; ``answer.py`` puts it on the wire."""

    model: Model
    loaded: bool
    """Whether this analysis had to load the model."""
    mammogram: Mammogram
    anatomy: Anatomy
    model_input: ModelInput
    output: ModelOutput
    verdict: Verdict
    interpretation: Interpretation
    map_quality: MapQuality
    pictures: tuple[Picture, ...]
    notices: tuple[Notice, ...]
    timings_ms: dict[str, float]


def analyze(
    data: bytes,
    *,
    models: Models,
    options: AnalysisOptions,
    limits: Limits,
    max_picture_bytes: int,
) -> Analysis:
    """Analyse one image.

    Parameters
    ----------
    data : bytes
        A PNG, JPEG, TIFF, BMP, WebP or DICOM file.
    models : Models
        Asked for the model once the image is known to be one: a bad file costs no load.
    options : AnalysisOptions
    limits : Limits
        What is refused before it is decoded.
    max_picture_bytes : int
        Largest sum of the encoded pictures.

    Returns
    -------
    Analysis

    Raises
    ------
    InputError
        If the image cannot be used.
    DependencyError, InternalError
        If the model cannot be loaded.
    InferenceError
        If the model gives no score. After the score, nothing is raised: see ``image_status`` of the answer.
    """
    watch = Stopwatch()
    with watch("decode"):
        mammogram = upright(decode(data, limits=limits, accept_unsuitable=options.accept_unsuitable))
    with watch("anatomy"):
        anatomy = examine(mammogram, options)
    with watch("load"):
        held = models.get()
        model = held.model
    if held.load_ms is not None:
        # It may have been loaded before this analysis, for it.
        watch.timings_ms["load"] = held.load_ms
    with watch("preprocess"):
        model_input = prepare(mammogram, model.manifest.input, anatomy.breast)
    with watch("model"):
        output = model.run(model_input)
        verdict = decide(output.probabilities, model.manifest)
    with watch("explain"):
        interpretation = interpret(
            output, model_input, mammogram, anatomy, manifest=model.manifest, options=options
        )
    with watch("quality"):
        map_quality = check_map(
            interpretation,
            model_input,
            anatomy.breast,
            score=output.evidence.score if output.evidence is not None else None,
            model=model,
            checks=options.quality_checks,
        )
    with watch("render"):
        pictures = draw(
            mammogram,
            anatomy.breast,
            interpretation,
            map_quality,
            verdict=verdict,
            options=options,
            max_bytes=max_picture_bytes,
        )
    return Analysis(
        model=model,
        loaded=held.load_ms is not None,
        mammogram=mammogram,
        anatomy=anatomy,
        model_input=model_input,
        output=output,
        verdict=verdict,
        interpretation=interpretation,
        map_quality=map_quality,
        pictures=pictures,
        notices=(
            *mammogram.notices,
            *anatomy.notices,
            *model_input.notices,
            *interpretation.notices,
            *map_quality.notices,
        ),
        timings_ms=watch.timings_ms,
    )


class Stopwatch:
    """Milliseconds per stage, in the order in which the stages ran."""

    def __init__(self) -> None:
        self.timings_ms: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Time one stage."""
        start = perf_counter()
        try:
            yield
        finally:
            self.timings_ms[stage] = round((perf_counter() - start) * 1000, 1)
