"""What ``docs/deploy.md`` says of parameters, outputs, commands and programs is so."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from benchmarks.cold_start import (
    GATEWAY_REQUEST,
    GB_SECOND,
    LARGEST_INIT_S,
    LARGEST_RATIO,
    MEMORY_MB,
    REQUEST,
    Row,
    cost,
    over_budget,
)
from tests.contract.cloudformation import DEFAULTS, PARAMETERS, RESOURCES, TEMPLATE, allowed, deployed

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def blocks(language: str) -> list[str]:
    """The page's blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def section(heading: str) -> str:
    """What stands below a heading, up to the next one."""
    found = re.search(rf"^##+ {heading}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, heading
    return found[1]


def tables(heading: str) -> list[list[list[str]]]:
    """Cells of the tables below a heading, without their heads."""
    found = [text.splitlines()[2:] for text in re.findall(r"(?:^\|.*\|\n)+", section(heading), re.MULTILINE)]
    return [[[cell.strip() for cell in row.strip("|").split("|")] for row in rows] for rows in found]


def table(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its head."""
    return tables(heading)[0]


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
    assert named - set(PARAMETERS) - set(TEMPLATE["Outputs"]) - set(RESOURCES) == set()


@pytest.mark.parametrize("page", ["deploy.md", "events.md"])
def test_what_a_command_asks_of_the_stack_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    outputs = set(re.findall(r"\$\(output (\w+)\)", commands))
    assert outputs
    assert outputs <= set(TEMPLATE["Outputs"])
    overrides = re.findall(r"--parameter-overrides ([^`#\n]*)", text)
    assert overrides
    for line in overrides:
        given = dict(word.split("=") for word in line.split())
        assert set(given) <= set(PARAMETERS), line
        assert allowed(**given), line
    for stack, function in re.findall(r"sam logs --stack-name (\S+) --name (\w+)", commands):
        assert stack == "mammo-core-dev", "the one that the page deploys"
        assert RESOURCES[function]["Type"] == "AWS::Serverless::Function"


def test_the_page_counts_the_alarms_of_a_plain_stack() -> None:
    alarms = [name for name, item in deployed().items() if item["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(alarms) == 4
    assert "and four alarms" in section("Parameters")


def test_the_page_tells_how_to_take_down_everything_that_outlives_a_stack() -> None:
    kept = [name for name, item in RESOURCES.items() if item.get("DeletionPolicy") == "Retain"]
    assert kept == ["ModelBucket", "UploadBucket", "ResultBucket", "DeadLetters"]
    named = re.findall(r"`(\w+)`", section("Tear down"))
    for name in kept:
        assert any(output in named for output in TEMPLATE["Outputs"] if output.startswith(name)), name


def test_the_keys_policy_lets_the_account_decide_and_eventbridge_write_to_the_queue() -> None:
    (block,) = blocks("json")
    account, events = json.loads(block)
    stack = deployed(Uploads="on", KmsKeyArn="arn:aws:kms:eu-central-1:123456789012:key/0")
    (sender,) = stack["QueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][1:]
    assert account["Principal"] == {"AWS": "arn:aws:iam::ACCOUNT:root"}
    assert (sender["Action"], events["Principal"]) == ("sqs:SendMessage", sender["Principal"])
    assert events["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]


@pytest.mark.parametrize(
    ("environment", "sent"),
    [
        ({}, []),
        ({"AWS_SESSION_TOKEN": ""}, []),
        ({"AWS_SESSION_TOKEN": "a/b+c= d"}, ["-Hx-amz-security-token: a/b+c= d"]),
    ],
)
def test_the_signed_curl_call_names_a_session_token_only_if_there_is_one(
    environment: dict[str, str], sent: list[str]
) -> None:
    """Curl signs an empty header and does not send it, and the gateway then refuses the signature."""
    (call,) = re.findall(r"^curl --aws-sigv4 (?:.*\\\n)+.*\n", "".join(blocks("sh")), re.MULTILINE)
    shell = ["sh", "-c", f"curl() {{ printf '%s\\n' \"$@\"; }}\n{call}"]
    keys = {"AWS_REGION": "r", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "API_URL": "https://a"}
    done = subprocess.run(shell, capture_output=True, text=True, check=True, env={**keys, **environment})
    assert done.stdout.splitlines() == [
        *("--aws-sigv4", "aws:amz:r:execute-api", "--user", "k:s"),
        *sent,
        *("-H", "Content-Type: application/dicom", "--data-binary", "@view.dcm", "https://a/analyze"),
    ]


def test_the_first_command_sets_the_region_that_sam_reads() -> None:
    """The SAM CLI asks boto3, which does not know AWS_REGION."""
    (line,) = re.findall(r"^export .*", blocks("sh")[0], re.MULTILINE)
    shell = ["sh", "-c", f'{line}\nprintf "%s %s" "$AWS_REGION" "$AWS_DEFAULT_REGION"']
    done = subprocess.run(shell, capture_output=True, text=True, check=True, env={})
    ours, theirs = done.stdout.split()
    assert ours == theirs


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


class TestTheFigures:
    """Which are measured by hand, so that what is computed from them is computed again here."""

    COLD = tables("Cold starts and cost")[0]
    SIZES = tables("Cold starts and cost")[1]
    COSTS = tables("Cold starts and cost")[2]

    @staticmethod
    def number(cell: str) -> float:
        return float(cell.split()[0].replace(",", ""))

    def rows(self, where: str) -> dict[str, Row]:
        found = {}
        for place, model, health, first, _, warm, full, memory in self.COLD:
            if place == where:
                found[model] = Row(*map(self.number, (health, first, warm, full, memory)))
        return found

    @pytest.mark.parametrize(
        ("where", "models"),
        [
            ("emulator", ["compiled", "Keras"]),
            ("container", ["compiled, `slim`", "compiled, `full`", "Keras, `full`"]),
        ],
    )
    def test_of_cold_starts_are_complete_within_the_budgets_and_their_ratios_are_right(
        self, where: str, models: list[str]
    ) -> None:
        rows = self.rows(where)
        assert list(rows) == models
        assert over_budget(rows, models[-1]) == []
        for place, model, _, _, ratio, *_ in self.COLD:
            if place == where:
                assert ratio == f"{rows[model].first_s / rows[models[-1]].first_s:.2f}", model

    def test_of_cost_follow_from_duration_and_memory(self) -> None:
        rows = self.rows("container")
        assert [model for model, *_ in self.COSTS] == ["compiled, `full`", "Keras, `full`"]
        for model, small, large in self.COSTS:
            row = rows[model]
            assert [small, large] == [f"{cost(seconds):.2f} USD" for seconds in (row.warm_s, row.full_view_s)]

    def test_of_prices_and_budgets_are_those_of_the_command(self) -> None:
        text = " ".join(section("Cold starts and cost").split())
        assert f"{GB_SECOND:.10f} USD for a GB-second" in text
        assert f"{REQUEST * 1e6:.2f} USD for a million calls of the function" in text
        assert f"{GATEWAY_REQUEST * 1e6:.2f} USD for a million of the gateway" in text
        assert f"× {MEMORY_MB:,} MB" in text
        assert (
            f"health takes {LARGEST_INIT_S:.0f} s, or a compiled model more than {LARGEST_RATIO} of" in text
        )

    def test_of_sizes_name_every_image_and_slim_keeps_its_limit(self) -> None:
        unpacked = {name.strip("`"): self.number(size) for name, size, _ in self.SIZES}
        assert list(unpacked) == ["slim", "full", "space"]
        assert unpacked["slim"] <= 850
        assert all(0 < self.number(packed) < self.number(size) for _, size, packed in self.SIZES)

    def test_over_a_budget_are_named(self) -> None:
        good = Row(health_s=1.0, first_s=3.0, warm_s=0.5, full_view_s=1.0, memory_mb=300.0)
        keras = Row(health_s=1.0, first_s=10.0, warm_s=0.5, full_view_s=1.0, memory_mb=900.0)
        slow = Row(health_s=3.0, first_s=4.0, warm_s=0.5, full_view_s=1.0, memory_mb=300.0)
        assert over_budget({"a": good, "b": keras}, "b") == []
        assert over_budget({"a": slow, "c": good, "b": keras}, "b") == [
            "a: init takes 3.0 s or more",
            "a: 0.40 of Keras's, at most 0.35 is allowed",
        ]


def test_the_last_run_of_the_containers_has_a_date_and_figures() -> None:
    rows = dict(table("Last run"))
    assert list(rows) == ["date", "engine and base", "tests", "duration"]
    assert re.fullmatch(r"\d{1,2} [A-Z][a-z]+ 20\d\d", rows["date"])
    assert re.match(r"\d+\b", rows["tests"])


def test_the_time_after_which_the_queue_forgets_is_the_one_on_the_page_of_events() -> None:
    queue = deployed(Uploads="on")["Queue"]["Properties"]
    days = queue["MessageRetentionPeriod"] / 86_400
    page = " ".join((ROOT / "docs" / "events.md").read_text().split())
    assert days == 4
    assert "forgets a message after four days" in page
    an_hour = DEFAULTS["WorkerConcurrency"] * 3600 // 2
    assert f"make {an_hour:,} an hour, {an_hour * 24 * 4:,} in four days" in page
