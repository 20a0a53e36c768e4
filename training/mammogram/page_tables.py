"""The tables of the pages, from what was measured."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mammo_core.evaluation.resampling import Estimate, Plan
from training.mammogram.byfold import divided
from training.mammogram.results import Found, Recalibrated, said
from training.mammogram.views import View

NOTHING = "Not measured."
KINDS: dict[str, dict[bool | None, str]] = {
    "films": {False: "normal", None: "benign finding", True: "malignant finding"},
    "digital views": {False: "no cancer", None: "not told", True: "cancer"},
}


def by_fold_table(figure: str, folds: Mapping[int, Estimate], pooled: Estimate | None) -> str:
    """A figure for each fold, and for all of them together."""
    if not folds:
        return NOTHING
    rows = [row(str(fold), str(each.n), said(each)) for fold, each in sorted(folds.items())]
    every = "" if pooled is None else str(pooled.n)
    head = row("fold left out", "images", f"{figure} (95 % interval)")
    return "\n".join([head, "|---|---|---|", *rows, row("all, pooled", every, said(pooled))])


def divided_table(
    sources: Mapping[str, Found | None], calibrated: Recalibrated | None, views: Sequence[View]
) -> str:
    """How the cuts that ship divide images of each kind."""
    if calibrated is None:
        return NOTHING
    cuts = calibrated.found.cuts
    head = row(
        "images",
        "n",
        f"at or above the threshold, {cuts.middle.threshold:.4f}",
        f"below `rule_out`, {cuts.low.threshold:.4f}",
        f"at or above `rule_in`, {cuts.high.threshold:.4f}",
    )
    rows = [
        row(
            f"{name}: {KINDS[name][each.kind]}",
            str(each.suspected.n),
            said(each.suspected),
            said(each.ruled_out),
            said(each.ruled_in),
        )
        for name, found in sources.items()
        if found is not None
        for each in divided(found.folder / "images.csv", views, calibrated.found, plan=Plan())
    ]
    return "\n".join([head, "|---|---|---|---|---|", *rows])


def localisation(found: Found, random: Found | None) -> str:
    """The model beside what knows nothing."""
    rows = [
        _finder("model", found, "model"),
        _finder("brightest blob", found, "brightest_blob"),
        _finder("breast centre", found, "breast_centre"),
        _finder("uniform in breast", found, "uniform"),
        _finder("random weights", random, "model"),
        row(
            "model − brightest blob",
            said(found.estimate("localisation", "hit_over_blob"), signed=True),
            said(found.estimate("localisation", "energy_over_blob"), signed=True),
            "",
        ),
    ]
    head = row("peak of", "pointing game", "energy in lesion", "centre error, mm (median)")
    counted = found.record["localisation"]
    where = f"Lesions: {counted['lesions']}, on images: {counted['images']}."
    return "\n".join([head, "|---|---|---|---|", *rows, "", where])


def _finder(name: str, found: Found | None, key: str) -> str:
    def at(figure: str) -> Estimate | None:
        return None if found is None else found.estimate("localisation", key, figure)

    return row(name, said(at("hit")), said(at("energy")), said(at("centre_error_mm"), digits=1))


def controls_table(files: Sequence[Path]) -> str:
    """What each control reached."""
    rows = []
    for path in files:
        if path.exists():
            record: dict[str, Any] = json.loads(path.read_text())
            area = Estimate(**record["auc"])
            words = {"shuffled": "labels shuffled", "background": "views without the breast"}
            named = " and ".join(word for name, word in words.items() if record[name]) or "no control"
            rows.append(row(named, str(area.n), said(area), "0.5"))
    if not rows:
        return NOTHING
    return "\n".join([row("control", "views", "AUC (95 % interval)", "chance"), "|---|---|---|---|", *rows])


def checks_table(file: Path | None) -> str:
    """What was checked of the map of the weights that ship."""
    if file is None or not file.exists():
        return NOTHING
    rows = [
        row(*(each[name] for name in ("check", "outcome", "summary")))
        for each in json.loads(file.read_text())["results"]
    ]
    return "\n".join([row("check", "outcome", "what was found"), "|---|---|---|", *rows])


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"
