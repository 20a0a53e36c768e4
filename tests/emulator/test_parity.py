"""Local equals deployed: the command line, the web server and Lambda's runtime give the same answer."""

from pathlib import Path

from tests.doors import CHROME_ACCEPT
from tests.emulator.runtime import sandbox
from tests.parity import EVENTS, by_http, by_the_command_line, event_of, of_event, web_server

PLAIN = "*/*"
"""What curl accepts: a REST API would take an answer to it for binary, were that among its types."""


def test_three_files_get_the_same_answers_and_image_bytes_wherever_they_are_analysed(tmp_path: Path) -> None:
    expected = by_the_command_line(tmp_path / "files")
    ways = [*((kind, CHROME_ACCEPT) for kind in EVENTS), ("v1", PLAIN)]
    with web_server() as address:
        served = [by_http(address, accept) for accept in (CHROME_ACCEPT, PLAIN)]
    with sandbox(tmp_path) as function:
        invoked = [
            {name: of_event(function.invoke(event_of(name, *way))) for name in expected} for way in ways
        ]

    formats = [answer["input"]["format"] for answer in expected.values()]
    assert formats == ["PNG", "JPEG", "DICOM"]
    assert all(all(answer["images"].values()) for answer in expected.values()), "five pictures to compare"
    assert len({answer["images"]["overlay"] for answer in expected.values()}) == 3, "three different files"
    assert served == [expected] * 2
    assert invoked == [expected] * 3
