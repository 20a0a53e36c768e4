"""A canary: a rare word in every patient tag and in the file name comes out nowhere."""

import io
import logging
from base64 import b64decode
from pathlib import Path

import pydicom
import pytest
from pydicom.datadict import keyword_dict
from typer.testing import CliRunner

from mammo_core import cli
from mammo_core.phantom.files import to_dicom
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import FakeModel
from tests.doors import call, client_of, service_with, v1_event

CANARY = "QUETZALCOATL"
TEXT_VRS = frozenset({"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT"})


def dicom_with_canary() -> bytes:
    """Put the word into every text attribute of the patient, visit, study, series and equipment groups."""
    dataset = pydicom.dcmread(io.BytesIO(to_dicom(make_phantom(seed=3, shape=(320, 256)))))
    for keyword, tag in keyword_dict.items():
        vr = pydicom.datadict.dictionary_VR(tag)
        if tag >> 16 in {0x0008, 0x0010, 0x0018, 0x0020, 0x0032, 0x0038, 0x0040} and vr in TEXT_VRS:
            setattr(dataset, keyword, CANARY)
    dataset.StudyDate = "19420117"
    dataset.PatientID = dataset.AccessionNumber = CANARY
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset)
    assert buffer.getvalue().count(CANARY.encode()) > 100, "the canary is in the file"
    return buffer.getvalue()


def test_a_rare_word_in_tags_and_file_name_comes_out_nowhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    data = dicom_with_canary()
    service = service_with(FakeModel())
    monkeypatch.setattr("mammo_core.service.build_service", lambda _settings: service)
    file = tmp_path / f"{CANARY}.dcm"
    truncated = tmp_path / f"{CANARY}-truncated.dcm"
    file.write_bytes(data)
    truncated.write_bytes(data[:-5000])

    client = client_of(service)
    good = client.post("/analyze", files={"file": (file.name, data, "application/dicom")})
    bad = client.post(
        "/analyze", files={"file": (truncated.name, truncated.read_bytes(), "application/dicom")}
    )
    event = call(service, v1_event("POST", "/analyze", body=data))
    CliRunner().invoke(cli.app, ["analyze", str(truncated), "--out", str(tmp_path / "out")])

    assert (good.status_code, bad.status_code, event["statusCode"]) == (200, 422, 200)
    pictures = [b64decode(picture) for picture in good.json()["images"].values()]
    assert len(pictures) == 5
    captured = capfd.readouterr()
    for text in (good.text, bad.text, event["body"], captured.out, captured.err, caplog.text):
        assert CANARY not in text
    for picture in pictures:
        assert CANARY.encode() not in picture


def test_the_command_line_writes_the_name_only_where_its_user_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The table and the result files carry the file's name, which the user gave; the answers do not."""
    service = service_with(FakeModel())
    monkeypatch.setattr("mammo_core.service.build_service", lambda _settings: service)
    file = tmp_path / f"{CANARY}.dcm"
    file.write_bytes(dicom_with_canary())

    CliRunner().invoke(cli.app, ["analyze", str(file), "--out", str(tmp_path / "out")])

    written = sorted(path for path in (tmp_path / "out").iterdir())
    assert len(written) == 6
    for path in written:
        assert CANARY.encode() not in path.read_bytes()
    assert CANARY not in capfd.readouterr().err
