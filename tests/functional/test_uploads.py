"""A larger file goes to a bucket by a signed form, and its result comes back."""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen
from uuid import UUID

import boto3
import pytest
import requests
from fastapi.testclient import TestClient

from mammo_core import pipeline, uploads
from mammo_core.aws import links, objects
from mammo_core.errors import InferenceError, ModelUnavailableError
from mammo_core.phantom.files import to_dicom
from mammo_core.schemas.events import UploadQuery
from mammo_core.schemas.requests import AnalyzeQuery
from mammo_core.testing import FakeModel
from tests.cloud import RESULTS, UPLOADS, Cloud, Context
from tests.doors import call, client_of, comparable, log_lines, v1_event
from tests.functional.test_object_events import BUCKET, EVENTS
from tests.functional.test_object_events import KEY as INCOMING
from tests.functional.test_patient_data import CANARY, dicom_with_canary, traces_in
from tests.functional.test_worker import PHANTOM, PNG, OtherModel, notified, service_of, worker_of
from tests.s3_signatures import RefusedError, check_link, check_post

SECRET = "testing"
"""Of the environment in which tests run."""
OFFERED: dict[str, Any] = {"upload_bucket": UPLOADS, "result_bucket": RESULTS}
NOWHERE = "00000000-0000-4000-8000-000000000000"


def api(**settings: Any) -> TestClient:  # noqa: ANN401 - any setting
    """The HTTP door of a service that offers uploads."""
    return client_of(service_of(**{**OFFERED, **settings}))


def offer(client: TestClient, **query: str) -> dict[str, Any]:
    answer = client.post("/uploads", params=query)
    assert answer.status_code == 200, answer.text
    offered: dict[str, Any] = answer.json()
    return offered


def send(offered: dict[str, Any], data: bytes) -> None:
    """Post the form as a browser does: the file is the last field."""
    answer = requests.post(offered["url"], data=offered["fields"], files={"file": ("x", data)}, timeout=10)
    assert answer.status_code == 204, answer.text


@pytest.mark.usefixtures("amazon")
class TestAForm:
    def test_is_taken_by_s3_as_it_is(self) -> None:
        offered = offer(api(), content_type="image/png", view="CC", laterality="L", max_side="2048")

        policy = check_post(offered["url"], offered["fields"], 1_000_000, secret=SECRET)

        assert UUID(offered["id"]).version == 4
        assert offered["url"] == f"https://{UPLOADS}.s3.eu-central-1.amazonaws.com/"
        assert offered["analysis"] == f"analyses/{offered['id']}"
        assert offered["max_bytes"] == 268_435_456
        lives = datetime.fromisoformat(offered["expires_at"]) - datetime.now(UTC)
        assert timedelta(seconds=290) < lives <= timedelta(seconds=300)
        signing = {"x-amz-algorithm", "x-amz-credential", "x-amz-date"}
        conditions = {
            name: value
            for condition in policy["conditions"]
            if isinstance(condition, dict)
            for name, value in condition.items()
            if name not in signing
        }
        request_id = conditions.pop("x-amz-meta-mammo-request-id")
        assert UUID(request_id).version == 4
        assert conditions == {
            "bucket": UPLOADS,
            "key": f"uploads/{offered['id']}",
            "Content-Type": "image/png",
            "x-amz-meta-mammo-view": "CC",
            "x-amz-meta-mammo-laterality": "L",
            "x-amz-meta-mammo-max-side": "2048",
        }
        assert [c for c in policy["conditions"] if isinstance(c, list)] == [
            ["content-length-range", 1, 268_435_456]
        ]
        assert datetime.fromisoformat(policy["expiration"]) - datetime.now(UTC) <= timedelta(seconds=300)

    @pytest.mark.parametrize(
        ("changes", "size", "why"),
        [
            ({"key": "uploads/another"}, 1000, "Policy Condition failed: key"),
            ({"key": "results/x/analysis.json"}, 1000, "Policy Condition failed: key"),
            ({"Content-Type": "text/html"}, 1000, "Policy Condition failed: Content-Type"),
            ({"x-amz-meta-mammo-view": "MLO"}, 1000, "Policy Condition failed: x-amz-meta-mammo-view"),
            ({"x-amz-meta-mammo-images": ""}, 1000, "Extra input fields: x-amz-meta-mammo-images"),
            ({"acl": "public-read"}, 1000, "Extra input fields: acl"),
            ({"x-amz-date": "20200101T000000Z"}, 1000, "date of the credential"),
            ({"x-amz-signature": "0" * 64}, 1000, "SignatureDoesNotMatch"),
            ({}, 0, "EntityTooSmall"),
            ({}, 268_435_456, None),
            ({}, 268_435_457, "EntityTooLarge"),
        ],
    )
    def test_takes_one_file_of_this_kind_with_these_options_and_no_other(
        self, changes: dict[str, str], size: int, why: str | None
    ) -> None:
        offered = offer(api(), view="CC")
        fields = {**offered["fields"], **changes}

        try:
            check_post(offered["url"], fields, size, secret=SECRET)
            refused = None
        except RefusedError as error:
            refused = str(error)

        assert refused == why

    def test_cannot_be_widened_without_the_secret(self) -> None:
        offered = offer(api())
        policy = b64decode(offered["fields"]["policy"]).replace(b"268435456", b"968435456")
        forged = {**offered["fields"], "policy": b64encode(policy).decode()}

        with pytest.raises(RefusedError, match="SignatureDoesNotMatch"):
            check_post(offered["url"], forged, 1000, secret=SECRET)

    def test_ends_after_five_minutes(self) -> None:
        offered = offer(api())

        later = datetime.now(UTC) + timedelta(seconds=301)

        with pytest.raises(RefusedError, match="expired"):
            check_post(offered["url"], offered["fields"], 1000, secret=SECRET, now=later)

    def test_is_for_a_key_of_its_own_each_time(self) -> None:
        client = api()

        assert len({offer(client)["fields"]["key"] for _ in range(20)}) == 20

    def test_holds_the_token_of_credentials_that_are_lent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A role's, as in Lambda: S3 takes no form without it, nor one with another."""
        monkeypatch.setenv("AWS_SESSION_TOKEN", "lent")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

        offered = offer(api())

        assert offered["fields"]["x-amz-security-token"] == "lent"
        check_post(offered["url"], offered["fields"], 1000, secret=SECRET)
        other = {**offered["fields"], "x-amz-security-token": "another"}
        with pytest.raises(RefusedError, match="x-amz-security-token"):
            check_post(offered["url"], other, 1000, secret=SECRET)

    def test_says_so_if_there_is_nothing_to_sign_with(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
        monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

        answer = api().post("/uploads")

        assert (answer.status_code, answer.json()["code"]) == (500, "access_denied")


class TestAnOffer:
    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ({"content_type": "text/html"}, "content_type"),
            ({"view": "SIDEWAYS"}, "view"),
            ({"max_side": "9"}, "max_side"),
            ({"images": "QUETZAL"}, "images"),
            ({"patient": "QUETZAL"}, "content_type"),
        ],
    )
    def test_is_refused_for_options_that_are_none(self, query: dict[str, str], told: str) -> None:
        answer = api().post("/uploads", params=query)

        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert told in answer.json()["detail"]
        assert "QUETZAL" not in answer.text

    @pytest.mark.parametrize(
        "settings",
        [
            {"upload_bucket": None, "result_bucket": None},
            {"upload_bucket": None},
            {"result_bucket": None},
        ],
    )
    def test_is_not_made_without_the_two_buckets(self, settings: dict[str, Any]) -> None:
        client = api(**settings)

        answers = [client.post("/uploads"), client.get(f"/analyses/{NOWHERE}")]

        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
            assert answer.json()["detail"] == "Uploads are not offered here."

    @pytest.mark.parametrize(
        ("settings", "told"), [(OFFERED, True), ({**OFFERED, "upload_bucket": None}, False)]
    )
    def test_is_named_where_a_body_is_too_large(self, settings: dict[str, Any], told: bool) -> None:
        event = v1_event("POST", "/analyze", body=bytes(4_600_000))

        answer = call(service_of(**settings), event)

        problem = json.loads(answer["body"])
        assert (answer["statusCode"], problem["code"]) == (413, "payload_too_large")
        assert ("POST /uploads takes larger files." in problem["detail"]) is told


class TestAnUpload:
    def test_goes_from_the_form_to_the_answer(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        """Form, S3, notification, queue, worker, result, links: the whole way."""
        client = api()
        options = {"method": "hirescam", "max_side": "256", "laterality": "L", "colormap": "viridis"}
        offered = offer(client, content_type="application/dicom", **options)
        (asked,) = log_lines(capsys)
        where = f"/{offered['analysis']}"
        assert client.get(where).status_code == 404
        data = to_dicom(PHANTOM)

        send(offered, data)
        waiting = client.get(where).json()
        answers = cloud.pump(worker_of(**OFFERED))
        done = client.get(where).json()

        direct = client.post("/analyze", params=options, content=data).json()
        assert waiting == {
            "id": offered["id"],
            "status": "pending",
            **dict.fromkeys(("answer", "links_expire_at", "error", "request_id")),
        }
        assert answers == [{"batchItemFailures": []}]
        pictures = {name: urlopen(link, timeout=10) for name, link in done["answer"].pop("images").items()}
        assert {name: picture.read() for name, picture in pictures.items()} == {
            name: b64decode(data) for name, data in direct.pop("images").items()
        }
        assert {picture.headers["content-type"] for picture in pictures.values()} == {"image/png"}
        assert comparable(done.pop("answer")) == comparable(direct)
        lives = datetime.fromisoformat(done.pop("links_expire_at")) - datetime.now(UTC)
        assert timedelta(seconds=240) < lives <= timedelta(seconds=300)
        assert done == {
            "id": offered["id"],
            "status": "succeeded",
            "error": None,
            "request_id": "11111111-2222-3333-4444-555555555555",
        }
        stored = cloud.result(f"uploads/{offered['id']}")
        assert stored["upload_request_id"] == asked["request_id"]

    def test_is_followed_by_its_request_ids_from_the_form_to_the_result(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """API, log, metadata, the worker's log, result, API: two ids, and each names the other."""
        ids = {"form": NOWHERE[:-1] + "1", "work": NOWHERE[:-1] + "2", "look": NOWHERE[:-1] + "3"}
        function = worker_of(**OFFERED)
        answer = function(v1_event("POST", "/uploads"), Context(ids["form"]))
        offered = json.loads(answer["body"])
        send(offered, PNG)
        function(cloud.event(), Context(ids["work"]))
        look = function(v1_event("GET", f"/{offered['analysis']}"), Context(ids["look"]))

        metadata = cloud.s3.head_object(Bucket=UPLOADS, Key=offered["fields"]["key"])["Metadata"]
        stored = cloud.result(offered["fields"]["key"])
        lines = log_lines(capsys)
        assert [answer["headers"]["x-request-id"], look["headers"]["x-request-id"]] == [
            ids["form"],
            ids["look"],
        ]
        assert metadata["mammo-request-id"] == ids["form"]
        assert [(line["route"], line["request_id"]) for line in lines] == [
            ("/uploads", ids["form"]),
            ("sqs", ids["work"]),
            ("/analyses/{id}", ids["look"]),
        ]
        assert [line.get("upload_request_id") for line in lines] == [None, ids["form"], None]
        assert (stored["upload_request_id"], stored["request_id"]) == (ids["form"], ids["work"])
        assert json.loads(look["body"])["request_id"] == ids["work"]
        assert lines[1]["analysis_id"] == stored["answer"]["analysis_id"]

    def test_that_is_no_mammogram_is_rejected_with_the_reason(self, cloud: Cloud) -> None:
        client = api()
        offered = offer(client)
        send(offered, b"no image")

        cloud.pump(worker_of(**OFFERED))

        state = client.get(f"/{offered['analysis']}").json()
        assert (state["status"], state["answer"]) == ("rejected", None)
        assert state["error"]["code"] == "unsupported_media"

    def test_that_fails_is_pending_until_the_last_attempt_has_ended(self, cloud: Cloud) -> None:
        client = api()
        offered = offer(client)
        send(offered, PNG)
        handler = worker_of(FakeModel(error=InferenceError("Not finite.")), **OFFERED)

        states = []
        for _ in range(3):
            cloud.pump(handler, most=1)
            states.append(client.get(f"/{offered['analysis']}").json())

        assert [state["status"] for state in states] == ["pending", "pending", "failed"]
        assert states[-1]["error"]["code"] == "inference_failed"

    def test_whose_last_attempt_is_running_is_still_pending(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A failure is announced before the attempt begins, and counts once its time is over."""
        client = api()
        offered = offer(client)
        send(offered, PNG)
        seen = []
        analyze = pipeline.analyze

        def watched(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            seen.append(client.get(f"/{offered['analysis']}").json()["status"])
            assert len(cloud.results(f"uploads/{offered['id']}")) == 1
            return analyze(*arguments, **named)

        event = cloud.event()
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = "3"
        monkeypatch.setattr("mammo_core.service.analyze", watched)
        worker_of(**OFFERED)(event, Context())

        assert seen == ["pending"]
        assert client.get(f"/{offered['analysis']}").json()["status"] == "succeeded"

    def test_that_a_new_model_has_analysed_again_shows_the_newer_result(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = api()
        offered = offer(client)
        key = offered["fields"]["key"]
        send(offered, PNG)
        cloud.pump(worker_of(**OFFERED))
        first = client.get(f"/{offered['analysis']}").json()
        message = {"source": "mammo.submit", "detail-type": "Object Submitted"}
        cloud.send({**message, "detail": {"bucket": {"name": UPLOADS}, "object": {"key": key}}})
        cloud.pump(worker_of(OtherModel(), **OFFERED))
        listed = objects.listed

        def in_order(*arguments: Any) -> Any:  # noqa: ANN401
            """S3 tells seconds, and the test takes less."""
            for entry in listed(*arguments):
                yield replace(entry, modified=entry.modified + 60 * ("ab" * 6 in entry.key))

        monkeypatch.setattr(objects, "listed", in_order)

        second = client.get(f"/{offered['analysis']}").json()

        assert len(cloud.results(key)) == 2
        assert first["answer"]["model"]["sha256"] != second["answer"]["model"]["sha256"] == "ab" * 32

    @pytest.mark.parametrize("receives", ["2", "3"])
    def test_keeps_its_answer_when_a_new_model_fails(
        self, receives: str, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was analysed: neither that failure nor its announcement takes that back."""
        client = api()
        offered = offer(client)
        send(offered, PNG)
        cloud.pump(worker_of(**OFFERED))
        first = client.get(f"/{offered['analysis']}").json()
        cloud.send(notified(offered["fields"]["key"], None))
        event, seen = cloud.event(), []
        event["Records"][0]["attributes"]["ApproximateReceiveCount"] = receives
        analyze = pipeline.analyze

        def watched(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            seen.append(client.get(f"/{offered['analysis']}").json()["status"])
            return analyze(*arguments, **named)

        monkeypatch.setattr("mammo_core.service.analyze", watched)
        other = OtherModel()
        monkeypatch.setattr(other, "_error", InferenceError("Not finite."))
        worker_of(other, **OFFERED)(event, Context())

        last = client.get(f"/{offered['analysis']}").json()
        statuses = {result["status"] for result in cloud.results(offered["fields"]["key"]).values()}
        assert seen == ["succeeded"]
        assert (last["status"], last["request_id"]) == ("succeeded", first["request_id"])
        assert statuses == ({"succeeded", "failed"} if receives == "3" else {"succeeded"})

    def test_that_failed_for_two_models_tells_of_the_newer_one(self, cloud: Cloud) -> None:
        client = api()
        offered = offer(client)
        send(offered, PNG)
        for error in (InferenceError("Not finite."), ModelUnavailableError("No weights.")):
            model = FakeModel(error=error) if isinstance(error, InferenceError) else error
            handler = worker_of(model, **OFFERED)
            cloud.pump(handler)
            cloud.send(*cloud.dead())
            sleep(1.0)  # S3 tells seconds

        state = client.get(f"/{offered['analysis']}").json()

        assert len(cloud.results(offered["fields"]["key"])) == 2
        assert (state["status"], state["error"]["code"]) == ("failed", "model_unavailable")

    def test_of_an_earlier_release_is_still_answered_and_not_done_again(self, cloud: Cloud) -> None:
        """Results are kept for a year; the answer has other fields by then."""
        client = api()
        offered = offer(client)
        send(offered, PNG)
        cloud.pump(worker_of(**OFFERED))
        (key,) = [key for key in cloud.files(RESULTS) if key.endswith("analysis.json")]
        stored = json.loads(cloud.files(RESULTS)[key])
        del stored["answer"]["explanation"], stored["upload_request_id"]
        stored |= {"schema_version": "1.9", "reviewed": True}
        stored["answer"]["heat"] = "much"
        cloud.s3.put_object(Bucket=RESULTS, Key=key, Body=json.dumps(stored))
        cloud.send(notified(offered["fields"]["key"], None))

        answers = cloud.pump(worker_of(**OFFERED))

        state = client.get(f"/{offered['analysis']}").json()
        assert answers == [{"batchItemFailures": []}]
        assert json.loads(cloud.files(RESULTS)[key]) == stored
        assert state["answer"]["images"].keys() == stored["answer"]["images"].keys()
        del state["answer"]["images"], stored["answer"]["images"]
        assert state["answer"] == stored["answer"]

    @pytest.mark.parametrize("name", ["x", "%2E%2E", NOWHERE.upper()[:-1] + "A", NOWHERE.replace("-", "")])
    def test_has_an_id_of_one_form(self, name: str, cloud: Cloud) -> None:
        answer = api().get(f"/analyses/{name}")

        assert answer.status_code in {400, 404}
        assert answer.json()["code"] in {"invalid_request", "not_found"}
        assert (answer.status_code == 400) is (name != "..")

    def test_that_never_came_is_not_found(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        answer = api().get(f"/analyses/{NOWHERE}")

        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert [line["route"] for line in log_lines(capsys)] == ["/analyses/{id}"]

    def test_of_a_patient_leaves_no_trace_in_keys_metadata_logs_and_results(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        client = api(metrics_namespace="mammo")
        offered = offer(client)
        send(offered, dicom_with_canary())
        cloud.pump(worker_of(**OFFERED, metrics_namespace="mammo"))
        state = client.get(f"/{offered['analysis']}")

        files = cloud.files(RESULTS)
        metadata = cloud.s3.head_object(Bucket=UPLOADS, Key=offered["fields"]["key"])["Metadata"]
        captured = capsys.readouterr()
        assert state.json()["status"] == "succeeded"
        assert len(files) == 6
        assert metadata.keys() == {"mammo-request-id"}
        texts = [json.dumps(offered), state.text, captured.out, captured.err, json.dumps(metadata), *files]
        assert "Score" in captured.out
        for text in texts:
            assert traces_in(text) == []
        for data in files.values():
            assert CANARY.encode() not in data


@pytest.mark.parametrize("source", ["apigw_rest_v1", "apigw_http_v2"])
class TestTheEventsOfTheGateway:
    """The files of ``events/``, sent to a service that has buckets."""

    def body(self, name: str, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - any setting
        event = json.loads((EVENTS / name).read_text())
        answer = worker_of(**{**OFFERED, **settings})(event, Context())
        assert answer["statusCode"] == 200, answer["body"]
        body: dict[str, Any] = json.loads(answer["body"])
        return body

    def test_ask_for_a_form_with_options(self, source: str, cloud: Cloud) -> None:
        offered = self.body(f"{source}_upload.json")

        named = {k: v for k, v in offered["fields"].items() if k.startswith(("Content", "x-amz-meta-mammo-"))}
        assert named.pop("x-amz-meta-mammo-request-id")
        assert named == {
            "Content-Type": "image/png",
            "x-amz-meta-mammo-view": "CC",
            "x-amz-meta-mammo-laterality": "L",
            "x-amz-meta-mammo-images": "overlay",
        }
        send(offered, PNG)
        cloud.pump(worker_of(**OFFERED))
        view = cloud.result(offered["fields"]["key"])["answer"]["view_analysis"]
        assert (view["laterality"]["value"], view["laterality"]["source"]) == ("L", "request")

    def test_ask_for_the_result_of_an_upload(self, source: str, cloud: Cloud) -> None:
        (name,) = {
            part
            for part in json.loads((EVENTS / "apigw_http_v2_analysis.json").read_text())["rawPath"].split("/")
            if "-" in part
        }
        cloud.upload(f"uploads/{name}", PNG, mammo_images="")
        states = [self.body(f"{source}_analysis.json")]
        cloud.pump(worker_of(**OFFERED))
        states.append(self.body(f"{source}_analysis.json"))

        assert [(state["id"], state["status"]) for state in states] == [
            (name, "pending"),
            (name, "succeeded"),
        ]

    def test_name_an_object(self, source: str, cloud: Cloud) -> None:
        cloud.s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        cloud.s3.put_object(Bucket=BUCKET, Key=INCOMING, Body=PNG)

        named = self.body(f"{source}_json_object.json", readable_buckets=f"another,{BUCKET}")

        assert comparable(named) == comparable(api().post("/analyze", content=PNG).json())


@pytest.mark.usefixtures("amazon")
class TestALink:
    def link(self) -> str:
        return links.link(RESULTS, "results/uploads/a b+c/überlagert.png", lives_s=300)

    def test_is_taken_by_s3_for_its_object(self) -> None:
        url = self.link()

        check_link(url, secret=SECRET)

        parts = urlsplit(url)
        assert parts.netloc == f"{RESULTS}.s3.eu-central-1.amazonaws.com"
        assert parts.path == "/results/uploads/a%20b%2Bc/%C3%BCberlagert.png"

    @pytest.mark.parametrize(
        ("old", "new"), [("a%20b", "a%20c"), ("X-Amz-Expires=300", "X-Amz-Expires=9999"), (RESULTS, UPLOADS)]
    )
    def test_is_for_no_other_object_and_no_longer(self, old: str, new: str) -> None:
        url = self.link()
        assert old in url

        with pytest.raises(RefusedError, match="SignatureDoesNotMatch"):
            check_link(url.replace(old, new), secret=SECRET)

    def test_is_for_reading(self) -> None:
        with pytest.raises(RefusedError, match="SignatureDoesNotMatch"):
            check_link(self.link(), secret=SECRET, method="PUT")

    def test_ends(self) -> None:
        with pytest.raises(RefusedError, match="expired"):
            check_link(self.link(), secret=SECRET, now=datetime.now(UTC) + timedelta(seconds=301))


class TestMetadata:
    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"method": "hirescam", "images": "overlay,bbox", "max_side": 2048, "format": "webp"},
            {
                "colormap": "viridis",
                "view": "MLO",
                "laterality": "R",
                "accept_unsuitable": True,
                "images": "",
            },
        ],
    )
    def test_carry_every_option_there_and_back(self, query: dict[str, Any]) -> None:
        wanted = UploadQuery(**query)

        metadata = uploads.metadata_of(wanted, request_id=NOWHERE)
        wishes = uploads.wishes_of({**metadata, "mtime": "1234", "patient": "DOE^JANE"})

        assert wishes.query.options() == wanted.options()
        assert wishes.request_id == NOWHERE
        assert len(metadata) == 1 + len(query)
        assert all(name.startswith("mammo-") and name == name.lower() for name in metadata)

    @pytest.mark.parametrize("text", ["DOE^JANE", "DOE-JANE-1942", NOWHERE.replace("-", ""), "a b", ""])
    def test_hold_no_id_that_is_a_text(self, text: str) -> None:
        """It goes into the log, and who uploads may have written a name there."""
        assert uploads.wishes_of({"mammo-request-id": text}).request_id is None


def test_every_option_of_an_analysis_can_travel_with_an_upload() -> None:
    assert set(UploadQuery.model_fields) - set(AnalyzeQuery.model_fields) == {"content_type"}


def test_the_page_about_events_names_the_metadata() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text()
    names = [f"mammo-{name.replace('_', '-')}" for name in AnalyzeQuery.model_fields]
    assert [name for name in names if name not in text] == []
