"""A canary: a rare word in every patient tag and in the file name comes out nowhere."""

import io
import logging
from base64 import b64decode
from pathlib import Path

import pydicom
import pytest
from PIL import Image
from pydicom.datadict import keyword_dict
from typer.testing import CliRunner

from mammo_core import cli
from mammo_core.phantom.files import to_dicom
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import FakeModel
from tests.doors import call, client_of, service_with, v1_event

CANARY, DATE, TIME, UID, NUMBER = "QUETZALCOATL", "19420117", "034711", "1.2.840.99999.424242", "424243"
VALUES = {
    **dict.fromkeys(("AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), CANARY),
    "AS": "094Y",
    "DA": DATE,
    "DT": f"{DATE}{TIME}",
    "TM": TIME,
}
"""A rare value for each value representation that can tell of a person."""
GROUPS = {0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0032, 0x0038, 0x0040}
UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
TRACES = (CANARY, DATE, TIME, UID, NUMBER, "094Y")


def dicom_with_canary() -> bytes:
    """Put rare values into every attribute of the groups that tell of patient, visit and equipment."""
    dataset = pydicom.dcmread(io.BytesIO(to_dicom(make_phantom(seed=3, shape=(320, 256)))))
    for keyword, tag in keyword_dict.items():
        vr = pydicom.datadict.dictionary_VR(tag)
        if tag >> 16 in GROUPS and vr in VALUES:
            setattr(dataset, keyword, VALUES[vr])
    for keyword in UIDS:
        setattr(dataset, keyword, UID)
    dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(UID)
    dataset.SeriesNumber = dataset.InstanceNumber = NUMBER
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, dataset)
    assert buffer.getvalue().count(CANARY.encode()) > 100, "the canary is in the file"
    assert all(trace.encode() in buffer.getvalue() for trace in TRACES)
    return buffer.getvalue()


def traces_in(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text]


def test_the_canary_would_be_seen() -> None:
    assert traces_in(f"patient {CANARY}, born {DATE}") == [CANARY, DATE]


def test_what_a_file_says_of_a_person_comes_out_nowhere(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    data = dicom_with_canary()
    service = service_with(FakeModel())
    monkeypatch.setattr("mammo_core.service.build_service", lambda _settings: service)
    whole, truncated = tmp_path / "whole.dcm", tmp_path / "truncated.dcm"
    whole.write_bytes(data)
    truncated.write_bytes(data[:-5000])

    client = client_of(service)
    named = f"{CANARY}.dcm"
    good = client.post("/analyze", files={"file": (named, data, "application/dicom")})
    bad = client.post("/analyze", files={"file": (named, truncated.read_bytes(), "application/dicom")})
    event = call(service, v1_event("POST", "/analyze", body=data))
    told = CliRunner().invoke(
        cli.app, ["analyze", str(whole), str(truncated), "--out", str(tmp_path / "out")]
    )

    assert (good.status_code, bad.status_code, event["statusCode"]) == (200, 422, 200)
    assert told.exit_code == 1
    assert "truncated: unreadable_image" in told.output
    captured = capfd.readouterr()
    assert "/analyze" in captured.err, "the log was captured"
    written = [path for path in (tmp_path / "out").iterdir() if path.suffix == ".json"]
    assert len(written) == 1
    texts = [good.text, bad.text, event["body"], captured.out, captured.err, caplog.text, told.output]
    for text in (*texts, *(path.read_text() for path in written)):
        assert traces_in(text) == []


def test_the_pictures_hold_pixels_and_no_text() -> None:
    client = client_of(service_with(FakeModel()))

    answer = client.post("/analyze", content=dicom_with_canary()).json()

    pictures = [b64decode(picture) for picture in answer["images"].values()]
    assert len(pictures) == 5
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as opened:
            opened.load()
            assert opened.info == {}, "no text, date or profile beside the pixels"


def test_the_command_line_writes_the_name_only_where_its_user_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table and the result files carry the file's name, which the user gave; the answers do not."""
    service = service_with(FakeModel())
    monkeypatch.setattr("mammo_core.service.build_service", lambda _settings: service)
    file = tmp_path / f"{CANARY}.dcm"
    file.write_bytes(dicom_with_canary())

    CliRunner().invoke(cli.app, ["analyze", str(file), "--out", str(tmp_path / "out")])

    written = sorted(path for path in (tmp_path / "out").iterdir())
    assert len(written) == 6
    assert all(path.name.startswith(CANARY) for path in written)
    for path in written:
        assert CANARY.encode() not in path.read_bytes()
