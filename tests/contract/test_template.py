"""What no linter says about ``template.yaml``: limits, rights, doors, and that it fits the code."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from mammo_core import schemas as wire
from mammo_core.api import create_app
from mammo_core.models.store import manifest_uri
from mammo_core.service import build_service
from mammo_core.settings import Settings, load_settings

ROOT = Path(__file__).resolve().parents[2]
OPEN_ROUTES = {"/health", "/docs", "/openapi.json"}
SIGNED_ROUTES = {"/ready", "/model", "/analyze"}
POSTED = {"/analyze"}
"""Of today's routes; all others are GET."""


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms: ``!Sub x`` becomes ``{"Fn::Sub": "x"}``."""


def _short_form(loader: yaml.SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in {"Ref", "Condition"} else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    raise TypeError(tag)


_Loader.add_multi_constructor("!", _short_form)
TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), _Loader)  # a SafeLoader
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
DEFAULTS = {name: parameter["Default"] for name, parameter in PARAMETERS.items()}
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
API: dict[str, Any] = RESOURCES["Api"]["Properties"]
FUNCTION: dict[str, Any] = RESOURCES["Function"]["Properties"]
VARIABLES: dict[str, Any] = FUNCTION["Environment"]["Variables"]


def resolved(value: Any, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Evaluate the functions that the template uses, as CloudFormation does."""
    if not isinstance(value, dict):
        return value
    ((name, argument),) = value.items()
    if name == "Ref":
        return parameters[argument]
    if name == "Fn::Split":
        return resolved(argument[1], parameters).split(argument[0])
    if name == "Fn::Select":
        return resolved(argument[1], parameters)[argument[0]]
    text, local = argument if isinstance(argument, list) else (argument, {})
    values = {**parameters, **{key: resolved(inner, parameters) for key, inner in local.items()}}
    return re.sub(r"\$\{([^}]+)\}", lambda match: str(values[match[1]]), text)


def statements() -> list[dict[str, Any]]:
    """The statements that the function's role gets if a model is named."""
    ((condition, policy, otherwise),) = [item["Fn::If"] for item in FUNCTION["Policies"]]
    assert (condition, otherwise) == ("ModelInBucket", {"Ref": "AWS::NoValue"})
    found: list[dict[str, Any]] = policy["Statement"]
    return found


def granted(uri: str) -> dict[str, Any]:
    """Actions and the resources on which they are allowed, for one model."""
    parameters = {"AWS::Partition": "aws", "ModelUri": uri}
    rights = {}
    for statement in statements():
        named = statement["Resource"]
        many = named if isinstance(named, list) else [named]
        rights[statement["Action"]] = [resolved(one, parameters) for one in many]
    return rights


def accepts(parameter: str, value: str) -> bool:
    """Whether CloudFormation would take the value."""
    return re.fullmatch(PARAMETERS[parameter]["AllowedPattern"], value) is not None


def test_the_template_holds_these_resources_and_no_others() -> None:
    assert {name: resource["Type"] for name, resource in RESOURCES.items()} == {
        "Api": "AWS::Serverless::Api",
        "Function": "AWS::Serverless::Function",
        "LogGroup": "AWS::Logs::LogGroup",
    }


def test_the_function_is_an_image_without_what_images_cannot_have() -> None:
    assert (FUNCTION["PackageType"], FUNCTION["Architectures"]) == ("Image", ["x86_64"])
    assert not {"Layers", "SnapStart", "Handler", "Runtime"} & set(FUNCTION)
    assert RESOURCES["Function"]["Metadata"]["Dockerfile"] == "Dockerfile"
    assert (ROOT / "Dockerfile").is_file()


def test_the_function_ends_before_the_gateway_stops_waiting() -> None:
    assert FUNCTION["Timeout"] == {"Ref": "TimeoutSeconds"}
    assert DEFAULTS["TimeoutSeconds"] <= PARAMETERS["TimeoutSeconds"]["MaxValue"] <= 29


def test_every_parameter_says_what_it_is_and_has_a_default_that_it_accepts() -> None:
    for name, parameter in PARAMETERS.items():
        assert parameter["Description"].strip(), name
        if "AllowedPattern" in parameter:
            assert accepts(name, parameter["Default"]), name


def test_every_setting_is_a_variable_and_every_variable_a_setting() -> None:
    fields = {name.upper() for name in Settings.model_fields}
    assert set(VARIABLES) == fields | {"AWS_ENDPOINT_URL_S3"}


def test_a_stack_with_default_parameters_runs_with_the_default_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = load_settings()
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, str(resolved(value, DEFAULTS)))
    assert load_settings() == plain.model_copy(update={"cors_origin": DEFAULTS["CorsOrigin"]})


def test_an_empty_endpoint_variable_means_amazons_own_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    import boto3

    def endpoint(value: str) -> str:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", value)
        session = boto3.Session("key", "secret", region_name="eu-central-1")  # or it would look for some
        return str(session.client("s3").meta.endpoint_url)

    assert resolved(VARIABLES["AWS_ENDPOINT_URL_S3"], DEFAULTS) == ""
    assert endpoint("http://127.0.0.1:5000") == "http://127.0.0.1:5000"
    assert endpoint("") == "https://s3.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    "uri", ["s3://models/a.keras", "s3://my.models/2025/density_2.h5", "s3://models/b.2.keras"]
)
def test_the_function_may_read_the_model_and_its_manifest_and_list_their_bucket(uri: str) -> None:
    assert accepts("ModelUri", uri)
    objects = [f"arn:aws:s3:::{one.removeprefix('s3://')}" for one in (uri, manifest_uri(uri))]
    bucket = f"arn:aws:s3:::{uri.split('/')[2]}"
    assert granted(uri) == {"s3:GetObject": objects, "s3:ListBucket": [bucket]}


def test_no_right_is_given_without_a_model_or_with_a_wildcard() -> None:
    assert TEMPLATE["Conditions"] == {
        "ModelInBucket": {"Fn::Not": [{"Fn::Equals": [{"Ref": "ModelUri"}, ""]}]}
    }
    assert len(statements()) == 2
    assert "*" not in json.dumps(statements())
    for uri in ("s3://models/*.keras", "s3://models/?.h5", "s3://models/${x}.keras", "s3://*/a.keras"):
        assert not accepts("ModelUri", uri), uri


def test_every_method_is_signed_but_the_open_ones() -> None:
    assert API["Auth"] == {
        "DefaultAuthorizer": "AWS_IAM",
        "InvokeRole": "NONE",
        "AddDefaultAuthorizerToCorsPreflight": False,
    }
    events = [event["Properties"] for event in FUNCTION["Events"].values()]
    assert {event["Type"] for event in FUNCTION["Events"].values()} == {"Api"}
    assert all(event["RestApiId"] == {"Ref": "Api"} for event in events)
    opened = {event["Path"] for event in events if event.get("Auth") == {"Authorizer": "NONE"}}
    signed = {event["Path"] for event in events if "Auth" not in event}
    assert (opened, signed) == (OPEN_ROUTES, SIGNED_ROUTES)
    assert {event["Path"] for event in events if event["Method"] == "POST"} == POSTED


def test_every_route_of_the_template_is_one_of_the_application() -> None:
    app = create_app(build_service())
    routes = {(path, method.upper()) for path, item in app.openapi()["paths"].items() for method in item}
    pages = {("/docs", "GET"), (app.openapi_url, "GET")}
    declared = {
        (event["Properties"]["Path"], event["Properties"]["Method"]) for event in FUNCTION["Events"].values()
    }
    assert declared == routes | pages


def test_the_gateway_passes_exactly_the_binary_types_that_the_application_reads() -> None:
    described = create_app(build_service()).openapi()["paths"]["/analyze"]["post"]["requestBody"]["content"]
    types = [name.replace("~1", "/") for name in API["BinaryMediaTypes"]]
    assert sorted(types) == sorted(set(described) - {"application/json"})
    assert API["EndpointConfiguration"] == {"Type": "REGIONAL"}


def test_one_exact_origin_may_call_and_by_default_none() -> None:
    assert API["Cors"]["AllowOrigin"] == {"Fn::Sub": "'${CorsOrigin}'"}
    assert DEFAULTS["CorsOrigin"].endswith(".invalid")
    assert accepts("CorsOrigin", "http://localhost:8000")
    for origin in ("*", "https://*.example.org", "https://example.org/", "null", ""):
        assert not accepts("CorsOrigin", origin), origin


@pytest.mark.parametrize("name", API["GatewayResponses"])
def test_an_error_of_the_gateway_looks_like_one_of_ours(name: str) -> None:
    response = API["GatewayResponses"][name]
    assert response["ResponseParameters"]["Headers"] == {
        "Access-Control-Allow-Origin": {"Fn::Sub": "'${CorsOrigin}'"},
        "Content-Type": "'application/problem+json'",
    }
    body = json.loads(response["ResponseTemplates"]["application/json"])
    assert body["request_id"] == "$context.requestId"
    assert body["type"] == f"urn:mammo-core:problem:{body['code']}"
    if name.startswith("DEFAULT"):
        # It stands for many statuses: it may neither set one nor claim one.
        assert ("status" in body, "StatusCode" in response) == (False, False)
        body["status"] = int(name[8]) * 100
    else:
        assert body["status"] == int(response["StatusCode"])
    wire.Problem.model_validate(body)


def test_the_gateways_own_refusals_are_all_worded() -> None:
    assert set(API["GatewayResponses"]) == {
        "UNAUTHORIZED",
        "ACCESS_DENIED",
        "EXPIRED_TOKEN",
        "INVALID_SIGNATURE",
        "MISSING_AUTHENTICATION_TOKEN",
        "RESOURCE_NOT_FOUND",
        "REQUEST_TOO_LARGE",
        "THROTTLED",
        "INTEGRATION_FAILURE",
        "INTEGRATION_TIMEOUT",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
    }


def test_the_functions_log_is_kept_for_a_limited_time_and_calls_are_traced() -> None:
    assert FUNCTION["LoggingConfig"] == {"LogGroup": {"Ref": "LogGroup"}}
    assert RESOURCES["LogGroup"]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert 1 <= DEFAULTS["LogRetentionDays"] <= 365
    assert (FUNCTION["Tracing"], API["TracingEnabled"]) == ("Active", True)
