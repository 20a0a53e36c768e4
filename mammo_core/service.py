"""The one object behind every door: settings, one model, and the way of the data."""

from dataclasses import dataclass
from importlib import resources

from mammo_core import log
from mammo_core import schemas as wire
from mammo_core.answer import to_answer
from mammo_core.imaging.decode import Limits
from mammo_core.models.protocol import ModelIdentity
from mammo_core.models.provider import ConfiguredSource, ModelProvider, Models, OneModel
from mammo_core.options import AnalysisOptions
from mammo_core.pipeline import Analysis, analyze
from mammo_core.settings import Settings, load_settings


@dataclass(frozen=True, slots=True, eq=False)
class Served:
    """An answer, and what the log should know of how it was made."""

    answer: wire.Answer
    problems: tuple[str, ...]

    def tell(self, line: log.RequestLine) -> None:
        """Put it into a line of the log."""
        answer = self.answer
        line.cold_start = answer.cold_start
        line.images_made = sum(image is not None for image in answer.images.model_dump().values())
        line.regions_found = answer.findings.num_regions
        line.map_status = answer.explanation.status
        line.timings_ms = answer.timings_ms
        line.problems.extend(self.problems)


class AnalysisService:
    """Analyse images with one lazily loaded model.

    Parameters
    ----------
    settings : Settings
    models : Models
    """

    def __init__(self, settings: Settings, models: Models) -> None:
        self.settings = settings
        self._models = models

    def analyze(self, data: bytes, options: AnalysisOptions) -> Served:
        """Analyse one image file.

        Raises
        ------
        MammoError
            As :func:`mammo_core.pipeline.analyze` says.
        """
        analysis = self._run(data, options)
        return Served(to_answer(analysis, options=options), _problems(analysis))

    def examine(self, data: bytes, options: AnalysisOptions) -> Analysis:
        """Analyse one image file and keep all that is known of it: for measurements, not for the wire.

        Raises
        ------
        MammoError
            As :meth:`analyze`.
        """
        return self._run(data, options)

    def hold(self) -> "HeldService":
        """The same service with the model that is served now, whatever takes its place meanwhile.

        Raises
        ------
        MammoError
            If the model cannot be loaded.
        """
        held = self._models.get()
        return HeldService(self.settings, OneModel(held), held.model.identity)

    def ready(self) -> tuple[wire.Ready, tuple[str, ...]]:
        """Send the sample image through the whole way, and tell what works.

        Raises
        ------
        MammoError
            If the model cannot be loaded or gives no score.
        """
        sample = (resources.files("mammo_core.assets") / "sample.png").read_bytes()
        options = AnalysisOptions(accept_unsuitable=True, max_side=256)
        analysis = self._run(sample, options)
        answer, problems = to_answer(analysis, options=options), _problems(analysis)
        ready = wire.Ready(
            status="degraded" if problems else "ready",
            model=answer.model,
            explanation=answer.explanation.status,
            explanation_reason=answer.explanation.reason,
            image_status=answer.image_status,
        )
        return ready, problems

    def model_card(self) -> wire.ModelCard:
        """The manifest of the loaded model and the digests of its files.

        Raises
        ------
        MammoError
            If the model cannot be loaded.
        """
        model = self._models.get().model
        return wire.ModelCard(
            **model.manifest.model_dump(),
            sha256=model.identity.sha256,
            manifest_sha256=model.identity.manifest_sha256,
            backend=model.identity.backend,
        )

    def _run(self, data: bytes, options: AnalysisOptions) -> Analysis:
        limits = Limits(
            max_bytes=self.settings.max_image_bytes,
            max_pixels=self.settings.max_image_pixels,
        )
        return analyze(
            data,
            models=self._models,
            options=options,
            limits=limits,
            max_picture_bytes=self.settings.max_picture_bytes,
        )


class HeldService(AnalysisService):
    """A service whose model stays the same.

    Parameters
    ----------
    settings : Settings
    models : Models
    identity : ModelIdentity
        Of its model.
    """

    def __init__(self, settings: Settings, models: Models, identity: ModelIdentity) -> None:
        super().__init__(settings, models)
        self.identity = identity


def build_service(settings: Settings | None = None) -> AnalysisService:
    """Make the service; the model is loaded by the first request."""
    chosen = settings or load_settings()
    log.set_level(chosen.log_level)
    return AnalysisService(chosen, ModelProvider(ConfiguredSource(chosen)))


def service_with(model_uri: str | None) -> AnalysisService:
    """Make the service as the environment sets it up, with another model if one is named.

    Raises
    ------
    ConfigurationError
        If the environment is not valid.
    """
    settings = load_settings()
    return build_service(
        settings if model_uri is None else settings.model_copy(update={"model_uri": model_uri})
    )


def _problems(analysis: Analysis) -> tuple[str, ...]:
    """What broke after the score, each once, for the log."""
    failures = (
        *analysis.anatomy.failures,
        *analysis.interpretation.failures,
        *analysis.map_quality.failures,
    )
    steps = [(failure.reason, failure.where) for failure in failures]
    pictures = [(picture.reason, picture.where) for picture in analysis.pictures if picture.where]
    return tuple(dict.fromkeys(f"{reason} [{where}]" for reason, where in (*steps, *pictures)))
