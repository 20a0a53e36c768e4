"""Every HTTP event of ``events/`` goes through the deployed function, and gets the answer of one table."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from handler import handler
from mammo_core import schemas as wire

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
OPENAPI, PAGE = "OpenAPI", "HTML"
Body = type[BaseModel] | str

HEALTH, READY, MODEL = (200, wire.Health), (200, wire.Ready), (200, wire.ModelCard)
DOCS, DESCRIPTION, ANALYSED = (200, PAGE), (200, OPENAPI), (200, wire.Answer)
REPORTED = (200, wire.ReportOut)
# No setting names a bucket here: tests/functional/test_uploads.py has the answers of a service with buckets.
ANSWERS: dict[str, tuple[int, Body | str]] = {
    "apigw_rest_v1_multipart.json": ANALYSED,
    "apigw_rest_v1_raw_png.json": ANALYSED,
    "apigw_rest_v1_json_base64.json": ANALYSED,
    "apigw_rest_v1_json_object.json": (400, "invalid_request"),
    "apigw_rest_v1_report.json": REPORTED,
    "apigw_rest_v1_upload.json": (404, "not_found"),
    "apigw_rest_v1_analysis.json": (404, "not_found"),
    "apigw_rest_v1_health.json": HEALTH,
    "apigw_rest_v1_ready.json": READY,
    "apigw_rest_v1_model.json": MODEL,
    "apigw_rest_v1_docs.json": DOCS,
    "apigw_rest_v1_openapi.json": DESCRIPTION,
    "apigw_rest_v1_text_as_png.json": (415, "unsupported_media"),
    "apigw_rest_v1_empty_body.json": (422, "unreadable_image"),
    "apigw_rest_v1_unknown_method.json": (400, "invalid_request"),
    "apigw_rest_v1_unknown_route.json": (404, "not_found"),
    "apigw_http_v2_multipart.json": ANALYSED,
    "apigw_http_v2_raw_png.json": ANALYSED,
    "apigw_http_v2_json_base64.json": ANALYSED,
    "apigw_http_v2_json_object.json": (400, "invalid_request"),
    "apigw_http_v2_report.json": REPORTED,
    "apigw_http_v2_upload.json": (404, "not_found"),
    "apigw_http_v2_analysis.json": (404, "not_found"),
    "apigw_http_v2_health.json": HEALTH,
    "apigw_http_v2_ready.json": READY,
    "apigw_http_v2_model.json": MODEL,
    "apigw_http_v2_docs.json": DOCS,
    "apigw_http_v2_openapi.json": DESCRIPTION,
    "apigw_http_v2_text_as_png.json": (415, "unsupported_media"),
    "apigw_http_v2_empty_body.json": (422, "unreadable_image"),
    "apigw_http_v2_unknown_method.json": (400, "invalid_request"),
    "apigw_http_v2_unknown_route.json": (404, "not_found"),
    "function_url_health.json": HEALTH,
    "function_url_raw_png.json": ANALYSED,
}


@cache
def answer_to(name: str) -> dict[str, Any]:
    """Send the event of a file through the function, once."""
    return handler(json.loads((EVENTS / name).read_text()), None)


def http_events() -> list[Path]:
    """The files of this table; all others are those of ``tests/functional/test_object_events.py``."""
    return [path for path in EVENTS.glob("*.json") if path.name.startswith(("apigw_", "function_url_"))]


def test_the_table_names_every_event_file_and_no_other() -> None:
    assert sorted(ANSWERS) == sorted(path.name for path in http_events())


@pytest.mark.parametrize("name", list(ANSWERS))
def test_an_event_gets_the_status_and_the_body_of_the_table(name: str) -> None:
    status, expected = ANSWERS[name]
    answer = answer_to(name)
    body = answer["body"]
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (status, False)
    if status != 200:
        assert answer["headers"]["content-type"] == "application/problem+json"
        problem = wire.Problem.model_validate_json(body)
        assert (problem.status, problem.code) == (status, expected)
    elif expected == PAGE:
        assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
        assert body.lstrip().startswith("<!DOCTYPE html>")
    elif expected == OPENAPI:
        assert json.loads(body)["info"]["title"] == "mammo-core"
    else:
        assert isinstance(expected, type)
        assert answer["headers"]["content-type"] == "application/json"
        expected.model_validate_json(body)


def test_one_mammogram_gets_one_answer_whatever_event_brings_it() -> None:
    bringing = [name for name, row in ANSWERS.items() if row == ANALYSED]
    answers = [json.loads(answer_to(name)["body"]) for name in bringing]
    for answer in answers:
        del answer["timings_ms"], answer["cold_start"]
    assert len(answers) == 7
    assert all(answers[0]["images"].values())
    assert answers == [answers[0]] * 7


@pytest.mark.parametrize("source", ["apigw_rest_v1", "apigw_http_v2"])
def test_the_embedded_model_is_ready_with_all_five_pictures(source: str) -> None:
    ready = wire.Ready.model_validate_json(answer_to(f"{source}_ready.json")["body"])
    assert (ready.status, ready.explanation) == ("ready", "ok")


def test_a_browser_asks_in_every_event() -> None:
    for path in http_events():
        headers = {k.lower(): v for k, v in json.loads(path.read_text())["headers"].items()}
        assert headers["accept"].startswith("text/html,application/xhtml+xml"), path.name


def test_the_files_are_what_the_script_makes_of_the_sample(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "scripts" / "make_events.py"), "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in EVENTS.glob("*.json")}
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith(f"{len(made)} events, ")


def test_the_readme_of_the_events_invokes_each_of_them() -> None:
    text = (EVENTS / "README.md").read_text()
    names = [path.name for path in EVENTS.glob("*.json")]
    assert len(names) > len(ANSWERS)
    function = {path.name: "Function" for path in http_events()}
    commands = [f"sam local invoke {function.get(name, 'Worker')} --event events/{name}" for name in names]
    assert [command for command in commands if command not in text] == []
