"""The command line: what it writes, what it says, how it ends."""

import json
import re
from pathlib import Path

import pydicom
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from mammo_core import cli
from mammo_core.errors import ModelUnavailableError
from mammo_core.models.provider import ModelProvider
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel, FixedModel
from tests.doors import service_with

PNG = to_png(make_phantom(seed=3, shape=(320, 256)))
PICTURES = ("original", "overlay", "heatmap_only", "bbox", "cancer_type")


@pytest.fixture(autouse=True)
def _fake_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mammo_core.service.build_service", lambda settings: service_with(FakeModel()))


def mammo(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_image_gets_its_answer_and_five_pictures(tmp_path: Path) -> None:
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    (tmp_path / "in" / "a.png").write_bytes(PNG)
    (tmp_path / "in" / "deeper" / "b.PNG").write_bytes(PNG)
    (tmp_path / "in" / "notes.txt").write_text("not an image")

    result = mammo("analyze", tmp_path / "in", "--out", tmp_path / "out")

    assert result.exit_code == 0, result.output
    endings = ("json", *(f"{picture}.png" for picture in PICTURES))
    assert files_in(tmp_path / "out") == {f"{n}.{ending}" for n in ("a", "deeper/b") for ending in endings}
    answer = json.loads((tmp_path / "out" / "a.json").read_text())
    with Image.open(tmp_path / "out" / "a.overlay.png") as picture:
        assert picture.size == (answer["image_status"]["overlay"]["width"], 320)
    assert re.search(r"\ba\b.*deeper/b\b", result.output, re.DOTALL), "the table names both"
    assert "1 file(s) in the folders are no images and were skipped." in result.output


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "scan.png").write_bytes(PNG)
    for name in ("a.png", "a.dcm", "a-2.png", "b.webp"):
        (tmp_path / "x" / name).write_bytes(PNG)

    mammo("analyze", tmp_path / "x", tmp_path / "y", "--out", tmp_path / "out", "--images", "")

    assert files_in(tmp_path / "out") == {
        *("scan.json", "scan-2.json"),  # two folders
        *("a.png.json", "a.dcm.json"),  # two suffixes
        *("a-2.json", "b.json"),
    }


def test_a_dicom_file_without_a_suffix_is_found_by_its_content(tmp_path: Path) -> None:
    mammo("phantom", "--out", tmp_path / "made", "--rows", "320", "--columns", "256")
    (made,) = (tmp_path / "made").glob("*.dcm")
    (tmp_path / "in").mkdir()
    made.rename(tmp_path / "in" / "1.2.840.10008")
    (tmp_path / "in" / "short").write_bytes(b"DICM")

    result = mammo("analyze", tmp_path / "in", "--json", "--images", "")

    (line,) = map(json.loads, result.stdout.splitlines())
    assert (line["file"], line["input"]["format"]) == ("1.2.840.10008", "DICOM")
    assert "1 file(s) in the folders are no images" in result.stderr


def test_results_that_cannot_be_written_are_an_error_of_their_file(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(PNG)
    (tmp_path / "out" / "a.json").mkdir(parents=True)

    result = mammo("analyze", tmp_path / "a.png", tmp_path / "b.png", "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert "a: unwritable_results: The results cannot be written (IsADirectoryError)." in result.output
    assert (tmp_path / "out" / "b.json").is_file()


def test_without_a_folder_for_the_results_it_says_that_nothing_was_saved(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)

    assert "Nothing was saved: add --out FOLDER" in mammo("analyze", tmp_path / "a.png").output


def test_one_bad_image_does_not_stop_the_others_and_the_exit_status_is_1(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image at all")
    (tmp_path / "b.png").write_bytes(PNG)

    result = mammo("analyze", tmp_path / "a.png", tmp_path / "b.png", "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert "a: unsupported_media: " in result.output
    assert (tmp_path / "out" / "b.json").exists()
    assert not (tmp_path / "out" / "a.json").exists()


def test_each_warning_is_told_once_and_whole_below_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FakeModel()
    shown = fake.manifest.model_copy(update={"demonstration": True})
    monkeypatch.setattr(
        "mammo_core.service.build_service", lambda settings: service_with(FakeModel(manifest=shown))
    )
    for name in "abcde":
        (tmp_path / f"{name}-{'R' if name != 'e' else 'L'}-CC.png").write_bytes(PNG)

    result = mammo("analyze", tmp_path, "--images", "")

    lines = [line for line in result.output.splitlines() if "This model is for demonstration" in line]
    assert lines == ["demonstration_model (all images): This model is for demonstration: tests."]
    (mirrored,) = [line for line in result.output.splitlines() if line.startswith("orientation_mismatch ")]
    assert mirrored.startswith("orientation_mismatch (a-R-CC, b-R-CC, c-R-CC and 1 more): ")


def test_json_lines_go_to_standard_output_and_nothing_else_does(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(PNG)
    (tmp_path / "c.png").write_bytes(b"no image at all")

    result = mammo("analyze", tmp_path, "--json", "--images", "")

    *answers, failed = (json.loads(line) for line in result.stdout.splitlines())
    assert [answer["file"] for answer in answers] == ["a", "b"]
    assert [answer["path"] for answer in (*answers, failed)] == [str(tmp_path / f"{n}.png") for n in "abc"]
    assert [answer["findings"]["num_regions"] for answer in answers] == [1, 1]
    assert (failed["file"], failed["error"]["code"]) == ("c", "unsupported_media")
    assert "score" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze",),
        ("analyze", "/no/such/file.png"),
        ("analyze", ".", "--method", "guessing"),
        ("analyze", "README.md", "--images", "selfie"),
        ("analyze", "README.md", "--max-side", "1"),
        ("analyze", "README.md", "--out", "README.md"),
        ("phantom", "--out", "x", "--view", "ML"),
        ("phantom", "--out", "x", "--laterality", "B"),
        ("unknown",),
    ],
)
def test_wrong_usage_ends_with_2_and_a_reason(arguments: tuple[str, ...]) -> None:
    result = mammo(*arguments)

    assert result.exit_code == 2
    assert result.stderr


def test_paths_that_do_not_exist_are_named() -> None:
    few = mammo("analyze", "README.md", "no1.png", "no2.png")
    many = mammo("analyze", *(f"no{number}.png" for number in range(1, 6)))

    assert few.stderr.strip() == "mammo: There is no file or folder no1.png, no2.png."
    assert many.stderr.strip() == "mammo: There is no file or folder no1.png, no2.png, no3.png and 2 more."


def test_without_a_model_nothing_is_analysed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_weights = ModelUnavailableError("The model's weights cannot be fetched: The file does not exist.")
    service = AnalysisService(Settings(), ModelProvider(FixedModel(no_weights)))
    monkeypatch.setattr("mammo_core.service.build_service", lambda settings: service)
    (tmp_path / "a.png").write_bytes(PNG)

    result = mammo("analyze", tmp_path / "a.png")

    assert result.exit_code == 1
    assert "weights cannot be fetched" in result.stderr


def test_a_model_may_be_named_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Settings] = []

    def build(settings: Settings) -> AnalysisService:
        asked.append(settings)
        return service_with(FakeModel())

    monkeypatch.setattr("mammo_core.service.build_service", build)
    (tmp_path / "a.png").write_bytes(PNG)

    mammo("analyze", tmp_path / "a.png", "--model", tmp_path / "my model.keras")

    assert asked[0].model_uri == (tmp_path / "my model.keras").as_uri()


def test_a_phantom_comes_as_png_dicom_and_truth(tmp_path: Path) -> None:
    result = mammo(
        "phantom", "--out", tmp_path, "--seed", 7, "--view", "MLO", "--laterality", "R", "--rows", 512
    )

    assert result.exit_code == 0, result.output
    png, dicom, truth = (next(tmp_path.glob(f"*.{suffix}")) for suffix in ("png", "dcm", "json"))
    with Image.open(png) as image:
        assert image.size == (832, 512)
    dataset = pydicom.dcmread(dicom)
    assert (dataset.ImageLaterality, dataset.ViewPosition, dataset.Rows) == ("R", "MLO", 512)
    assert json.loads(truth.read_text())["lesion"]["radius_mm"] > 0


def test_several_at_a_time_are_the_same_in_the_same_order(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / f"{number}.png").write_bytes(b"no image" if number == 3 else PNG)

    one, three = (
        mammo("analyze", tmp_path, "--json", "--images", "", "--jobs", jobs).stdout for jobs in (1, 3)
    )

    told = [[json.loads(line) for line in lines.splitlines()] for lines in (one, three)]
    for answers in told:
        assert ["error" in answer for answer in answers] == [False, False, False, True, False]
        for answer in answers:
            answer.pop("timings_ms", None)
            answer.pop("cold_start", None)
    assert told[0] == told[1]
