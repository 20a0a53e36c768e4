"""Local equals deployed: the command line, the web server and Lambda's runtime give the same answer."""

from pathlib import Path

from tests.emulator.runtime import sandbox
from tests.parity import EVENTS, by_http, by_the_command_line, event_of, of_event, web_server


def test_three_files_get_the_same_answers_and_image_bytes_wherever_they_are_analysed(tmp_path: Path) -> None:
    expected = by_the_command_line(tmp_path / "files")
    with web_server() as address:
        served = by_http(address)
    with sandbox(tmp_path) as function:
        invoked = {
            kind: {name: of_event(function.invoke(event_of(name, kind))) for name in expected}
            for kind in EVENTS
        }

    formats = [answer["input"]["format"] for answer in expected.values()]
    assert formats == ["PNG", "JPEG", "DICOM"]
    assert all(all(answer["images"].values()) for answer in expected.values()), "five pictures to compare"
    assert len({answer["images"]["overlay"] for answer in expected.values()}) == 3, "three different files"
    assert served == expected
    assert invoked == {"v1": expected, "v2": expected}
