"""What CloudFormation makes of ``template.yaml``: what SAM adds to it, and what it must not add."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.contract.cloudformation import RESOURCES
from tests.contract.test_template import API, OPEN_ROUTES

ROOT = Path(__file__).resolve().parents[2]
STAGE = {"ApiStage": "AWS::ApiGateway::Stage"}
AS_IS = {
    "AWS::Serverless::Api": "AWS::ApiGateway::RestApi",
    "AWS::Serverless::Function": "AWS::Lambda::Function",
}
"""What SAM's own types become."""


@cache
def transformed(*parameters: str) -> dict[str, Any]:
    """The resources, by the library that AWS itself runs; out of the SAM CLI's own environment."""
    program = [Path(sys.prefix) / "sam" / "bin" / "python", ROOT / "scripts" / "transform.py"]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run(
        [*program, *parameters], capture_output=True, text=True, check=True, env=environment
    )
    resources: dict[str, Any] = json.loads(done.stdout)["Resources"]
    return resources


def of_type(kind: str, *parameters: str) -> dict[str, Any]:
    """Properties of the resources of a type."""
    return {
        name: item["Properties"] for name, item in transformed(*parameters).items() if item["Type"] == kind
    }


def paths() -> dict[str, Any]:
    """The gateway's description of its routes."""
    body: dict[str, Any] = transformed()["Api"]["Properties"]["Body"]
    described: dict[str, Any] = body["paths"]
    return described


def test_sam_adds_a_stage_and_its_deployment_and_neither_a_role_nor_a_right() -> None:
    ours = {name: AS_IS.get(item["Type"], item["Type"]) for name, item in RESOURCES.items()}
    (deployment,) = of_type("AWS::ApiGateway::Deployment")
    made = {name: item["Type"] for name, item in transformed().items()}
    assert made == {**ours, **STAGE, deployment: "AWS::ApiGateway::Deployment"}


@pytest.mark.parametrize("change", ["Authorization=API_KEY", "CorsOrigin=https://viewer.example"])
def test_a_changed_parameter_of_the_routes_reaches_the_stage(change: str) -> None:
    """A stage shows its deployment's copy of the routes; SAM makes another for a parameter only if told."""
    names = []
    for parameters in ((), (change,)):
        (deployment,) = of_type("AWS::ApiGateway::Deployment", *parameters)
        (stage,) = of_type("AWS::ApiGateway::Stage", *parameters).values()
        assert stage["DeploymentId"] == {"Ref": deployment}
        names.append(deployment)
    assert names[0] != names[1]


@pytest.mark.parametrize("path", API["DefinitionBody"]["paths"])
def test_only_open_routes_and_preflight_requests_ask_for_no_proof(path: str) -> None:
    opened = {verb for verb, method in paths()[path].items() if "security" not in method}
    assert opened == ({"get", "options"} if path in OPEN_ROUTES else {"options"})
    assert len(paths()[path]) == 2


@pytest.mark.parametrize("path", API["DefinitionBody"]["paths"])
def test_a_preflight_request_is_answered_by_the_gateway_for_the_one_origin(path: str) -> None:
    integration = paths()[path]["options"]["x-amazon-apigateway-integration"]
    assert integration["type"] == "mock"
    headers = integration["responses"]["default"]["responseParameters"]
    assert {name.rpartition(".")[2]: value for name, value in headers.items()} == {
        "Access-Control-Allow-Origin": {"Fn::Sub": "'${CorsOrigin}'"},
        "Access-Control-Allow-Methods": API["Cors"]["AllowMethods"],
        "Access-Control-Allow-Headers": API["Cors"]["AllowHeaders"],
        "Access-Control-Max-Age": API["Cors"]["MaxAge"],
    }


def test_functions_are_images_that_trace_and_have_our_roles() -> None:
    functions = of_type("AWS::Lambda::Function")
    assert {name: function["Role"] for name, function in functions.items()} == {
        name: {"Fn::GetAtt": [role, "Arn"]}
        for name, role in (("Function", "Role"), ("Worker", "WorkerRole"), ("Publisher", "PublisherRole"))
    }
    for function in functions.values():
        assert (function["PackageType"], function["TracingConfig"]) == ("Image", {"Mode": "Active"})
        assert not {"Layers", "SnapStart", "Handler", "Runtime"} & set(function)
