"""Broken files of every kind end in typed errors, and the service lives on as it was before."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mammo_core.errors import UnsuitableImageError
from mammo_core.imaging.codec_process import BASE_BYTES
from mammo_core.imaging.decode import decode
from tests.builders_dicom import SYNTAXES
from tests.fuzz.harness import make_case
from tests.fuzz.seeds import seeds

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 2
SLOWEST_S = 10.0
GROWTH_MB = 48.0
"""Fragments of the heap; a leak of one decoded image for each ten cases would be above it."""
CHILD_MB = BASE_BYTES / 2**20 + 32
"""All files are small, so nearly all of the limit is what every process may have."""
TYPED = {
    "decoded",
    "PayloadTooLargeError",
    "UnreadableImageError",
    "UnsuitableImageError",
    "UnsupportedMediaError",
}

pytestmark = pytest.mark.fuzz


def test_every_file_is_read_before_it_is_broken() -> None:
    files = seeds()
    assert {syntax.name for syntax in SYNTAXES} <= set(files)
    for name, data in files.items():
        if name == "TIFF, two pages":
            with pytest.raises(UnsuitableImageError):
                decode(data)
        else:
            assert decode(data).shape == (64, 80)


def test_a_case_is_the_same_each_time_and_breaks_its_file() -> None:
    files = seeds()
    cases = [make_case(number, files) for number in range(200)]

    assert [make_case(number, files) for number in range(200)] == cases
    assert sum(data != files[name] for name, data in cases) > 190
    assert len({data for _, data in cases}) > 190


def test_mutated_files_end_in_typed_errors_and_the_service_survives_them(fuzz_cases: int) -> None:
    assert fuzz_cases >= 2 * PROCESSES
    shared = ["--step", str(PROCESSES), "--cases", str(fuzz_cases // PROCESSES)]
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.harness", "--first", str(first), *shared],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for first in range(PROCESSES)
    ]
    ended = [(*process.communicate(), process.returncode) for process in running]

    for output, errors, status in ended:
        assert status == 0, errors.decode(errors="replace")[-2000:]
        report = json.loads(output)
        assert report["failures"] == []
        assert sum(report["outcomes"].values()) == fuzz_cases // PROCESSES
        assert set(report["outcomes"]) <= TYPED
        assert report["outcomes"]["decoded"] > 0
        assert report["outcomes"]["UnreadableImageError"] > 0
        assert report["slowest_s"] < SLOWEST_S
        assert report["service_growth_mb"] < GROWTH_MB
        assert report["child_peak_mb"] < CHILD_MB
        assert report["children_left"] is False
