"""The API does what its description says, and the description says what it does."""

import base64
import hashlib
import json
import re
import runpy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings, strategies
from pydantic import BaseModel
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import negative_data_rejection
from schemathesis.specs.openapi.schemas import OpenApiSchema

from mammo_core import openapi
from mammo_core import schemas as wire
from mammo_core.api import create_app
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.schemas import events as wire_events
from mammo_core.schemas.requests import AnalyzeJson
from mammo_core.service import build_service
from mammo_core.testing import FakeModel
from tests.cloud import RESULTS, UPLOADS, Cloud
from tests.doors import client_of, service_with

ROOT = Path(__file__).resolve().parents[2]
Case = schemathesis.Case[Any]
LIMIT = 4_500_000
FEW, MANY = 6, 150
EXPECTED = {
    # A file that fits the schema may still be no mammogram, and an object may be in no bucket that is read.
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "413", "415", "422"]}},
}

PNG = to_png(make_phantom(seed=3, shape=(192, 156)))
# Of bytes that are no image, there are enough under the other types.
schemathesis.openapi.media_type("image/png", strategies.just(PNG))
# To schemathesis, these are bytes like any others.
schemathesis.serializer.alias(["application/dicom", "image/bmp", "image/tiff"], "application/octet-stream")


def application(**settings: Any) -> FastAPI:  # noqa: ANN401 - any setting
    return create_app(service_with(FakeModel(), **settings), max_body_bytes=LIMIT)


def described(app: FastAPI) -> OpenApiSchema:
    """The description, as schemathesis reads it from the application."""
    config = SchemathesisConfig.from_dict(EXPECTED)
    return schemathesis.openapi.from_asgi("/openapi.json", app, config=config)


def thorough(examples: int) -> settings:
    return settings(max_examples=examples, suppress_health_check=list(HealthCheck))


schema = described(application())
uploads = described(application(upload_bucket=UPLOADS, result_bucket=RESULTS)).include(
    path_regex="/(uploads|analyses)"
)


@schema.parametrize()
@thorough(FEW)
def test_every_route_answers_as_described(case: Case) -> None:
    case.call_and_validate()


@uploads.parametrize()
@thorough(FEW)
def test_uploads_answer_as_described_where_they_are_offered(case: Case, cloud: Cloud) -> None:
    assert cloud.endpoint
    case.call_and_validate()


VALID = schema["/analyze"]["POST"].as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)


def test_every_option_gives_an_answer_as_described() -> None:
    """Most requests above are wrong in some way; these are not."""

    @thorough(FEW)
    @given(case=VALID)
    def ask(case: Case) -> None:
        case.body, case.media_type = PNG, "image/png"
        # Its body was put in afterwards, so it is taken for a request that does not fit.
        answer = case.call_and_validate(excluded_checks=[negative_data_rejection])
        assert answer.status_code == 200, answer.text
        asked.append(case.query)

    asked: list[Any] = []
    ask()
    assert len({json.dumps(query) for query in asked}) > FEW / 2


@pytest.mark.full
@schema.parametrize()
@thorough(MANY)
def test_every_route_answers_as_described_many_times(case: Case) -> None:
    case.call_and_validate()


DESCRIPTION = create_app(build_service()).openapi()


def test_errors_are_described_as_problems_and_nothing_else() -> None:
    errors = [
        (path, status, response["content"])
        for path, methods in DESCRIPTION["paths"].items()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if int(status) >= 400
    ]
    assert len(errors) > 15
    assert {json.dumps(content) for _, _, content in errors} == {
        json.dumps({"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}})
    }
    text = json.dumps(DESCRIPTION)
    assert "ValidationError" not in text
    assert {path for path, status, _ in errors if status == "422"} == {"/analyze", "/report"}


MODELS: dict[str, type[BaseModel]] = {
    "Answer": wire.Answer,
    "Health": wire.Health,
    "Problem": wire.Problem,
    "ReportOut": wire.ReportOut,
    "UploadOut": wire_events.UploadOut,
    "AnalysisState": wire_events.AnalysisState,
}


EXAMPLES: dict[str, Any] = {
    name: example
    for name, model in DESCRIPTION["components"]["schemas"].items()
    for example in model.get("examples", [])
}


@pytest.mark.parametrize("name", MODELS)
def test_every_example_is_valid(name: str) -> None:
    whole = {**DESCRIPTION["components"]["schemas"][name], "components": DESCRIPTION["components"]}

    MODELS[name].model_validate_json(json.dumps(EXAMPLES[name]))
    jsonschema_rs.Draft202012Validator(whole).validate(EXAMPLES[name])


def test_every_answer_but_a_models_has_an_example() -> None:
    answers = {
        response["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for methods in DESCRIPTION["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if status == "200"
    }
    assert answers - set(EXAMPLES) == {"ModelCard", "Ready"}
    assert set(EXAMPLES) == {*openapi.EXAMPLES, "Answer"} == set(MODELS)


@pytest.mark.parametrize("path", openapi.TAKES_AN_IMAGE)
def test_bodies_of_the_examples_fit_the_description(path: str) -> None:
    content = DESCRIPTION["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    for example in content["examples"].values():
        jsonschema_rs.Draft202012Validator(content["schema"]).validate(example["value"])
        AnalyzeJson.model_validate(example["value"])


def test_the_answer_of_the_description_is_what_the_service_answers() -> None:
    (shown,) = DESCRIPTION["components"]["schemas"]["Answer"]["examples"]

    made = runpy.run_path(str(ROOT / "scripts" / "make_answer.py"))["answer"]()
    assert rounded(shown) == rounded(made)


def rounded(value: Any, name: str = "") -> Any:  # noqa: ANN401 - JSON
    """A JSON value without what a run, another zlib or another processor makes different."""
    if name in {"timings_ms", "cold_start", "images", "bytes", "residual", "completeness"}:
        return None
    if isinstance(value, dict):
        return {key: rounded(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.2g}") if isinstance(value, float) else value


def test_the_page_of_the_description_has_all_of_it_and_needs_nothing_from_elsewhere() -> None:
    client = client_of(service_with(FakeModel()))
    described, sent = client.get("/openapi.json").json(), client.get("/docs")
    page = sent.text

    anchors = re.findall(r'id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors)), "one place for each name"
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)
    assert set(described["components"]["schemas"]) <= set(anchors)
    for path, methods in described["paths"].items():
        for method, route in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in page
            names = [each["name"] for each in route.get("parameters", ())]
            assert [name for name in names if f"<code>{name}</code>" not in page] == []
    assert not re.search(r"<script|https?://|//|@import|url\(", page.replace("://…", ""))
    assert "<code>false</code>" in page, "values are as they are sent"
    policy = dict(part.split(" ", 1) for part in sent.headers["content-security-policy"].split("; "))
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (policy["default-src"], policy["style-src"]) == ("'none'", f"'sha256-{digest}'")
