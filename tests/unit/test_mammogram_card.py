"""The documents of the model repeat what was measured, and say of the rest that it was not."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mammo_core.evaluation.plots import Line, draw_lines
from mammo_core.evaluation.resampling import Estimate, Plan
from mammo_core.models.bundle import pack
from mammo_core.models.manifest import Manifest, Measurement
from tests.conftest import make_compilation, make_manifest
from tests.training_views import collection
from training.mammogram.card import Aim, check_same, filled, headline, weights_in_words, write_card
from training.mammogram.declaration import AREA
from training.mammogram.outoffold import image_folds
from training.mammogram.page_tables import controls_table, localisation
from training.mammogram.pages import CHOSEN, ON_FILM
from training.mammogram.release import PHANTOMS
from training.mammogram.release_stages import unseen
from training.mammogram.results import FOLDERS, Found, Sources, recalibrated, said
from training.mammogram.views import Collection, write

BLOCKS = ("numbers", "model", "weights", "competitors", "subgroups", "controls")
BUNDLE = b"\x1c\0\0\0TFL3 and no more"


def value(number: float, spread: float = 0.1, n: int = 10) -> dict[str, Any]:
    return asdict(Estimate(number, number - spread, number + spread, n))


def shipped(folder: Path, *measured: float) -> Path:
    """A bundle that declares these areas."""
    performance = tuple(Measurement(metric=AREA, value=each, data="a test") for each in measured)
    changes = {"compiled": make_compilation(), "performance": performance, "training_data": "all of it"}
    path = folder / "default.mammo"
    path.write_bytes(pack(BUNDLE, make_manifest(target_layer="c1").model_copy(update=changes)))
    return path


def evaluation(folder: Path, views: Collection | None = None, *, hit: float = 0.4) -> Path:
    """What ``evaluate`` leaves, as far as it is read."""
    folder.mkdir()
    finder = {"hit": value(hit), "energy": value(0.3), "centre_error_mm": value(7.0)}
    record = {
        "labels": {"sha256": "0123456789abcdef" * 4},
        "classification": {"auc": value(0.71)},
        "calibration": {name: value(0.2) for name in ("brier", "expected_calibration_error", "mean_score")},
        "localisation": {
            "images": 9,
            "lesions": 10,
            **dict.fromkeys(("model", "brightest_blob", "breast_centre", "uniform"), finder),
            "hit_over_blob": value(0.05),
            "energy_over_blob": value(0.2),
        },
    }
    (folder / "evaluation.json").write_text(json.dumps(record))
    sections = "".join(f"\n## {name}\n\nAll of {name}.\n\n![A plot]({name}.png)\n" for name in SECTIONS)
    (folder / "evaluation.md").write_text(f"# Evaluation\n{sections}")
    (folder / "roc.png").write_bytes(b"a picture")
    rng = np.random.default_rng(2)
    source = "rsna" if folder.name == "rsna" else "mini-mias"
    rows = [
        f"{view.image},{int(bool(view.positive))},{rng.uniform(0.2, 0.6) + 0.2 * bool(view.positive):.6f},"
        f"{view.number % 2 if view.spots else ''}"
        for view in (views.views if views is not None else ())
        if view.source == source
    ]
    (folder / "images.csv").write_text("\n".join(["image,positive,score,hit", *rows]) + "\n")
    return folder


SECTIONS = ("Images", "Classification", "Localisation", "FROC")


def card_in(folder: Path) -> Path:
    path = folder / "MODEL_CARD.md"
    marks = "\n\n".join(f"<!-- {name}: begin -->\nold\n<!-- {name}: end -->" for name in BLOCKS)
    path.write_text(f"# Card\n\n{marks}\n\nThe end.\n")
    return path


@pytest.mark.parametrize(
    ("aim", "reached", "verdict"),
    [
        (Aim(0.7, 0.78), Estimate(0.69, 0.6, 0.8, 9), "**gate missed**"),
        (Aim(0.7, 0.78), Estimate(0.70, 0.6, 0.8, 9), "gate reached"),
        (Aim(0.7, 0.78), Estimate(0.78, 0.6, 0.8, 9), "goal reached"),
        (Aim(0.08, 0.05, most=True), Estimate(0.09, 0.0, 0.1, 9), "**gate missed**"),
        (Aim(0.08, 0.05, most=True), Estimate(0.06, 0.0, 0.1, 9), "gate reached"),
        (Aim(0.08, 0.05, most=True), Estimate(0.05, 0.0, 0.1, 9), "goal reached"),
        (Aim(0.0, by_bound=True), Estimate(0.2, 0.0, 0.4, 9), "**gate missed**"),
        (Aim(0.0, by_bound=True), Estimate(0.2, 0.01, 0.4, 9), "gate reached"),
        (Aim(0.0, by_bound=True), Estimate(0.2, None, None, 9), "not measured"),
        (Aim(0.7), None, "not measured"),
        (Aim(), Estimate(0.9, 0.8, 1.0, 9), ""),
    ],
)
def test_a_verdict_says_what_was_missed(aim: Aim, reached: Estimate | None, verdict: str) -> None:
    assert aim.verdict(reached) == verdict


def test_without_any_measurement_every_page_says_so(tmp_path: Path) -> None:
    sources = Sources(
        {},
        None,
        (tmp_path / "none.json",),
        tmp_path / "no-check.json",
        (tmp_path / "no-run",),
        shipped(tmp_path),
    )
    card = card_in(tmp_path)

    written = write_card(sources, collection(), tmp_path / "model", card)

    assert {path.name for path in written if path.suffix != ".md"} == set()
    names = {"rsna", "films", "phantoms", "calibration", "stability", "controls", "learning"}
    assert {path.stem for path in written} == names | {"README", "MODEL_CARD"}
    for name in names:
        assert "Not measured." in (tmp_path / "model" / f"{name}.md").read_text()
    table = (tmp_path / "model" / "README.md").read_text()
    assert "| pointing game, films | not measured |  | ≥ 0.50 | ≥ 0.65 | not measured |" in table
    assert "\nold\n" not in card.read_text()
    assert card.read_text().endswith("\n\nThe end.\n")


def test_pages_and_card_repeat_the_evaluations_and_cannot_disagree(tmp_path: Path) -> None:
    views = collection(60)
    folders = {name: evaluation(tmp_path / name, views) for name in FOLDERS}
    control = tmp_path / "control.json"
    control.write_text(json.dumps({"shuffled": True, "background": False, "fold": 0, "auc": value(0.49)}))
    run = tmp_path / "stage2"
    run.mkdir()
    (run / "settings.json").write_text(json.dumps({"recipe": {"steps": 200}, "epochs": 2}))
    records = [{"epoch": n, "seconds": 60.0, "score_loss": 0.6, "cell_loss": 1.0} for n in (1, 2)]
    (run / "log.jsonl").write_text("\n".join(json.dumps(record) for record in records) + "\n")
    stable = tmp_path / "stability.md"
    stable.write_text("| mirrored |\n")
    (tmp_path / "rsna" / "subgroups.md").write_text("| groups |\n")
    (tmp_path / "rsna" / "calibration.png").write_bytes(b"before")
    checked = {"check": "weight randomisation", "outcome": "passed", "summary": "Another map.", "value": 0.1}
    (tmp_path / "check.json").write_text(json.dumps({"results": [checked]}))
    model = shipped(tmp_path, 0.71, 0.61, 0.81)
    sources = Sources(folders, stable, (control,), tmp_path / "check.json", (run,), model)
    card = card_in(tmp_path)

    write_card(sources, views, tmp_path / "model", card)

    page = {path.stem: path.read_text() for path in (tmp_path / "model").glob("*.md")}
    marked = page["README"].partition("<!-- numbers: begin -->")[2].partition("<!-- numbers: end -->")[0]
    assert marked in card.read_text()
    assert (
        "| AUC, cancer or none, RSNA's views | 0.710 (0.610 to 0.810) | 10 | ≥ 0.70 | ≥ 0.78 | gate" in marked
    )
    over = "| the same less that of the brightest blob | +0.050 (-0.050 to +0.150) | 10 | lower bound > 0 |"
    assert over in marked
    assert "| calibration error, RSNA's views |" in marked
    assert "All of Classification." in page["rsna"]
    assert "A plot" not in page["rsna"], "plots have names of their own here"
    assert "Not measured: there is no competitors.md." in page["rsna"]
    assert "| groups |" in page["rsna"]
    tables = [
        page[name].count(f"sha256 `{'0123456789abcdef' * 4}`") for name in ("rsna", "films", "phantoms")
    ]
    assert tables == [1, 1, 1]
    assert "All of Classification." in page["phantoms"]
    assert "| groups |" in card.read_text()
    assert "| labels shuffled | 10 | 0.490 (0.390 to 0.590) | 0.5 |" in page["controls"]
    assert "| weight randomisation | passed | Another map. |" in page["controls"]
    assert "| mirrored |" in page["stability"]
    assert "| all, pooled | 10 | 0.710 (0.610 to 0.810) |" in page["rsna"]
    assert page["rsna"].count("\n| 0 | ") == page["films"].count("\n| 0 | ") == 1
    assert "| films: normal | 10 | " in page["films"]
    assert "| digital views: cancer | 20 | " in page["films"]
    assert all(CHOSEN in page[name] for name in ("README", "rsna", "films"))
    assert "Each fold's scores by the line of the others." in page["calibration"]
    assert (tmp_path / "model" / "rsna-roc.png").read_bytes() == b"a picture"
    assert (tmp_path / "model" / "calibration-before.png").read_bytes() == b"before"
    assert (tmp_path / "model" / "learning-loss.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "model" / "learning-auc.png").exists(), "no epoch was measured"
    assert "learning-auc" not in page["learning"]
    pictures = {f"({path.name})" for path in (tmp_path / "model").glob("*.png")}
    assert all(any(picture in text for text in page.values()) for picture in pictures)


def test_the_card_says_of_the_recipe_and_of_films_what_the_pages_say() -> None:
    words = " ".join((Path(__file__).parents[2] / "MODEL_CARD.md").read_text().split())
    for said_there in (CHOSEN, ON_FILM, PHANTOMS):
        assert " ".join(said_there.replace("*", "").split()) in words


def test_a_line_on_the_scores_that_it_was_fitted_to_reaches_no_gate(tmp_path: Path) -> None:
    views = collection(60)
    folder = evaluation(tmp_path / "rsna", views)
    folds = image_folds(views.views)
    header, *rows = (folder / "images.csv").read_text().splitlines()
    own = [row for row in rows if folds[row.partition(",")[0]] == 0]
    (folder / "images.csv").write_text("\n".join([header, *own]) + "\n")
    rsna = Found.read(folder)
    assert rsna is not None
    table = headline(
        {**dict.fromkeys(FOLDERS), "rsna": rsna}, recalibrated(rsna, views.views, plan=Plan(100))
    )
    last = table.splitlines()[-1]
    assert last.startswith("| calibration error, RSNA's views, line fitted to the same scores | ")
    assert last.endswith(f" | {len(own)} |  |  |  |")


def test_a_model_that_was_released_with_other_figures_gets_no_card(tmp_path: Path) -> None:
    rsna = Found.read(evaluation(tmp_path / "rsna"))
    numbers = tuple(Measurement(metric=AREA, value=each, data="") for each in (0.71, 0.61, 0.81))
    manifest = make_manifest().model_copy(update={"performance": numbers})
    check_same(manifest, rsna)
    with pytest.raises(ValueError, match="release it again"):
        check_same(manifest.model_copy(update={"performance": numbers[:1]}), rsna)


def test_a_card_without_its_marks_is_refused_and_a_block_is_taken_as_it_is() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        filled("no marks", {"numbers": "1"})
    text = "<!-- a: begin -->\n<!-- a: end -->"
    assert filled(text, {"a": r"\1 | \g<0>"}) == (
        "<!-- a: begin -->\n\n" + r"\1 | \g<0>" + "\n\n<!-- a: end -->"
    )


def test_random_weights_stand_beside_the_model(tmp_path: Path) -> None:
    ours, random = evaluation(tmp_path / "ours"), evaluation(tmp_path / "random", hit=0.05)
    rows = localisation(Found(ours, json.loads((ours / "evaluation.json").read_text())), Found.read(random))
    assert "| model | 0.400 (0.300 to 0.500) | 0.300 (0.200 to 0.400) | 7.0 (6.9 to 7.1) |" in rows
    assert "| random weights | 0.050 (-0.050 to 0.150) |" in rows
    assert "Lesions: 10, on images: 9." in rows
    assert Found.read(tmp_path / "none") is None
    assert said(None) == "not measured"
    assert controls_table([]) == "Not measured."


def test_the_weights_of_one_fold_are_not_said_to_have_seen_everything() -> None:
    manifest: Manifest = make_manifest()
    whole = manifest.model_copy(update={"training_data": "9 views"})
    part = manifest.model_copy(update={"training_data": "6 views; without fold 0 of 3"})
    assert "learnt from all images" in weights_in_words(whole)
    assert "those of one fold's model" in weights_in_words(part)


def test_stability_takes_images_that_a_fold_left_out_evenly(tmp_path: Path) -> None:
    views = collection(30)
    for source in ("rsna", "mini-mias"):
        own = [view for view in views.views if view.source == source]
        numbers = [view.number for view in own]
        write(tmp_path / source, "a table", own, views.images[source][numbers], views.tissue[source][numbers])
    images = [Path(view.image) for view in views.views] + [Path("unknown.png")]
    folders = [tmp_path / "rsna", tmp_path / "mini-mias"]
    parts = [unseen(images, folders, fold, 100) for fold in range(3)]
    assert sorted(path.name for part in parts for path in part) == sorted(path.name for path in images[:-1])
    assert unseen(parts[0], None, None, 2) == [parts[0][0], parts[0][-1]]
    with pytest.raises(ValueError, match="None of the images"):
        unseen([Path("unknown.png")], folders, 0, 100)


def test_lines_are_drawn_the_same_each_time() -> None:
    lines = (Line("a", (1.0, 2.0), (0.5, 0.6)), Line("b", (1.0,), (0.4,)))
    first, again = (draw_lines("name", "caption", lines, x="epoch", y="AUC") for _ in range(2))
    assert first == again
    assert first.files["png"] == again.files["png"]
    assert b"epoch" in first.files["svg"] or b"<svg" in first.files["svg"]
