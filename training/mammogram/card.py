"""The documents of the model that ships: ``docs/model/`` and the numbers of ``MODEL_CARD.md``.

Every number is read from what was measured. The same table stands in both, so they cannot disagree.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mammo_core.evaluation.resampling import Estimate, Plan
from mammo_core.models.bundle import unpack
from mammo_core.models.manifest import Manifest
from training.mammogram.declaration import AREA, measurements
from training.mammogram.page_tables import controls_table
from training.mammogram.pages import Page, pages
from training.mammogram.release import PARTLY
from training.mammogram.results import (
    NOT_MEASURED,
    Found,
    Recalibrated,
    Sources,
    read_all,
    recalibrated,
    said,
)
from training.mammogram.views import Collection


@dataclass(frozen=True, slots=True)
class Aim:
    """What a figure was to reach.

    Parameters
    ----------
    gate, goal : float or None
        None: no aim was set.
    most : bool
        Whether less is better.
    by_bound : bool
        Whether the lower bound is to lie above the gate, not the value.
    """

    gate: float | None = None
    goal: float | None = None
    most: bool = False
    by_bound: bool = False

    def verdict(self, reached: Estimate | None) -> str:
        """In words."""
        value = None if reached is None else reached.low if self.by_bound else reached.value
        if self.gate is None:
            return ""
        if value is None:
            return NOT_MEASURED
        if not self._reaches(value, self.gate):
            return "**gate missed**"
        return "goal reached" if self.goal is not None and self._reaches(value, self.goal) else "gate reached"

    def _reaches(self, value: float, aim: float) -> bool:
        if self.by_bound:
            return value > aim
        return value <= aim if self.most else value >= aim

    def in_words(self, aim: float | None) -> str:
        """An aim as the table shows it."""
        if aim is None:
            return ""
        return f"lower bound > {aim:g}" if self.by_bound else f"{'≤' if self.most else '≥'} {aim:.2f}"


HIT, OVER = ("localisation", "model", "hit"), ("localisation", "hit_over_blob")
AUC = ("classification", "auc")
FIGURES: tuple[tuple[str, str, tuple[str, ...], Aim], ...] = (
    ("AUC, cancer or none, RSNA's views", "rsna", AUC, Aim(0.70, 0.78)),
    ("AUC, finding or none, films", "films", AUC, Aim()),
    ("AUC, malignant or not, films", "malignant", AUC, Aim()),
    ("pointing game, films", "films", HIT, Aim(0.50, 0.65)),
    ("the same less that of the brightest blob", "films", OVER, Aim(0.0, by_bound=True)),
    ("pointing game, random weights, films", "random", HIT, Aim()),
    ("pointing game, phantoms, 8 mm and more", "phantoms", HIT, Aim(0.90, 0.95)),
)
CALIBRATION = ("calibration error, RSNA's views", Aim(0.08, 0.05, most=True))


def write_card(sources: Sources, collection: Collection, out: Path, card: Path) -> list[Path]:
    """Write all pages and plots, and fill in the card.

    Parameters
    ----------
    sources : Sources
    collection : Collection
        All views that the folds were made of.
    out : Path
        Folder of the pages; files of other names stay.
    card : Path
        ``MODEL_CARD.md``, with a pair of marks for each block.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    ValueError
        If the model was released with other figures, or the card lacks a mark.
    """
    found = read_all(sources)
    manifest = unpack(sources.model.read_bytes()).manifest
    check_same(manifest, found["rsna"])
    calibrated = None
    if found["rsna"] is not None:
        calibrated = recalibrated(found["rsna"], collection.views, plan=Plan())
    table = headline(found, calibrated)
    rsna = found["rsna"]
    blocks = {
        "numbers": table,
        "weights": weights_in_words(manifest),
        "model": described(manifest, sources.model),
        "competitors": _beside(rsna, "competitors.md"),
        "subgroups": _beside(rsna, "subgroups.md"),
        "controls": controls_table(sources.controls),
    }
    filled_in = filled(card.read_text(), blocks)
    words = {"numbers": table, "weights": weights_in_words(manifest)}
    made = pages(found, sources, calibrated, words, collection.views)
    out.mkdir(parents=True, exist_ok=True)
    written = [path for page in made for path in _write(page, out)]
    card.write_text(filled_in)
    return [*written, card]


def headline(found: Mapping[str, Found | None], calibrated: Recalibrated | None) -> str:
    """The table of gates and goals, and what was reached."""
    lines = ["| figure | reached (95 % interval) | n | gate | goal | |", "|---|---|---|---|---|---|"]
    for name, source, path, aim in FIGURES:
        evaluation = found[source]
        lines.append(_row(name, None if evaluation is None else evaluation.estimate(*path), aim))
    name, aim = CALIBRATION
    error = None if calibrated is None else calibrated.after.expected_calibration_error
    if calibrated is not None and not calibrated.found.unseen:
        # No gate is reached by a line on the scores that it was fitted to.
        name, aim = f"{name}, line fitted to the same scores", Aim()
    lines.append(_row(name, error, aim))
    return "\n".join(lines)


def _row(name: str, reached: Estimate | None, aim: Aim) -> str:
    value = said(reached, signed=aim.by_bound)
    images = "" if reached is None or reached.value is None else str(reached.n)
    words = (name, value, images, aim.in_words(aim.gate), aim.in_words(aim.goal), aim.verdict(reached))
    return f"| {' | '.join(words)} |"


def weights_in_words(manifest: Manifest) -> str:
    """Whether the weights that ship are those that were measured."""
    if PARTLY in (manifest.training_data or ""):
        return (
            "The weights that ship are those of one fold's model: what was measured out of that fold was "
            "measured on them."
        )
    return (
        "The weights that ship have learnt from all images, by the recipe of the folds: nothing but phantoms "
        "is left to measure them on, and the other figures are those of the folds' models."
    )


def described(manifest: Manifest, bundle: Path) -> str:
    """What the model is, from its manifest alone."""
    spec, cuts = manifest.input, manifest
    points = {
        "threshold": cuts.threshold,
        "rule out, below": cuts.rule_out,
        "rule in, from": cuts.rule_in,
    }
    rows = [
        ("model", f"`{manifest.id}` {manifest.version}"),
        ("size", f"{bundle.stat().st_size / 1e6:.1f} MB, compiled"),
        ("input", f"{spec.rows} × {spec.columns}, grey; crop `{spec.crop}`, `{spec.orientation}`"),
        ("trained on", manifest.training_data or NOT_MEASURED),
        *(
            (
                name,
                f"{point.threshold:.4f}: sensitivity {_share(point.sensitivity)}, specificity "
                f"{_share(point.specificity)}; {point.source}",
            )
            for name, point in points.items()
            if point is not None
        ),
    ]
    if manifest.calibration is not None:
        given = manifest.calibration
        rows.append(("calibration", f"{given.method}; prevalence {given.prevalence:.1%}; {given.source}"))
    if manifest.reference_logit is not None:
        reference = manifest.reference_logit
        rows.append(("last colour of the map", f"{reference.value:g} logits; {reference.source}"))
    rows.append(("licence of the weights", manifest.licence or NOT_MEASURED))
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _share(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{value:.3f}"


def check_same(manifest: Manifest, rsna: Found | None) -> None:
    """Raise if the model was released with another evaluation than the pages are written of."""
    if rsna is None:
        return
    wanted = [each.value for each in measurements(rsna.folder / "evaluation.json", "", (AREA,))]
    if wanted != [each.value for each in manifest.performance[: len(wanted)]]:
        raise ValueError("The model was released with another evaluation of RSNA's views: release it again.")


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """Put each block between its marks, ``<!-- name: begin -->`` and ``<!-- name: end -->``."""
    for name, block in blocks.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"The card lacks the marks {begin} and {end}.")
        # A function, so that nothing in the block is read as a reference to a group.
        text = pattern.sub(partial(_kept, f"{begin}\n\n{block}\n\n{end}"), text)
    return text


def _kept(text: str, _match: re.Match[str]) -> str:
    return text


def _beside(found: Found | None, name: str) -> str:
    return f"{NOT_MEASURED.capitalize()}." if found is None else found.beside(name)


def _write(page: Page, out: Path) -> list[Path]:
    contents = {page.name: page.text.encode(), **page.pictures}
    for name, data in contents.items():
        (out / name).write_bytes(data)
    return [out / name for name in contents]
