"""``mammo evaluate`` from the table of labels to the files it writes, on images made for it."""

import csv
import json
import re
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from mammo_core import cli
from mammo_core.evaluation.report import COLUMNS
from mammo_core.phantom.dicom import to_dicom
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import EVERYWHERE, FakeModel
from tests.conftest import breast_pixels
from tests.doors import service_with

ROOT = Path(__file__).resolve().parents[2]
FILES = {"evaluation.json", "evaluation.md", "images.csv"}
PLOTS = {f"{name}.{suffix}" for name in ("roc", "calibration", "froc") for suffix in ("png", "svg")}
QUICK = ("--bootstrap", 100)


def breast(*, spot: tuple[int, int] | None = None, reach: float = 0.6) -> bytes:
    """A breast that darkens downwards as PNG, with a bright disk of radius 10 at (row, column)."""
    pixels = breast_pixels(reach=reach)
    shade = np.linspace(0.0, 5_000.0, 320)[:, None]
    pixels = np.where(pixels > 10_000, pixels - shade, pixels).astype(np.uint16)
    if spot is not None:
        rows, columns = np.mgrid[0:320, 0:240] + 0.5
        pixels[np.hypot(rows - spot[0], columns - spot[1]) <= 10] = 65_535
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


IMAGES = {
    "found.png": breast(spot=(160, 60)),
    "missed.png": breast(spot=(200, 40)),
    "healthy.png": breast(),
    "large.png": breast(reach=0.8),
}
TABLE = """image,patient,label,x,y,r
found.png,wren-ann,malignant,60,160,10
missed.png,wren-ann,malignant,60,90,10
healthy.png,wren-bea,normal,,,
large.png,wren-eve,normal,,,
"""


@pytest.fixture(autouse=True)
def _fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The map of this model shows each bright spot, and the score rises with the breast's brightness."""
    serve(FakeModel(square=EVERYWHERE), monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_images(tmp_path)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose images have been evaluated once, for tests that only look."""
    folder = with_images(tmp_path_factory.mktemp("evaluated"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        serve(FakeModel(square=EVERYWHERE), monkeypatch)
        assert evaluate(folder, "--spacing-mm", 0.6).exit_code == 0
    return folder


def serve(model: FakeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mammo_core.service.build_service", lambda settings: service_with(model))


def with_images(folder: Path) -> Path:
    for name, data in IMAGES.items():
        (folder / name).write_bytes(data)
    (folder / "labels.csv").write_text(TABLE)
    return folder


def evaluate(folder: Path, *arguments: object) -> Result:
    command = ["evaluate", folder / "labels.csv", "--out", folder / "out", *QUICK, *arguments]
    return CliRunner().invoke(cli.app, [str(argument) for argument in command])


def numbers(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "out" / "evaluation.json").read_text())
    return found


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO((folder / "out" / "images.csv").read_text())))


def test_all_files_are_written_and_the_terminal_shows_the_tables(folder: Path) -> None:
    result = evaluate(folder, "--spacing-mm", 0.6)

    assert result.exit_code == 0, result.output
    assert {path.name for path in (folder / "out").iterdir()} == FILES | PLOTS
    for title in ("Images", "Classification", "Calibration", "Localisation", "FROC"):
        assert title in result.output
    assert "evaluation.md" in result.output


def test_the_images_are_counted(evaluated: Path) -> None:
    assert numbers(evaluated)["images"] == {
        "listed": 4,
        "analysed": 4,
        "failed": 0,
        "positive": 2,
        "negative": 2,
        "prevalence": 0.5,
        "patients": 3,
        "map_status": {"ok": 4},
        "failures": [],
    }


def test_the_scores_are_measured_against_the_labels(evaluated: Path) -> None:
    found = numbers(evaluated)["classification"]
    order = sorted(rows(evaluated), key=lambda row: -float(row["score"]))
    # The disk adds to the brightness of the breast; the large breast is brighter still.
    assert [(row["image"] == "large.png", row["positive"]) for row in order] == [
        (True, "0"),
        (False, "1"),
        (False, "1"),
        (False, "0"),
    ]
    assert found["auc"]["value"] == 0.5
    assert found["average_precision"]["value"] == pytest.approx((1 / 2 + 2 / 3) / 2, abs=1e-6)
    assert found["tied"] == 0
    points = {point["name"]: point for point in found["operating_points"]}
    assert {name: point["threshold"] for name, point in points.items()} == {
        "threshold": 0.5,
        "rule_out": 0.3,
        "rule_in": 0.7,
    }
    # All of them are far above each cut.
    everything = {"true_positive": 2, "false_negative": 0, "true_negative": 0, "false_positive": 2}
    assert [point["counts"] for point in points.values()] == [everything] * 3
    assert points["threshold"]["sensitivity"] == {
        "value": 1.0,
        "low": 1.0,
        "high": 1.0,
        "n": 2,
        "reason": None,
    }
    assert points["threshold"]["specificity"]["value"] == 0.0


def test_the_scores_are_measured_as_probabilities(evaluated: Path) -> None:
    found = numbers(evaluated)["calibration"]
    scores = [float(row["score"]) for row in rows(evaluated)]
    labels = [float(row["positive"]) for row in rows(evaluated)]
    squares = [(score - label) ** 2 for score, label in zip(scores, labels, strict=True)]
    assert found["brier"]["value"] == pytest.approx(sum(squares) / 4, abs=1e-5)
    assert found["brier_of_prevalence"]["value"] == 0.25
    assert found["mean_score"]["value"] == pytest.approx(sum(scores) / 4, abs=1e-5)
    # Each image is a group of its own.
    gaps = [abs(score - label) for score, label in zip(scores, labels, strict=True)]
    assert found["expected_calibration_error"]["value"] == pytest.approx(sum(gaps) / 4, abs=1e-5)
    assert [group["n"] for group in found["bins"]] == [1, 1, 1, 1]


def test_the_maps_are_measured_against_the_lesions_beside_the_baselines(evaluated: Path) -> None:
    found = numbers(evaluated)["localisation"]
    assert (found["images"], found["lesions"], found["in_pixels"], found["reason"]) == (2, 2, 0, None)
    # Both point at the disk: that is the lesion on one image, and beside it on the other.
    assert found["model"]["hit"]["value"] == found["brightest_blob"]["hit"]["value"] == 0.5
    assert found["hit_over_blob"]["value"] == 0.0
    # A circle of 10 + 5 pixels in half an ellipse with half axes of 134.4 and 144 pixels.
    area = np.pi * 134.4 * 144 / 2
    assert found["uniform"]["hit"]["value"] == pytest.approx(np.pi * 15**2 / area, rel=0.1)
    assert found["uniform"]["energy"]["value"] == pytest.approx(np.pi * 10**2 / area, rel=0.1)
    # 0 on one image; on the other from (200, 40) to (90, 60), to half a cell: the median of both is the mean.
    assert found["model"]["centre_error_mm"]["value"] == pytest.approx(0.6 * np.hypot(110, 20) / 2, abs=3.0)


def test_the_regions_are_measured_as_marks(evaluated: Path) -> None:
    found = numbers(evaluated)["free_response"]
    assert (found["images"], found["lesions"], found["left_out"]) == (4, 2, 0)
    assert [at["false_per_image"] for at in found["at"]] == [0.125, 0.25, 0.5, 1.0, 2.0, 4.0]
    # One region on each image: three of the four are on no lesion.
    assert found["all_regions"]["false_per_image"] == 0.75
    assert found["all_regions"]["sensitivity"]["value"] == 0.5
    assert found["at"][-1]["sensitivity"]["value"] == 0.5


def test_each_image_has_its_row(evaluated: Path) -> None:
    names = ("row", "image", "positive", "code", "map_status", "unit", "lesions", "hit", "blob_hit")
    found = [
        [row[name] for name in (*names, "regions", "lesions_found", "false_regions")]
        for row in rows(evaluated)
    ]
    assert found == [
        ["2", "found.png", "1", "", "ok", "mm", "1", "1", "1", "1", "1", "0"],
        ["3", "missed.png", "1", "", "ok", "mm", "1", "0", "0", "1", "0", "1"],
        ["4", "healthy.png", "0", "", "ok", "", "0", "", "", "1", "0", "1"],
        ["5", "large.png", "0", "", "ok", "", "0", "", "", "1", "0", "1"],
    ]


def test_the_evaluation_says_what_it_was_made_of(folder: Path) -> None:
    evaluate(folder, "--spacing-mm", 0.6, "--seed", 3, "--method", "hirescam")

    found, model = numbers(folder), FakeModel()
    assert found["schema_version"] == "1.0"
    assert found["model"] == {
        "id": "fake",
        "version": "1",
        "sha256": model.identity.sha256,
        "manifest_sha256": None,
        "backend": "fake",
        "positive": "malignant",
        "training_data": "none: its weights are constants",
    }
    assert found["resampling"] == {
        "unit": "patient",
        "resamples": 100,
        "seed": 3,
        "level": 0.95,
        "method": "percentile",
    }
    assert found["options"] == {
        "method": "hirescam",
        "positive": ["1", "true", "yes", "positive", "malignant", "cancer"],
        "negative": [],
        "lesions": "all",
        "spacing_mm": 0.6,
        "tolerance_mm": 3.0,
        "tolerance_px": 0.0,
        "accept_unsuitable": False,
    }
    assert len(found["labels"]["sha256"]) == 64


def test_no_patient_and_no_file_name_is_in_the_report(evaluated: Path) -> None:
    for name in FILES:
        text = (evaluated / "out" / name).read_text()
        assert "wren" not in text
        assert ("found.png" in text) == (name == "images.csv")
        assert str(evaluated) not in text


def test_the_page_shows_the_plots_that_lie_beside_it(evaluated: Path) -> None:
    page = (evaluated / "out" / "evaluation.md").read_text()
    for name in ("roc", "calibration", "froc"):
        assert f"]({name}.png)" in page
        with Image.open(evaluated / "out" / f"{name}.png") as plot:
            assert min(plot.size) > 500
            assert len(np.unique(np.asarray(plot.convert("L")))) > 20
        assert b"<svg" in (evaluated / "out" / f"{name}.svg").read_bytes()
    assert "| model | 0.500" in page
    assert "Research use only" in page


def test_the_same_seed_gives_the_same_files_whatever_runs_at_the_same_time(folder: Path) -> None:
    contents = []
    for jobs in (1, 3):
        evaluate(folder, "--spacing-mm", 0.6, "--jobs", jobs)
        contents.append({path.name: path.read_bytes() for path in (folder / "out").iterdir()})

    assert contents[0] == contents[1]


def test_images_that_fail_are_listed_counted_and_told_and_the_exit_status_is_1(folder: Path) -> None:
    (folder / "broken.png").write_bytes(IMAGES["found.png"][:300])
    (folder / "words.png").write_text("no image at all")
    Image.new("L", (200, 200)).save(folder / "blank.png")
    with (folder / "labels.csv").open("a") as table:
        table.write("broken.png,kim,malignant,60,160,10\nwords.png,kim,normal,,,\n")
        table.write("blank.png,lee,normal,,,\nabsent.png,lee,malignant,,,\n")
        table.write("large.png,wren-eve,normal,999,10,4\n")

    result = evaluate(folder, "--spacing-mm", 0.6)

    assert result.exit_code == 1
    images = numbers(folder)["images"]
    assert (images["listed"], images["analysed"], images["failed"]) == (8, 3, 5)
    assert images["failures"] == [
        {"row": 5, "code": "invalid_request", "positive": False},
        {"row": 6, "code": "unreadable_image", "positive": True},
        {"row": 7, "code": "unsupported_media", "positive": False},
        {"row": 8, "code": "unsuitable_image", "positive": False},
        {"row": 9, "code": "not_found", "positive": True},
    ]
    assert [row["code"] for row in rows(folder)] == [
        "",
        "",
        "",
        *(each["code"] for each in images["failures"]),
    ]
    assert "row 9: not_found: " in result.output
    assert "Failed with `not_found`: 1, row 9." in (folder / "out" / "evaluation.md").read_text()


def test_when_every_image_fails_there_are_reasons_instead_of_numbers(folder: Path) -> None:
    for name in IMAGES:
        (folder / name).unlink()

    assert evaluate(folder).exit_code == 1

    found = numbers(folder)
    assert found["images"]["prevalence"] is None
    assert found["classification"]["auc"] == {
        "value": None,
        "low": None,
        "high": None,
        "n": 0,
        "reason": "it takes positive and negative images that could be analysed",
    }
    assert found["localisation"]["reason"] == found["free_response"]["reason"]
    assert {path.name for path in (folder / "out").iterdir()} == FILES


def test_without_lesions_in_the_table_scores_are_measured_alone(folder: Path) -> None:
    (folder / "labels.csv").write_text("image,cancer\nfound.png,1\nhealthy.png,0\n")

    assert evaluate(folder).exit_code == 0

    found = numbers(folder)
    assert found["classification"]["auc"]["value"] == 1.0
    assert found["localisation"]["reason"] == "no image with an annotated lesion could be analysed"
    assert found["free_response"]["at"] == []
    assert found["resampling"]["unit"] == "image"
    assert {path.name for path in (folder / "out").iterdir()} == FILES | {p for p in PLOTS if "froc" not in p}


def test_without_a_map_nothing_is_said_of_localisation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(FakeModel(square=EVERYWHERE, unavailable="the target layer is missing"), monkeypatch)

    assert evaluate(folder, "--spacing-mm", 0.6).exit_code == 0

    found = numbers(folder)
    assert found["images"]["map_status"] == {"unavailable": 4}
    assert found["classification"]["auc"]["value"] is not None
    assert (found["localisation"]["model"], found["localisation"]["hit_over_blob"]) == (None, None)
    assert found["localisation"]["brightest_blob"]["hit"]["value"] == 0.5
    assert found["localisation"]["reason"] == found["free_response"]["reason"]
    assert found["free_response"]["reason"] == "the model gave no map of any of these images"


def test_an_image_without_spacing_is_measured_in_pixels(folder: Path) -> None:
    evaluate(folder, "--tolerance-px", 40)

    found = numbers(folder)["localisation"]
    assert found["in_pixels"] == 2
    assert found["model"]["hit"]["value"] == 0.5
    assert found["model"]["centre_error_mm"]["value"] is None
    assert [row["unit"] for row in rows(folder)] == ["px", "px", "", ""]


def test_the_spacing_of_a_dicom_file_is_trusted_more_than_the_options(tmp_path: Path) -> None:
    phantom = make_phantom(seed=3, shape=(320, 240))
    with Image.open(BytesIO(IMAGES["missed.png"])) as image:
        pixels = np.array(image, dtype=np.uint16)
    (tmp_path / "a.dcm").write_bytes(to_dicom(replace(phantom, pixels=pixels, spacing_mm=0.6)))
    (tmp_path / "labels.csv").write_text("image,label,x,y,r\na.dcm,1,60,90,10\n")

    evaluate(tmp_path, "--spacing-mm", 0.006)

    (row,) = rows(tmp_path)
    assert row["unit"] == "mm"
    # From the disk at (200, 40) to (90, 60).
    assert float(row["centre_error"]) == pytest.approx(0.6 * np.hypot(110, 20), abs=4.0)


def test_lesions_of_negative_rows_may_be_neither_found_nor_mistaken(folder: Path) -> None:
    (folder / "labels.csv").write_text(
        TABLE.replace("found.png,wren-ann,malignant", "found.png,wren-ann,benign")
    )

    evaluate(folder, "--spacing-mm", 0.6, "--lesions", "positive")

    assert numbers(folder)["localisation"]["images"] == 1
    first = rows(folder)[0]
    assert [first[name] for name in ("lesions", "regions", "lesions_found", "false_regions")] == [
        "0",
        "1",
        "0",
        "0",
    ]


def test_a_positive_image_without_annotation_is_left_out_of_the_froc(folder: Path) -> None:
    (folder / "labels.csv").write_text(TABLE.replace("60,90,10", ",,"))

    evaluate(folder, "--spacing-mm", 0.6)

    found = numbers(folder)["free_response"]
    assert (found["images"], found["lesions"], found["left_out"]) == (3, 1, 1)


def test_images_may_lie_in_another_folder(folder: Path) -> None:
    (folder / "pictures").mkdir()
    for name in IMAGES:
        (folder / name).rename(folder / "pictures" / name)

    assert evaluate(folder, "--images", folder / "pictures").exit_code == 0
    assert numbers(folder)["images"]["failed"] == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--label-column", "nowhere"), "no column 'nowhere'"),
        (("--positive", "unheard"), "No row has a positive label"),
        (("--images", "/no/such/folder"), "The folder of the images does not exist."),
        (("--method", "guessing"), "--method"),
        (("--bootstrap", "1"), "--bootstrap"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_reason(folder: Path, arguments: tuple[str, ...], reason: str) -> None:
    result = evaluate(folder, *arguments)

    assert result.exit_code == 2
    assert reason in result.stderr
    assert not (folder / "out").exists()


def test_without_a_table_there_is_nothing_to_evaluate(tmp_path: Path) -> None:
    result = evaluate(tmp_path)

    assert result.exit_code == 2
    assert "does not exist" in result.stderr


def test_the_page_about_evaluation_names_every_option_and_every_column_of_the_rows() -> None:
    page = (ROOT / "docs" / "evaluation.md").read_text()
    shown = CliRunner().invoke(cli.app, ["evaluate", "--help"], env={"COLUMNS": "200"}).output
    option = r"--[a-z][a-z-]+"
    assert set(re.findall(option, page)) == set(re.findall(option, shown)) - {"--help"}
    for column in COLUMNS:
        assert f"`{column}`" in page, column
