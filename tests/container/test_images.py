"""The three images run where the file system is read-only and the user unknown, and weigh what they may."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import UID, ExplicitVRLittleEndian

from tests.container.containers import (
    FULL,
    SLIM,
    SPACE,
    container,
    engine,
    function_container,
    invoke,
    wait_for,
)
from tests.doors import v1_event
from tests.emulator.runtime import ROOT
from tests.functional.test_compressed import LOSSLESS, OF_THE_FILE, phantom_in
from tests.parity import Answers, by_http, by_the_command_line, event_of, of_event

pytestmark = pytest.mark.e2e
LARGEST_SLIM_MB = 850


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    """What ``mammo analyze`` answers on this machine."""
    return by_the_command_line(tmp_path_factory.mktemp("parity") / "files")


@pytest.fixture(scope="module")
def slim() -> Iterator[str]:
    """The small image, locked up, for many events."""
    with function_container(SLIM) as address:
        yield address


@pytest.mark.parametrize("image", [FULL, SLIM])
def test_an_image_of_the_function_answers_as_an_unknown_user_of_a_read_only_system(
    image: str, expected: Answers
) -> None:
    with function_container(image) as address:
        answers = {name: of_event(invoke(address, event_of(name, "v1"))) for name in expected}

    assert answers == expected


@pytest.mark.parametrize("uid", LOSSLESS, ids=lambda uid: uid.name)
def test_compressed_pixels_are_decoded_in_a_child_process_there_as_well(uid: UID, slim: str) -> None:
    event = partial(v1_event, "POST", "/analyze", content_type="application/dicom")
    plain, compressed = (
        of_event(invoke(slim, event(body=phantom_in(each)))) for each in (ExplicitVRLittleEndian, uid)
    )

    for answer in (plain, compressed):
        for name in OF_THE_FILE:
            answer.pop(name, None)
    assert plain["images"]["overlay"]
    assert compressed == plain


def test_slim_weighs_no_more_than_it_may() -> None:
    (description,) = json.loads(engine("image", "inspect", SLIM))

    assert description["Size"] / 1e6 <= LARGEST_SLIM_MB


def test_slim_tells_that_it_cannot_load_keras_models(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(b"no matter")
    tmp_path.chmod(0o755)
    options = ("--volume", f"{tmp_path}:/models:ro", "--env", "MODEL_URI=file:///models/m.keras")
    with function_container(SLIM, *options) as address:
        answer = invoke(address, event_of("1.png", "v1"))

    assert answer["statusCode"] in {500, 503}
    assert json.loads(answer["body"])["code"] in {"misconfigured", "model_unavailable"}


def test_the_web_server_answers_as_the_command_line_does_and_passes_smoke(expected: Answers) -> None:
    locked = ("--read-only", "--tmpfs", "/tmp:rw,mode=1777", "--cap-drop", "ALL")
    with container(SPACE, *locked, port=7860) as address:
        wait_for(address)
        answers = by_http(address)
        smoke = subprocess.run(
            [sys.executable, ROOT / "scripts" / "smoke.py", address],
            capture_output=True,
            text=True,
            check=False,
        )

    assert answers == expected
    assert smoke.returncode == 0, smoke.stdout + smoke.stderr


def test_the_web_server_runs_as_user_1000() -> None:
    (description,) = json.loads(engine("image", "inspect", SPACE))
    config: dict[str, Any] = description["Config"]

    assert config["User"] == "1000:1000"
    assert "PORT=7860" in config["Env"]
    assert engine("run", "--rm", "--entrypoint", "id", SPACE, "-u") == "1000"
