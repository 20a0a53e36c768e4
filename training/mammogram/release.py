"""The last step: final weights, calibrated and declared by what was measured out of fold, as one bundle."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mammo_core.evaluation.baselines import Finder
from mammo_core.evaluation.examination import Measuring, measure
from mammo_core.evaluation.labels import Case
from mammo_core.evaluation.lesions import Circle
from mammo_core.models.manifest import Manifest, Measurement, ReferenceLogit
from mammo_core.records import PixelSpacing
from training.mammogram.calibration import Calibrated
from training.mammogram.catalogue import FILM, RSNA
from training.mammogram.declaration import AREA, POINTING, OutOfFold, make_manifest, measurements
from training.mammogram.export import Trained, compile_bundle
from training.mammogram.folds import FOLDS
from training.mammogram.outoffold import image_folds, service_of
from training.mammogram.reference import OPTIONS, peaks, suspected_cancers
from training.mammogram.runs import SETTINGS, split
from training.mammogram.views import Collection

LIMIT_BYTES = 4_000_000
PARTLY = "without fold"
"""In the words for training data of a model that was to be measured."""
PHANTOMS = (
    "breasts of another form than any in training, textures of other exponents than those woven in training, "
    "masses of the same family as those planted, of sizes within the trained range"
)
"""What phantoms are to the network."""
PLANTED = (
    "with lesions planted into healthy ones: synthetic ones, and in stage 1 three in ten lifted out of "
    "annotated films, and one in ten views with tissue of random textures"
)
SETS = {RSNA: "RSNA Screening Mammography 2022", FILM: "mini-MIAS"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured: folders with ``evaluation.json`` and ``images.csv``.

    Parameters
    ----------
    rsna, films : Path
        Out of fold; films with every finding as positive.
    rsna_table : Path
        ``labels.csv`` beside the digital views.
    models : mapping of int to Path
        Fold to the bundle by which ``rsna``, ``films`` and ``malignant`` were measured.
    malignant : Path or None
        Films, out of fold, with malignant findings alone as positive.
    phantoms : Path or None
        By the final weights, which have seen none.
    """

    rsna: Path
    films: Path
    rsna_table: Path
    models: Mapping[int, Path]
    malignant: Path | None = None
    phantoms: Path | None = None


def release(
    weights: Sequence[Path],
    collection: Collection,
    measured: Measured,
    out: Path,
    *,
    version: str,
    float16: bool = False,
    keras: Path | None = None,
    tell: Callable[[str], None] = lambda _text: None,
) -> Manifest:
    """Write the model that ships.

    Parameters
    ----------
    weights : sequence of Path
        The final ones, as in :meth:`training.mammogram.export.Trained.read`.
    collection : Collection
        What it was trained on.
    measured : Measured
    out : Path
        The bundle, ``.mammo``.
    version : str
    float16 : bool
        Whether weights are stored in 16 bits.
    keras : Path or None
        Where to leave the Keras file, ``.keras``, and its manifest beside it: ``mammo check`` needs it.
    tell : callable
        Told what was found.

    Raises
    ------
    ValueError
        If the bundle is too large, no cancer reaches the threshold, or the models are not those of the
        evaluations.
    """
    for folder in (measured.rsna, measured.films, measured.malignant):
        if folder is not None:
            _check_models(folder, measured.models)
    folds = image_folds(collection.views)
    table = OutOfFold.read(measured.rsna / "images.csv", folds)
    found = table.calibrated()
    tell(f"calibration: {found.line.slope:.3f} · logit {found.line.offset:+.3f}, error {found.error:.3f}")
    reference = reference_logit(measured, table, found)
    tell(f"reference logit {reference.value}: {reference.source}")
    saved = Trained.read(weights).saved(slope=found.line.slope, offset=found.line.offset)
    manifest = make_manifest(
        found,
        weights=saved,
        version=version,
        data=trained_on(collection, fold_left_out(weights)),
        measured_on=in_words(measured.rsna, RSNA),
        reference=reference,
        performance=performance(measured),
    )
    with TemporaryDirectory() as temporary:
        bundle = Path(temporary) / out.name
        compile_bundle(saved, manifest, bundle, float16=float16)
        data = bundle.read_bytes()
    if len(data) > LIMIT_BYTES:
        raise ValueError(f"The bundle has {len(data) / 1e6:.1f} MB, the limit is 4: --float16 halves it.")
    out.write_bytes(data)
    if keras is not None:
        keras.write_bytes(saved)
        keras.with_suffix(".manifest.json").write_text(manifest.model_dump_json(indent=2) + "\n")
    tell(f"{out}: {len(data) / 1e6:.2f} MB")
    return manifest


def points_at_the_sample(bundle: Path) -> bool:
    """Whether the map of the package's sample has its peak in the mass: everyone sees it first."""
    assets = resources.files("mammo_core.assets")
    truth = json.loads((assets / "sample.json").read_text())
    mass, spacing = truth["lesion"], truth["spacing_mm"]
    case = Case(
        row=2,
        image="sample.png",
        positive=True,
        patient=0,
        targets=(Circle(mass["row"], mass["column"], mass["radius_mm"] / spacing),),
        others=(),
        spacing=PixelSpacing(spacing, spacing),
        view=None,
        laterality=None,
    )
    analysis = service_of(bundle).examine((assets / "sample.png").read_bytes(), OPTIONS)
    found = measure(case, analysis, Measuring(folder=bundle.parent, options=OPTIONS))
    return found.localised[Finder.MODEL].hit == 1.0


def reference_logit(measured: Measured, table: OutOfFold, calibrated: Calibrated) -> ReferenceLogit:
    """Median peak of local evidence in views with a cancer that reach the threshold, in calibrated logits.

    Views of the kind that the model is calibrated to, and not the films whose lesions are known: evidence on
    film is larger, and would leave the maps of all others pale.

    Parameters
    ----------
    measured : Measured
    table : OutOfFold
        Of ``measured.rsna``.
    calibrated : Calibrated
        The maps of the folds' models are not calibrated: its slope makes them so.
    """
    images = suspected_cancers(table, calibrated)
    if not images:
        raise ValueError("No view with a cancer reaches the threshold: there is no evidence to refer to.")
    services = {fold: service_of(path) for fold, path in measured.models.items()}
    folds = dict(zip(table.images, table.folds.tolist(), strict=True))
    found = peaks(
        images, {image: services[folds[image]] for image in images}, folder=measured.rsna_table.parent
    )
    return ReferenceLogit(
        value=round(calibrated.line.slope * float(np.median(found)), 1),
        source=f"median peak of the local evidence in {len(images)} {SETS[RSNA]} views with a cancer whose "
        "score reaches the threshold, out of fold, in calibrated logits",
    )


def performance(measured: Measured) -> tuple[Measurement, ...]:
    """The figures that the manifest repeats."""
    cancer = f"cancer or none, {in_words(measured.rsna, RSNA)}"
    finding = f"finding or none, {in_words(measured.films, FILM)}"
    found = measurements(measured.rsna / "evaluation.json", cancer, (AREA,))
    found += measurements(measured.films / "evaluation.json", finding)
    if measured.malignant is not None:
        malignant = f"malignant or not, {in_words(measured.malignant, FILM)}"
        found += measurements(measured.malignant / "evaluation.json", malignant, (AREA,))
    if measured.phantoms is not None:
        images = _read(measured.phantoms)["images"]
        words = f"{images['positive']} phantoms with a mass of 8 mm or more; {PHANTOMS}"
        found += measurements(measured.phantoms / "evaluation.json", words, (POINTING,))
    return found


def in_words(evaluation: Path, source: str) -> str:
    """What an evaluation out of fold was made on."""
    record = _read(evaluation)
    images, folds = record["images"], len(record["options"]["models"])
    return (
        f"{images['analysed']:,} {_images(source)} of {images['patients']} patients ({SETS[source]}), "
        f"out of fold, {folds} of {FOLDS} folds"
    )


def fold_left_out(weights: Sequence[Path]) -> int | None:
    """The fold that runs left out, all of them the same; None if they learnt from everything.

    Raises
    ------
    ValueError
        If they left out different ones.
    """
    folds = {json.loads(path.with_name(SETTINGS).read_text())["fold"] for path in weights}
    if len(folds) != 1:
        raise ValueError(f"The weights are of different folds: {sorted(folds, key=str)}.")
    fold: int | None = folds.pop()
    return fold


def trained_on(collection: Collection, fold: int | None) -> str:
    """The training data, in words."""
    views, _ = split(collection.views, fold)
    parts = [
        f"{len(own):,} {_images(source)} of {len({view.patient for view in own})} patients ({SETS[source]})"
        for source in SETS
        if (own := [view for view in views if view.source == source])
    ]
    left_out = "" if fold is None else f"; {PARTLY} {fold} of {FOLDS}"
    return f"{' and '.join(parts)}, {PLANTED}{left_out}"


def _check_models(folder: Path, models: Mapping[int, Path]) -> None:
    """Raise if an evaluation was made by other bundles than these."""
    given = {str(fold): service_of(path).model_card().sha256 for fold, path in models.items()}
    if _read(folder)["options"]["models"] != given:
        raise ValueError(f"{folder} was measured with other models than those given.")


def _images(source: str) -> str:
    return "films" if source == FILM else "views"


def _read(evaluation: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((evaluation / "evaluation.json").read_text())
    return record
