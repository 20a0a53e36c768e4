"""One analysis through every door: HTTP, Lambda v1 and v2, command line; the same answer, byte for byte."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route
from typer.testing import CliRunner

from mammo_core import cli
from mammo_core.api import create_app
from mammo_core.errors import InvalidRequestError, ModelUnavailableError
from mammo_core.models.provider import ModelProvider
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel, FixedModel
from tests.doors import (
    CHROME_ACCEPT,
    call,
    client_of,
    comparable,
    log_lines,
    service_with,
    v1_event,
    v2_event,
)

PHANTOM = make_phantom(seed=3, shape=(320, 256))
PNG = to_png(PHANTOM)
BOUNDARY = "----test"
MULTIPART = (
    (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    ).encode()
    + PNG
    + f"\r\n--{BOUNDARY}--\r\n".encode()
)
ROUTES = sorted(
    {
        route.path
        for route in create_app(service_with(FakeModel())).routes
        if isinstance(route, Route) and "GET" in (route.methods or ())
    }
    | {"/nowhere"}
)


def through_the_command_line(data: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.setattr("mammo_core.service.build_service", lambda _settings: service_with(FakeModel()))
    (folder / "x.png").write_bytes(data)
    result = CliRunner().invoke(cli.app, ["analyze", str(folder / "x.png"), "--out", str(folder / "out")])
    assert result.exit_code == 0, result.output
    answer: dict[str, Any] = json.loads((folder / "out" / "x.json").read_text())
    for name, encoded in answer["images"].items():
        assert (folder / "out" / f"x.{name}.png").read_bytes() == b64decode(encoded)
    return answer


@pytest.mark.parametrize("data", [PNG, to_dicom(PHANTOM)], ids=["PNG", "DICOM"])
def test_every_door_gives_the_same_answer_and_the_same_image_bytes(
    data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_with(FakeModel())

    http = client_of(service).post("/analyze", content=data).json()
    v1 = json.loads(call(service, v1_event("POST", "/analyze", body=data))["body"])
    v2 = json.loads(call(service, v2_event("POST", "/analyze", body=data))["body"])
    command_line = through_the_command_line(data, tmp_path, monkeypatch)

    assert all(http["images"].values()), "five pictures to compare"
    assert http["findings"]["num_regions"] == 1, "a region to compare"
    assert comparable(v1) == comparable(http)
    assert comparable(v2) == comparable(http)
    assert comparable(command_line) == comparable(http)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (MULTIPART, f"multipart/form-data; boundary={BOUNDARY}"),
        (PNG, "image/png"),
        (PNG, "application/x-www-form-urlencoded"),
    ],
    ids=["multipart", "raw", "curl --data-binary"],
)
def test_an_image_may_come_as_multipart_or_raw(body: bytes, content_type: str) -> None:
    service = service_with(FakeModel())
    direct = client_of(service).post("/analyze", files={"file": ("y.png", PNG, "image/png")}).json()

    for event in (v1_event, v2_event):
        answer = call(service, event("POST", "/analyze", body=body, content_type=content_type))
        assert answer["statusCode"] == 200, answer["body"]
        assert comparable(json.loads(answer["body"])) == comparable(direct)


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_an_image_may_come_as_base64_in_json_and_the_event_need_not_be_base64(prefix: str) -> None:
    import base64

    service = service_with(FakeModel())
    direct = client_of(service).post("/analyze", content=PNG).json()
    event = v2_event("POST", "/analyze", content_type="application/json")
    event["body"] = json.dumps({"image": prefix + base64.b64encode(PNG).decode()})

    answer = call(service, event)

    assert answer["statusCode"] == 200, answer["body"]
    assert comparable(json.loads(answer["body"])) == comparable(direct)


def test_the_routes_are_all_that_the_application_has() -> None:
    assert {"/health", "/ready", "/model", "/docs", "/openapi.json", "/nowhere"} <= set(ROUTES)


def test_the_page_of_the_routes_finds_their_description_behind_any_path() -> None:
    page = client_of(service_with(FakeModel())).get("/docs").text

    assert 'href="openapi.json"' in page


@pytest.mark.parametrize("path", [*ROUTES, "/analyze"])
@pytest.mark.parametrize("event", [v1_event, v2_event], ids=["v1", "v2"])
def test_no_route_answers_in_base64_to_a_browser(path: str, event: Any) -> None:  # noqa: ANN401
    method, body = ("POST", PNG) if path == "/analyze" else ("GET", None)

    answer = call(service_with(FakeModel()), event(method, path.replace("{name}", "app.js"), body=body))

    sent = {name.lower(): value for name, value in event("GET", path)["headers"].items()}
    assert sent["accept"] == CHROME_ACCEPT
    assert answer["isBase64Encoded"] is False
    assert answer["statusCode"] == (404 if path in {"/nowhere", "/analyses/{id}"} else 200)
    assert answer["body"]


def test_a_query_reaches_the_analysis_through_both_kinds_of_event() -> None:
    service = service_with(FakeModel())
    query = {"max_side": "128", "images": "overlay", "colormap": "viridis", "laterality": "R"}

    for event in (v1_event, v2_event):
        answer = json.loads(call(service, event("POST", "/analyze", body=PNG, query=query))["body"])
        assert answer["image_status"]["overlay"]["height"] == 128
        assert answer["image_status"]["bbox"]["status"] == "not_requested"
        assert answer["explanation"]["colormap"] == "viridis"
        assert answer["view_analysis"]["laterality"]["value"] == "R"
        assert answer["view_analysis"]["laterality"]["source"] == "request"


def test_without_pictures_the_answer_is_small_and_whole() -> None:
    answer = client_of(service_with(FakeModel())).post("/analyze?images=", content=PNG)

    assert len(answer.content) < 20_000
    assert set(answer.json()["images"].values()) == {None}
    assert answer.json()["findings"]["num_regions"] == 1


def test_a_base_path_of_the_gateway_is_taken_off() -> None:
    service = service_with(FakeModel(), api_base_path="/prod")

    for event in (v1_event, v2_event):
        assert call(service, event("GET", "/prod/health"))["statusCode"] == 200


def test_a_request_is_logged_in_one_line_under_the_runtime_s_request_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    service = service_with(FakeModel())
    call(service, v2_event("POST", "/analyze", body=PNG))
    capsys.readouterr()

    answer = call(service, v2_event("POST", "/analyze", body=PNG))
    (line,) = log_lines(capsys)

    stages = {"decode", "anatomy", "load", "preprocess", "model", "explain", "quality", "render"}
    assert set(line.pop("timings_ms")) == stages
    assert line.pop("duration_ms") > 0
    assert line.pop("timestamp")
    assert line == {
        "level": "INFO",
        "message": "request",
        "service": "mammo-core",
        "request_id": "11111111-2222-3333-4444-555555555555",
        "method": "POST",
        "route": "/analyze",
        "status": 200,
        "cold_start": False,
        "images_made": 5,
        "regions_found": 1,
        "map_status": "ok",
    }
    assert answer["headers"]["x-request-id"] == "11111111-2222-3333-4444-555555555555"


def test_an_analysis_is_measured_whatever_becomes_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    client = client_of(service_with(FakeModel(), metrics_namespace="mammo"))

    answer = client.post("/analyze?images=", content=PNG).json()
    client.post("/analyze", content=b"no image")
    client.get("/health")

    readings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = [sorted(set(reading) - {"_aws", "service"}) for reading in readings]
    assert readings[0]["Score"] == [answer["confidence"]]
    assert (readings[0]["Succeeded"], readings[0]["ColdStart"]) == ([1.0], [1.0])
    assert {"DecodeTime", "ModelTime", "ExplainTime", "RenderTime"} <= set(names[0])
    assert names[1:] == [["Maps", "map_status"], ["Rejected"], ["Errors", "code", "outcome"]]
    assert (readings[3]["outcome"], readings[3]["code"]) == ("rejected", "unsupported_media")


def test_only_the_request_that_loads_the_model_is_cold_and_tells_how_long_it_took() -> None:
    client = client_of(service_with(FakeModel()))
    assert client.post("/analyze", content=b"no image").status_code == 415

    first, second = (client.post("/analyze?images=", content=PNG).json() for _ in range(2))

    assert (first["cold_start"], second["cold_start"]) == (True, False)
    assert first["timings_ms"]["load"] >= 0.0


def test_after_ready_no_analysis_is_cold() -> None:
    client = client_of(service_with(FakeModel()))
    client.get("/ready")

    assert client.post("/analyze?images=", content=PNG).json()["cold_start"] is False


def test_a_file_that_is_no_image_is_refused_without_a_model() -> None:
    source = FixedModel(ModelUnavailableError("The weights are gone."))
    client = client_of(AnalysisService(Settings(), ModelProvider(source)))

    assert client.post("/analyze", content=b"no image").status_code == 415
    assert source.loads == 0
    assert client.post("/analyze", content=PNG).status_code == 503
    assert source.loads == 1


@pytest.mark.parametrize(
    "event",
    [
        {"Records": []},
        {"Records": [{"eventSource": "aws:kinesis"}]},
        {"Records": {"eventSource": "aws:s3"}},
        {"requestContext": None},
        {"httpMethod": "GET", "requestContext": {}},
        {"requestContext": {"http": {"method": "GET"}}},
    ],
)
def test_an_event_that_is_not_http_is_refused_loudly(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="An API Gateway event"):
        call(service_with(FakeModel()), event)


def test_an_event_whose_base64_is_none_is_a_problem_not_a_crash(capsys: pytest.CaptureFixture[str]) -> None:
    event = v1_event("POST", "/analyze", body=PNG)
    event["body"] = "abc"

    answer = call(service_with(FakeModel()), event)

    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["code"] == "invalid_request"
    assert [line["level"] for line in log_lines(capsys)] == ["WARNING"]


def test_an_answer_over_lambda_s_limit_is_replaced_by_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    import handler

    monkeypatch.setattr(handler, "MAX_RESPONSE_BYTES", 60_000)

    answer = call(service_with(FakeModel()), v1_event("POST", "/analyze", body=PNG))

    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["detail"] == "The answer exceeds what Lambda can return."


def test_a_bug_is_a_500_that_names_only_the_request_id(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def bug(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError("patient DOE^JANE")

    monkeypatch.setattr("mammo_core.pipeline.prepare", bug)

    answer = client_of(service_with(FakeModel())).post("/analyze", content=PNG)
    (line,) = log_lines(capsys)

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.json()["request_id"] == answer.headers["x-request-id"] == line["request_id"]
    assert line["problems"][0].startswith(f"ZeroDivisionError [{__name__}:")
    assert "DOE" not in answer.text + str(line)


def test_only_the_named_origin_may_call_from_a_page() -> None:
    client = client_of(service_with(FakeModel(), cors_origin="https://viewer.example"))

    named = client.get("/health", headers={"origin": "https://viewer.example"})
    other = client.get("/health", headers={"origin": "https://other.example"})

    assert named.headers["access-control-allow-origin"] == "https://viewer.example"
    assert "access-control-allow-origin" not in other.headers


def test_the_service_tells_which_model_answers() -> None:
    model = FakeModel()

    card = client_of(service_with(model)).get("/model").json()

    assert card["classes"] == list(model.manifest.classes)
    assert card["threshold"]["threshold"] == model.manifest.threshold.threshold
    assert card["input"]["rows"] == model.manifest.input.rows
    assert card["sha256"] == model.identity.sha256
    assert card["backend"] == model.identity.backend


def test_ready_sends_the_sample_through_the_whole_way() -> None:
    answer = client_of(service_with(FakeModel())).get("/ready").json()

    assert answer["status"] == "ready"
    assert {status["status"] for status in answer["image_status"].values()} == {"ok"}
