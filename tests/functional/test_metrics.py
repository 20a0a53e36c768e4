"""What is measured reaches CloudWatch's embedded format: through both doors, and at no answer's cost."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mammo_core.errors import InferenceError, ModelUnavailableError
from mammo_core.metrics import Reading, emit
from mammo_core.models.protocol import Model
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.testing import AGAINST, FakeModel
from tests.cloud import Cloud
from tests.doors import client_of, log_lines
from tests.functional.test_worker import PNG, notified, service_of, worker_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "events.md"
OTHER = to_png(make_phantom(seed=4, shape=(320, 256)))
NAMESPACE: dict[str, Any] = {"metrics_namespace": "mammo"}


def written(text: str) -> list[dict[str, Any]]:
    """The metrics of each line, by name, as CloudWatch reads them."""
    found = []
    for line in text.splitlines():
        document = json.loads(line)
        (directive,) = document["_aws"]["CloudWatchMetrics"]
        (dimensions,) = directive["Dimensions"]
        units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
        assert directive["Namespace"] == "mammo"
        assert document["_aws"]["Timestamp"] > 1_700_000_000_000, "milliseconds since 1970"
        assert set(document) == {"_aws", *dimensions, *units}, "nothing beside metrics and dimensions"
        assert document["service"] == "mammo-core"
        values = {name: (*document[name], unit) for name, unit in units.items()}
        found.append({**{name: document[name] for name in dimensions if name != "service"}, **values})
    return found


def by_request(capsys: pytest.CaptureFixture[str], *bodies: bytes, model: Model | None = None) -> Any:  # noqa: ANN401
    """Answers of one process, and the lines of metrics that they left."""
    client = client_of(service_of(model or FakeModel(), **NAMESPACE))
    answers = [client.post("/analyze?images=overlay", content=body).json() for body in bodies]
    return answers, written(capsys.readouterr().out)


def by_event(cloud: Cloud, capsys: pytest.CaptureFixture[str], *bodies: bytes, model: Any = None) -> Any:  # noqa: ANN401
    """The same, of files in a bucket."""
    for number, body in enumerate(bodies):
        cloud.upload(f"{number}.png", body, mammo_images="overlay")
    cloud.pump(worker_of(model or FakeModel(), **NAMESPACE))
    answers = [cloud.result(f"{number}.png")["answer"] for number in range(len(bodies))]
    return answers, written(capsys.readouterr().out)


@pytest.mark.parametrize("door", ["request", "event"])
class TestAnAnalysis:
    def measured(
        self,
        door: str,
        cloud: Cloud,
        capsys: pytest.CaptureFixture[str],
        *bodies: bytes,
        model: Model | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        if door == "request":
            return by_request(capsys, *bodies, model=model)
        return by_event(cloud, capsys, *bodies, model=model)

    def test_tells_how_long_each_stage_took(
        self, door: str, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (answer,), lines = self.measured(door, cloud, capsys, PNG)

        stages = {
            f"{stage.capitalize()}Time": (ms, "Milliseconds") for stage, ms in answer["timings_ms"].items()
        }
        assert {"DecodeTime", "AnatomyTime", "LoadTime", "ModelTime", "ExplainTime", "RenderTime"} <= set(
            stages
        )
        told = {name: value for name, value in lines[0].items() if name.endswith("Time")}
        own = {"FetchTime", "KeepTime"} if door == "event" else set()
        assert {name: value for name, value in told.items() if name not in own} == stages
        assert set(told) - set(stages) == own
        duration, unit = lines[0]["Duration"]
        assert duration >= sum(value for name, (value, _) in stages.items() if name != "LoadTime")
        assert unit == "Milliseconds"

    def test_is_cold_if_it_had_to_load_the_model(
        self, door: str, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, lines = self.measured(door, cloud, capsys, PNG, OTHER)

        assert [line["ColdStart"] for line in lines if "ColdStart" in line] == [
            (1.0, "Count"),
            (0.0, "Count"),
        ]

    def test_leaves_its_score_so_that_the_distribution_is_seen(
        self, door: str, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        answers, lines = self.measured(door, cloud, capsys, PNG, OTHER)

        scores = [line["Score"] for line in lines if "Score" in line]
        assert scores == [(answer["confidence"], "None") for answer in answers]
        assert scores[0] != scores[1]

    @pytest.mark.parametrize(
        ("model", "status"),
        [
            (FakeModel(), "ok"),
            (FakeModel(weights=AGAINST), "no_positive_evidence"),
            (FakeModel(unavailable="no layer"), "unavailable"),
        ],
    )
    def test_counts_what_became_of_its_map(
        self, model: Model, status: str, door: str, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, lines = self.measured(door, cloud, capsys, PNG, model=model)

        assert lines[1:] == [{"map_status": status, "Maps": (1.0, "Count")}]


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"no image", "unsupported_media"), (PNG[:-2000], "unreadable_image"), (b"", "unreadable_image")],
)
class TestARejection:
    def test_of_a_request_is_counted_by_code(
        self, body: bytes, code: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, lines = by_request(capsys, body)

        assert lines == [
            {"Rejected": (1.0, "Count")},
            {"outcome": "rejected", "code": code, "Errors": (1.0, "Count")},
        ]

    def test_of_a_file_is_counted_by_code(
        self, body: bytes, code: str, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        _, lines = by_event(cloud, capsys, body)

        assert lines == [
            {"Rejected": (1.0, "Count")},
            {"outcome": "rejected", "code": code, "Errors": (1.0, "Count")},
        ]


@pytest.mark.parametrize(
    ("model", "counted", "code"),
    [
        (FakeModel(error=InferenceError("Not finite.")), "Failed", "inference_failed"),
        (ModelUnavailableError("The weights cannot be fetched."), "Retried", "model_unavailable"),
    ],
)
def test_what_comes_again_is_counted_in_each_attempt(
    model: Any,  # noqa: ANN401 - a model or an error
    counted: str,
    code: str,
    cloud: Cloud,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cloud.upload("a.png", PNG)
    cloud.pump(worker_of(model, **NAMESPACE))

    lines = written(capsys.readouterr().out)

    error = {"outcome": counted.lower(), "code": code, "Errors": (1.0, "Count")}
    assert lines == [{counted: (1.0, "Count")}, error] * 3


def test_what_takes_no_time_is_counted_and_hides_no_slowness(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.upload("a.png", PNG, mammo_images="")
    cloud.upload("folder/", b"")
    cloud.send(notified("a.png", None))
    cloud.pump(worker_of(**NAMESPACE))

    lines = written(capsys.readouterr().out)

    assert [sorted(set(line) & {"Succeeded", "Duplicate", "Ignored"}) for line in lines] == [
        ["Succeeded"],
        [],
        ["Ignored"],
        ["Duplicate"],
    ]
    assert ["Duration" in line for line in lines] == [True, False, False, False]


class TestMetricsThatCannotBeWritten:
    @pytest.fixture(autouse=True)
    def _broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def lost(*_arguments: object, **_named: object) -> None:
            raise ImportError("DOE^JANE", name="aws_lambda_powertools.metrics")

        monkeypatch.setattr("aws_lambda_powertools.metrics.EphemeralMetrics", lost)

    def test_cost_a_request_nothing(self, capsys: pytest.CaptureFixture[str]) -> None:
        client = client_of(service_of(**NAMESPACE))

        answer = client.post("/analyze?images=", content=PNG)

        assert answer.status_code == 200
        lines = log_lines(capsys)
        assert [(line["message"], line["level"]) for line in lines] == [
            ("request", "INFO"),
            ("metrics_lost", "WARNING"),
        ]
        assert "DOE" not in str(lines)

    def test_cost_a_file_no_second_attempt(self, cloud: Cloud) -> None:
        cloud.upload("a.png", PNG, mammo_images="")

        assert cloud.pump(worker_of(**NAMESPACE)) == [{"batchItemFailures": []}]
        assert cloud.result("a.png")["status"] == "succeeded"


def test_no_metric_is_written_without_a_namespace(capsys: pytest.CaptureFixture[str]) -> None:
    emit(None, Reading({"Score": (0.5, "None")}))

    assert capsys.readouterr().out == ""


def test_the_page_about_events_names_every_metric(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    section = PAGE.read_text().partition("## Metrics")[2]
    _, lines = by_event(cloud, capsys, PNG)

    names = {name for line in lines for name, value in line.items() if isinstance(value, tuple)}
    documented = set(re.findall(r"`(\w+)`", section))
    assert len(names) > 10
    assert sorted(names - documented) == []


def test_the_log_knows_the_trace_that_the_gateway_began(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """X-Ray's id is in each line: CloudWatch shows trace and log side by side."""
    trace = "1-5e6722a7-cc56abcd47db7ae02d4da47e"
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root={trace};Parent=53995c3f42cd8ad8;Sampled=1")

    client_of(service_of()).get("/health")

    assert [line["xray_trace_id"] for line in log_lines(capsys)] == [trace]
