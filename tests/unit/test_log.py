"""A request is one line of JSON on standard error, made of allowed fields and nothing else."""

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import pytest

from mammo_core import log
from mammo_core.log import RequestLine, write


@pytest.fixture(autouse=True)
def _fresh_logger() -> Iterator[None]:
    log._logger.cache_clear()
    yield
    log._logger.cache_clear()


def line(**known: Any) -> RequestLine:  # noqa: ANN401 - any field
    return RequestLine(request_id="r-1", method="POST", route="/analyze", **known)


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(text) for text in captured.err.splitlines()]


def test_all_that_is_known_is_in_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    write(
        line(
            status=200,
            duration_ms=12.5,
            cold_start=False,
            images_made=5,
            regions_found=0,
            map_status="ok",
            timings_ms={"decode": 1.5},
            problems=["the font [render.lettering:3]"],
        )
    )

    (entry,) = written(capsys)

    assert datetime.fromisoformat(entry.pop("timestamp")).utcoffset() == timedelta(0)
    assert entry == {
        "level": "WARNING",
        "message": "request",
        "service": "mammo-core",
        "request_id": "r-1",
        "method": "POST",
        "route": "/analyze",
        "status": 200,
        "duration_ms": 12.5,
        "cold_start": False,
        "images_made": 5,
        "regions_found": 0,
        "map_status": "ok",
        "timings_ms": {"decode": 1.5},
        "problems": ["the font [render.lettering:3]"],
    }


def test_what_is_not_known_is_left_out_and_zero_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    write(line(status=404, code="not_found"))

    (entry,) = written(capsys)

    assert set(entry) == {
        "timestamp",
        "level",
        "message",
        "service",
        "request_id",
        "method",
        "route",
        "status",
        "duration_ms",
        "code",
    }
    assert entry["duration_ms"] == 0.0


def test_no_other_field_can_be_logged() -> None:
    with pytest.raises(AttributeError):
        line().file_name = "DOE^JANE.dcm"  # type: ignore[attr-defined]  # the point of the test
    with pytest.raises(TypeError):
        line(pixels=[1, 2, 3])


def test_the_allowed_fields_are_these() -> None:
    assert [field.name for field in fields(RequestLine)] == [
        "request_id",
        "method",
        "route",
        "status",
        "duration_ms",
        "code",
        "cold_start",
        "images_made",
        "regions_found",
        "map_status",
        "timings_ms",
        "problems",
        "outcome",
        "receives",
        "upload_request_id",
        "analysis_id",
    ]


@pytest.mark.parametrize(
    ("status", "problems", "level"),
    [
        (200, [], "info"),
        (200, ["the map"], "warning"),
        (400, [], "warning"),
        (422, ["x"], "warning"),
        (499, [], "warning"),
        (500, [], "error"),
        (503, ["x"], "error"),
    ],
)
def test_the_level_tells_whose_fault_it_is(
    status: int, problems: list[str], level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write(line(status=status, problems=problems))

    assert [entry["level"] for entry in written(capsys)] == [level.upper()]


def test_what_is_tried_again_is_no_error_yet(capsys: pytest.CaptureFixture[str]) -> None:
    write(line(status=503, outcome="retried"))
    write(line(status=503, outcome="failed"))

    assert [entry["level"] for entry in written(capsys)] == ["WARNING", "ERROR"]


def test_lines_below_the_level_are_not_written(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.set_level("ERROR")
    try:
        write(line(status=200))
        write(line(status=500))
    finally:
        log.set_level("INFO")

    assert [entry["status"] for entry in written(capsys)] == [500]


def test_a_replaced_standard_error_gets_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    import io
    import sys

    write(line(status=200))
    replacement = io.StringIO()
    before, sys.stderr = sys.stderr, replacement
    try:
        write(line(status=201))
    finally:
        sys.stderr = before

    assert json.loads(replacement.getvalue())["status"] == 201
    assert [entry["status"] for entry in written(capsys)] == [200]
