"""The pages of ``docs/model/``: their words lie in ``model_pages/``, tables and plots come from here."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from mammo_core.evaluation.plots import Line, draw_lines, draw_reliability
from mammo_core.evaluation.resampling import Plan
from training.mammogram.byfold import areas, hits
from training.mammogram.page_tables import (
    NOTHING,
    by_fold_table,
    checks_table,
    controls_table,
    divided_table,
    localisation,
    row,
)
from training.mammogram.results import Found, Recalibrated, Sources, said
from training.mammogram.runs import LOG
from training.mammogram.variants import as_markdown as variants_as_markdown
from training.mammogram.views import View

WORDS = Path(__file__).parent / "model_pages"
BOUNDS = (
    "In brackets: 95 % percentile intervals of a bootstrap of patients. *Out of fold*: each image by the "
    "model of a fold that has\nseen no image of its patient, in no stage; folds that are not there are left "
    "out."
)
CHOSEN = (
    "**The recipe (input, heads, losses, epochs, augmentation) was chosen by looking at folds 0 and 1 and "
    "at all annotated films,\nits last round on fold 0, the smoothing of the map on folds 0 and 1. Fold 2 "
    "was looked at too: one variant was measured on it, and former\nresults of all folds, by machine, gave "
    "the idea of local contrast. So all figures are somewhat optimistic, those of fold 0 most.**"
)
"""In the card too."""
ON_FILM = "The calibration and the cuts were fitted to digital views alone, and are not valid on film"
"""In the card too."""
REGIONS = (
    "By the bundles as they are exported: they have no last colour, below 15 % of which the bundle that "
    "ships names no region,\nso that it has somewhat fewer."
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page, with its pictures by name."""

    name: str
    text: str
    pictures: dict[str, bytes] = field(default_factory=dict, repr=False)


def page(name: str, values: Mapping[str, str], pictures: Mapping[str, bytes] | None = None) -> Page:
    """Fill in the words of a page; what has no value was not measured."""
    fixed = {"bounds": BOUNDS, "chosen": CHOSEN, "on_film": ON_FILM, "regions": REGIONS}
    known: defaultdict[str, str] = defaultdict(lambda: NOTHING, fixed | dict(values))
    text = Template((WORDS / name).read_text()).substitute(known)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return Page(name, text, dict(pictures or {}))


def pages(
    found: Mapping[str, Found | None],
    sources: Sources,
    calibrated: Recalibrated | None,
    words: Mapping[str, str],
    views: Sequence[View],
) -> list[Page]:
    """All pages."""
    return [
        page("README.md", words),
        rsna(found["rsna"], views),
        films(found, calibrated, views),
        phantoms(found["phantoms"]),
        calibration(found["rsna"], calibrated),
        page("stability.md", _read(sources.stability)),
        page(
            "controls.md",
            {"controls": controls_table(sources.controls), "checked": checks_table(sources.check)},
        ),
        learning(sources.runs),
    ]


def rsna(found: Found | None, views: Sequence[View]) -> Page:
    """Digital views."""
    if found is None:
        return page("rsna.md", {})
    pictures = _pictures(found, {"rsna-roc": "roc"})
    values = {
        "images": found.images(),
        "classification": found.section("Classification"),
        "roc": _shown(pictures, "rsna-roc.png", "ROC curve"),
        "by_fold": by_fold_table(
            "AUC",
            areas(found.folder / "images.csv", views, plan=Plan()),
            found.estimate("classification", "auc"),
        ),
        "competitors": found.beside("competitors.md"),
        "subgroups": found.beside("subgroups.md"),
    }
    return page("rsna.md", values, pictures)


def films(
    all_found: Mapping[str, Found | None], calibrated: Recalibrated | None, views: Sequence[View]
) -> Page:
    """Films, and where maps point."""
    found, malignant = all_found["films"], all_found["malignant"]
    if found is None:
        return page("films.md", {})
    pictures = _pictures(found, {"films-roc": "roc", "films-froc": "froc"})
    other = None if malignant is None else malignant.estimate("classification", "auc")
    values = {
        "images": found.images(),
        "finding": said(found.estimate("classification", "auc")),
        "malignant": said(other),
        "roc": _shown(pictures, "films-roc.png", "ROC curve, finding or none"),
        "localisation": localisation(found, all_found["random"]),
        "by_fold": by_fold_table(
            "pointing game",
            hits(found.folder / "images.csv", views, plan=Plan()),
            found.estimate("localisation", "model", "hit"),
        ),
        "divided": divided_table({"films": found, "digital views": all_found["rsna"]}, calibrated, views),
        "free_response": found.section("FROC"),
        "froc": _shown(pictures, "films-froc.png", "FROC curve of the regions"),
    }
    return page("films.md", values, pictures)


def phantoms(found: Found | None) -> Page:
    """Breasts and textures that are made, not taken from anybody."""
    if found is None:
        return page("phantoms.md", {})
    pictures = _pictures(found, {"phantoms-froc": "froc"})
    values = {
        "images": found.images(),
        "classification": found.section("Classification"),
        "localisation": found.section("Localisation"),
        "free_response": found.section("FROC"),
        "froc": _shown(pictures, "phantoms-froc.png", "FROC curve of the regions"),
    }
    return page("phantoms.md", values, pictures)


def calibration(found: Found | None, calibrated: Recalibrated | None) -> Page:
    """Scores as probabilities."""
    if found is None or calibrated is None:
        return page("calibration.md", {})
    line, after = calibrated.found.line, calibrated.after
    rows = [
        row(words, said(found.estimate("calibration", name)), said(now))
        for words, name, now in (
            ("Brier score", "brier", after.brier),
            ("expected calibration error", "expected_calibration_error", after.expected_calibration_error),
            ("mean score", "mean_score", after.mean_score),
        )
    ]
    pictures = {
        "calibration-after.png": draw_reliability(after).files["png"],
        **_pictures(found, {"calibration-before": "calibration"}),
    }
    values = {
        "line": f"{line.slope:.3f} · logit {'+' if line.offset >= 0 else '−'} {abs(line.offset):.3f}",
        "unseen": "Each fold's scores by the line of the others."
        if calibrated.found.unseen
        else "There is one fold only: the line had seen the scores on which it is measured.",
        "table": "\n".join([row("measure", "before", "after"), "|---|---|---|", *rows]),
        "prevalence": f"{calibrated.found.prevalence:.3f}",
        "before": _shown(pictures, "calibration-before.png", "Before: groups of equally many views by score"),
        "after": _shown(pictures, "calibration-after.png", "After: the same"),
    }
    return page("calibration.md", values, pictures)


def learning(runs: Sequence[Path]) -> Page:
    """Learning curves of runs."""
    there = [folder for folder in runs if (folder / LOG).exists()]
    if not there:
        return page("learning.md", {})
    pictures, values = {}, {"runs": variants_as_markdown(there).strip()}
    for name, figure, words in (
        ("auc", "auc", "AUC on RSNA's views of the fold left out"),
        ("loss", "score_loss", "loss of the label, while learning"),
    ):
        lines = [line for folder in there if (line := _curve(folder, figure)).x]
        if lines:
            pictures[f"learning-{name}.png"] = draw_lines(name, words, lines, x="epoch", y=words).files["png"]
        values[name] = _shown(pictures, f"learning-{name}.png", words)
    return page("learning.md", values, pictures)


def _curve(folder: Path, figure: str) -> Line:
    records = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    known = [record for record in records if record.get(figure) is not None]
    return Line(
        folder.name,
        tuple(float(record["epoch"]) for record in known),
        tuple(float(record[figure]) for record in known),
    )


def _read(table: Path | None) -> dict[str, str]:
    return {"stability": table.read_text().strip()} if table is not None and table.exists() else {}


def _pictures(found: Found, names: Mapping[str, str]) -> dict[str, bytes]:
    paths = {ours: found.folder / f"{theirs}.png" for ours, theirs in names.items()}
    return {f"{name}.png": path.read_bytes() for name, path in paths.items() if path.exists()}


def _shown(pictures: Mapping[str, bytes], name: str, words: str) -> str:
    return f"![{words}]({name})" if name in pictures else ""
