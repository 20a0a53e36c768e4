"""What ``docs/deploy.md`` says of parameters, outputs, commands and programs is so."""

import ast
import re
from pathlib import Path

import yaml

from tests.contract.cloudformation import DEFAULTS, PARAMETERS, TEMPLATE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def blocks(language: str) -> list[str]:
    """The page's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def table(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its head."""
    section = PAGE.partition(f"### {heading}\n")[2]
    rows = re.findall(r"(?:^\|.*\|\n)+", section, re.MULTILINE)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_page_lists_every_parameter_with_its_default() -> None:
    listed: dict[str, str] = {}
    for names, defaults, _ in table("Parameters"):
        found = re.findall(r"`(\w+)`", names)
        values = [value.strip().strip("`") for value in defaults.split(",")]
        listed |= dict(zip(found, values if len(values) > 1 else values * len(found), strict=True))
    said = {"none": "", "nobody": DEFAULTS["CorsOrigin"], "AWS's Python 3.13": DEFAULTS["BaseImage"]}
    assert {name: said.get(value, value) for name, value in listed.items()} == {
        name: str(value) for name, value in DEFAULTS.items()
    }


def test_every_way_of_authorisation_is_shown() -> None:
    calls = "\n".join(blocks("sh"))
    shown = set(re.findall(r"Authorization=([A-Z_]+)\.", calls))
    assert shown == set(PARAMETERS["Authorization"]["AllowedValues"])


def test_outputs_and_parameters_that_the_page_names_exist() -> None:
    named = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w*)`", PAGE))
    assert {"ApiUrl", "ModelBucketName", "LogGroupName", "ModelKey"} <= named
    assert named - set(PARAMETERS) - set(TEMPLATE["Outputs"]) == set()


def test_the_python_program_can_be_read_and_sends_a_signed_image() -> None:
    (program,) = blocks("python")
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert {"AWSRequest", "SigV4Auth", "Request", "urlopen"} <= calls


def test_the_spaces_front_matter_names_the_port_of_the_image() -> None:
    (block,) = [block for block in blocks("yaml") if "sdk" in block]
    front = yaml.safe_load(block.strip().strip("-"))
    assert (front["sdk"], front["app_port"]) == ("docker", 7860)
    assert "ENV PORT=7860" in DOCKERFILE


def test_files_and_deployments_that_the_page_names_exist() -> None:
    scripts = set(re.findall(r"scripts/\w+\.\w+", PAGE))
    assert scripts == {"scripts/smoke.py"}
    assert all((ROOT / script).is_file() for script in scripts)
    environments = set(re.findall(r"--config-env (\w+)", PAGE))
    assert environments == {"dev", "prod"}
