"""The command that compares transfer syntaxes says so when files of one image do not agree."""

from pathlib import Path

import pytest

from benchmarks.dicom_samples import BEGIN, END, main
from tests.builders_dicom import SYNTAXES, make_dicom_in, pattern
from tests.builders_images import make_dicom

SOME = SYNTAXES[:5]


def write(folder: Path) -> None:
    for syntax in SOME:
        (folder / f"{syntax.uid}.dcm").write_bytes(make_dicom_in(syntax, pattern(12)))


def test_files_of_one_image_with_equal_pixels_are_a_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    assert main([str(tmp_path), "--write", str(page)]) == 0

    said = capsys.readouterr().out
    assert all(f"| MONOCHROME2 | {syntax.name} | 64 × 80 |" in said for syntax in SOME)
    assert said.endswith("5 files of 1 images: every image has the same pixels in all of its files.\n")
    assert page.read_text() == f"before\n{BEGIN}\n\n{said}\n{END}\nafter\n"


def test_one_pixel_that_differs_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    other = pattern(12)
    other.values[3, 3] += 1
    (tmp_path / "other.dcm").write_bytes(make_dicom_in(SYNTAXES[1], other))

    assert main([str(tmp_path)]) == 1

    assert "MONOCHROME2: 2 different results." in capsys.readouterr().out


def test_another_photometric_interpretation_is_another_image(tmp_path: Path) -> None:
    write(tmp_path)
    tags = {"PhotometricInterpretation": "MONOCHROME1"}
    (tmp_path / "inverted.dcm").write_bytes(make_dicom_in(SYNTAXES[1], pattern(12), tags=tags))

    assert main([str(tmp_path)]) == 0


def test_a_file_that_is_refused_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path)
    (tmp_path / "ct.dcm").write_bytes(make_dicom(tags={"Modality": "CT", "SOPInstanceUID": "1.9"}))

    assert main([str(tmp_path)]) == 1

    assert "ct.dcm: refused, unsuitable_image." in capsys.readouterr().out


def test_an_empty_folder_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main([str(tmp_path)])

    assert caught.value.code == 2
