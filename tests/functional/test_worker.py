"""Objects that appear in a bucket are analysed once each, whatever happens on the way."""

import hashlib
import json
from base64 import b64decode
from typing import Any

import pytest

from handler import make_handler
from mammo_core.aws import objects
from mammo_core.errors import InferenceError, MammoError, ModelIntegrityError, ModelUnavailableError
from mammo_core.events import results
from mammo_core.events.layout import Slot
from mammo_core.models.protocol import Model
from mammo_core.models.provider import ConfiguredSource, ModelProvider
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.schemas.events import ResultStatus
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import BIAS, FakeModel, FixedModel
from tests.cloud import MODELS, RESULTS, UPLOADS, Cloud, Context, Handler, KilledError
from tests.doors import client_of, comparable, log_lines
from tests.phantom_model import BUNDLE

PHANTOM = make_phantom(seed=3, shape=(320, 256))
PNG = to_png(PHANTOM)
KEY = "incoming/0001.png"
SETTINGS: dict[str, Any] = {"result_bucket": RESULTS}
MODEL = FakeModel()
MARK = MODEL.identity.sha256[:12]


def worker_of(model: Model | MammoError = MODEL, **settings: Any) -> Handler:  # noqa: ANN401 - any setting
    """The function, around a loaded model or one that cannot be loaded."""
    return make_handler(service_of(model, **settings))


def service_of(model: Model | MammoError = MODEL, **settings: Any) -> AnalysisService:  # noqa: ANN401
    return AnalysisService(Settings(**{**SETTINGS, **settings}), ModelProvider(FixedModel(model)))


def acknowledged(answers: list[dict[str, Any] | None]) -> list[bool | None]:
    """Of each invocation: whether its message is done with; None for a crash."""
    return [None if answer is None else answer["batchItemFailures"] == [] for answer in answers]


def outcomes(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str | None, str]]:
    """Outcome, code and level of each object, from the log."""
    return [(line["outcome"], line.get("code"), line["level"]) for line in log_lines(capsys)]


class OtherModel(FakeModel):
    """The same network with another digest."""

    def __init__(self) -> None:
        super().__init__(bias=BIAS + 1.0)
        self.identity = type(self.identity)("ab" * 32, None, "fake")


class TestASuccess:
    def test_is_the_answer_of_the_api_with_the_names_of_the_files_beside_it(self, cloud: Cloud) -> None:
        cloud.upload(KEY, PNG)

        answers = cloud.pump(worker_of())

        direct = client_of(service_of()).post("/analyze", content=PNG).json()
        stored = cloud.result(KEY)
        pictures = {name: b64decode(data) for name, data in direct.pop("images").items()}
        assert len(pictures) == 5
        assert acknowledged(answers) == [True]
        assert stored["answer"].pop("images") == {name: f"{name}.png" for name in pictures}
        assert comparable(stored.pop("answer")) == comparable(direct)
        etag = cloud.s3.head_object(Bucket=UPLOADS, Key=KEY)["ETag"].strip('"')
        folder = f"results/{KEY}/etag-{etag}/{MARK}"
        files = cloud.files(RESULTS)
        assert files.keys() == {f"{folder}/analysis.json", *(f"{folder}/{name}.png" for name in pictures)}
        assert {name: files[f"{folder}/{name}.png"] for name in pictures} == pictures
        assert stored.pop("written_at") == stored.pop("counts_from")
        assert stored == {
            "schema_version": "1.0",
            "status": "succeeded",
            "source": {"bucket": UPLOADS, "key": KEY, "version": f"etag-{etag}"},
            "error": None,
            "request_id": "11111111-2222-3333-4444-555555555555",
            "upload_request_id": None,
        }

    def test_has_the_files_media_types(self, cloud: Cloud) -> None:
        cloud.upload(KEY, PNG, mammo_format="webp", mammo_images="overlay")

        cloud.pump(worker_of())

        types = {
            key.rpartition("/")[2]: cloud.s3.head_object(Bucket=RESULTS, Key=key)["ContentType"]
            for key in cloud.files(RESULTS)
        }
        assert types == {"analysis.json": "application/json", "overlay.webp": "image/webp"}

    def test_follows_the_options_in_the_metadata_as_the_api_follows_its_query(self, cloud: Cloud) -> None:
        data = to_dicom(PHANTOM)
        options = {"method": "hirescam", "images": "overlay", "max_side": "128", "colormap": "viridis"}
        named = {f"mammo_{name}": value for name, value in options.items()}
        cloud.upload("a.dcm", data, **named, mammo_accept_unsuitable="true", mtime="1234", mammo_view="CC")

        cloud.pump(worker_of())

        query = {**options, "accept_unsuitable": "true", "view": "CC"}
        direct = client_of(service_of()).post("/analyze", params=query, content=data).json()
        stored = cloud.result("a.dcm")["answer"]
        assert direct["explanation"]["method"] == "hirescam"
        assert stored["images"] == {**dict.fromkeys(direct["images"]), "overlay": "overlay.png"}
        del direct["images"], stored["images"]
        assert comparable(stored) == comparable(direct)

    def test_reads_the_key_like_the_name_of_a_form_s_file(self, cloud: Cloud) -> None:
        random = "uploads/00000000-1cc2-4000-8000-000000000000"
        for key in ("left/R-CC.png", random):
            cloud.upload(key, PNG, mammo_images="")

        cloud.pump(worker_of())

        api = client_of(service_of())
        direct = api.post("/analyze?images=", files={"file": ("R-CC.png", PNG, "image/png")}).json()
        stored, unnamed = (cloud.result(key)["answer"] for key in ("left/R-CC.png", random))
        assert direct["view_analysis"]["laterality"]["source"] == "file_name"
        assert comparable(stored) == comparable(direct)
        assert unnamed["view_analysis"]["view_position"]["source"] != "file_name", "chance is no hint"

    def test_of_a_version_is_of_its_bytes_also_when_another_has_come(self, cloud: Cloud) -> None:
        cloud.keep_versions()
        other = to_png(make_phantom(seed=4, shape=(320, 256)))
        first, second = cloud.upload(KEY, PNG), cloud.upload(KEY, other)
        assert first is not None and second is not None and first != second
        cloud.event(batch=10)  # moto's notifications name no version
        cloud.send(*(notified(KEY, version) for version in (second, first, first)))

        cloud.pump(worker_of())

        found = cloud.results(KEY)
        assert found.keys() == {f"{first}/{MARK}", f"{second}/{MARK}"}
        digests = [found[f"{version}/{MARK}"]["answer"]["input"]["sha256"] for version in (first, second)]
        api = client_of(service_of())
        assert digests == [
            api.post("/analyze", content=data).json()["input"]["sha256"] for data in (PNG, other)
        ]

    def test_is_logged_and_measured_without_the_key(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.upload("QUETZALCOATL.png", PNG)

        cloud.pump(worker_of(metrics_namespace="mammo"))

        captured = capsys.readouterr()
        (line,) = [json.loads(text) for text in captured.err.splitlines()]
        answer = cloud.result("QUETZALCOATL.png")["answer"]
        stages = set(line.pop("timings_ms"))
        assert stages == {
            *("decode", "anatomy", "load", "preprocess", "model", "explain", "quality", "render"),
            *("fetch", "keep"),
        }
        assert line.pop("timestamp")
        assert line.pop("duration_ms") > 0
        assert line == {
            "level": "INFO",
            "message": "request",
            "service": "mammo-core",
            "request_id": "11111111-2222-3333-4444-555555555555",
            "method": "EVENT",
            "route": "sqs",
            "status": 200,
            "cold_start": True,
            "images_made": 5,
            "regions_found": 1,
            "map_status": "ok",
            "outcome": "succeeded",
            "receives": 1,
            "analysis_id": answer["analysis_id"],
        }
        readings = [json.loads(text) for text in captured.out.splitlines()]
        assert [reading.pop("_aws")["CloudWatchMetrics"][0]["Namespace"] for reading in readings] == [
            "mammo"
        ] * 2
        assert readings[0]["Score"] == [answer["confidence"]]
        assert readings[0].keys() == {
            "service",
            *("Succeeded", "Duration", "ColdStart", "Score"),
            *(f"{stage.capitalize()}Time" for stage in stages),
        }
        assert readings[1] == {"service": "mammo-core", "map_status": "ok", "Maps": [1.0]}
        assert "QUETZALCOATL" not in captured.err + captured.out


def notified(key: str, version: str | None) -> dict[str, Any]:
    """A notification of S3 with a version."""
    found = {"key": key} if version is None else {"key": key, "versionId": version}
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": UPLOADS}, "object": found},
            }
        ]
    }


class TestADuplicate:
    def test_is_suppressed(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        cloud.upload(KEY, PNG)
        cloud.send(notified(KEY, None))
        handler = worker_of()

        answers = cloud.pump(handler)

        before = cloud.files(RESULTS)
        cloud.send(notified(KEY, None))
        cloud.pump(handler)
        assert acknowledged(answers) == [True, True]
        assert [outcome for outcome, _, _ in outcomes(capsys)] == ["succeeded", "duplicate", "duplicate"]
        assert cloud.files(RESULTS) == before

    def test_for_a_new_model_is_none(self, cloud: Cloud) -> None:
        cloud.upload(KEY, PNG)
        cloud.send(notified(KEY, None))
        cloud.pump(worker_of(), most=1)

        cloud.pump(worker_of(OtherModel()))

        marks = {name.rpartition("/")[2]: found for name, found in cloud.results(KEY).items()}
        assert marks.keys() == {MARK, "ab" * 6}
        assert marks[MARK]["answer"]["confidence"] < marks["ab" * 6]["answer"]["confidence"]

    def test_that_comes_while_the_first_is_at_work_keeps_the_first_result(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The other worker commits between our pictures and our commit."""
        cloud.upload(KEY, PNG)
        handler, event = worker_of(), cloud.event()
        keep_pictures = results.keep_pictures
        begun: list[bool] = []

        def overtaken(*arguments: Any) -> Any:  # noqa: ANN401
            kept = keep_pictures(*arguments)
            if not begun:
                begun.append(True)
                handler(event, Context("the-other"))
            return kept

        monkeypatch.setattr(results, "keep_pictures", overtaken)

        answer = handler(event, Context("the-first"))

        assert answer == {"batchItemFailures": []}
        assert [outcome for outcome, _, _ in outcomes(capsys)] == ["succeeded", "duplicate"]
        assert cloud.result(KEY)["request_id"] == "the-other"


class TestARejectedObject:
    @pytest.mark.parametrize(
        ("data", "metadata", "settings", "code"),
        [
            (b"no image", {}, {}, "unsupported_media"),
            (PNG[:-2000], {}, {}, "unreadable_image"),
            (to_png(make_phantom(seed=3, shape=(320, 256)))[:0], {}, {}, "unreadable_image"),
            (PNG, {"mammo_max_side": "9"}, {}, "invalid_request"),
            (PNG, {"mammo_images": "everything"}, {}, "invalid_request"),
            (PNG, {"mammo_maxside": "QUETZAL"}, {}, "invalid_request"),
            (PNG, {}, {"max_image_bytes": 1000}, "payload_too_large"),
            (PNG, {}, {"max_image_pixels": 1000}, "payload_too_large"),
        ],
    )
    def test_is_done_with_and_its_result_says_why(
        self,
        data: bytes,
        metadata: dict[str, str],
        settings: dict[str, Any],
        code: str,
        cloud: Cloud,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        cloud.upload(KEY, data, **metadata)

        answers = cloud.pump(worker_of(**settings))

        stored = cloud.result(KEY)
        assert acknowledged(answers) == [True]
        assert (stored["status"], stored["answer"], stored["error"]["code"]) == ("rejected", None, code)
        assert len(cloud.files(RESULTS)) == 1
        assert outcomes(capsys) == [("rejected", code, "WARNING")]
        assert "QUETZAL" not in json.dumps(stored)

    def test_may_be_one_that_is_gone(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        cloud.upload(KEY, PNG)
        cloud.s3.delete_object(Bucket=UPLOADS, Key=KEY)

        assert acknowledged(cloud.pump(worker_of())) == [True]

        assert cloud.result(KEY)["error"]["code"] == "not_found"
        assert outcomes(capsys) == [("rejected", "not_found", "WARNING")]

    def test_may_be_one_that_was_deleted_but_its_version_is_still_a_file(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A deletion marks the key: who names no version finds nothing, who names one finds that one."""
        cloud.keep_versions()
        version = cloud.upload(KEY, PNG, mammo_images="")
        cloud.s3.delete_object(Bucket=UPLOADS, Key=KEY)
        cloud.event(batch=10)  # moto's notification names no version
        cloud.send(notified(KEY, None), notified(KEY, version))

        assert acknowledged(cloud.pump(worker_of())) == [True, True]

        assert outcomes(capsys) == [("rejected", "not_found", "WARNING"), ("succeeded", None, "INFO")]
        assert cloud.results(KEY)[f"{version}/{MARK}"]["status"] == "succeeded"

    def test_is_looked_at_again_when_its_event_comes_again(self, cloud: Cloud) -> None:
        """A limit was raised, a decoder was added: who sends the event again gets a result."""
        cloud.upload(KEY, PNG)
        cloud.send(notified(KEY, None))
        cloud.pump(worker_of(max_image_pixels=1000), most=1)
        assert cloud.result(KEY)["status"] == "rejected"

        cloud.pump(worker_of())

        assert cloud.result(KEY)["status"] == "succeeded"

    def test_does_not_take_the_place_of_a_success(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Of two workers, one has the older code, and is the last to write."""
        cloud.upload(KEY, PNG)
        cloud.pump(worker_of())
        (slot_key,) = [key for key in cloud.files(RESULTS) if key.endswith("analysis.json")]
        slot = Slot(RESULTS, slot_key.removesuffix("analysis.json"))
        there = results.kept(slot)
        assert there is not None
        rejected = there.result.model_copy(update={"status": ResultStatus.REJECTED, "request_id": "older"})

        kept = results.keep(slot, rejected, None)

        assert kept.result.request_id == there.result.request_id
        assert cloud.result(KEY)["status"] == "succeeded"


class TestWhatIsNoObject:
    def test_is_ignored_if_it_stands_for_a_folder(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.upload("incoming/", b"")

        assert acknowledged(cloud.pump(worker_of())) == [True]
        assert cloud.files(RESULTS) == {}
        assert outcomes(capsys) == [("ignored", None, "INFO")]

    def test_is_ignored_if_it_is_a_result(self, cloud: Cloud) -> None:
        """Or each result would be analysed, and its result again."""
        cloud.upload(KEY, PNG)
        cloud.pump(worker_of())
        before = cloud.files(RESULTS)
        for key in before:
            message = notified(key, None)
            message["Records"][0]["s3"]["bucket"]["name"] = RESULTS
            cloud.send(message)

        answers = cloud.pump(worker_of())

        assert acknowledged(answers) == [True] * 6
        assert cloud.files(RESULTS) == before

    def test_may_be_the_greeting_of_s3(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        (record,) = cloud.greeting["Records"]
        assert json.loads(record["body"])["Event"] == "s3:TestEvent"

        assert worker_of()(cloud.greeting, Context()) == {"batchItemFailures": []}
        assert outcomes(capsys) == []


class TestAFailure:
    @pytest.mark.parametrize(
        ("model", "code", "levels"),
        [
            (ModelUnavailableError("The weights cannot be fetched."), "model_unavailable", "WARNING"),
            (ModelIntegrityError("Other weights."), "model_integrity", "ERROR"),
            (FakeModel(error=InferenceError("Not finite.")), "inference_failed", "ERROR"),
        ],
    )
    def test_sends_the_message_to_the_dead_letter_queue_after_three_attempts_and_leaves_a_result(
        self,
        model: Model | MammoError,
        code: str,
        levels: str,
        cloud: Cloud,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        cloud.upload(KEY, PNG)

        answers = cloud.pump(worker_of(model))

        assert acknowledged(answers) == [False, False, False]
        assert [(found, level) for _, found, level in outcomes(capsys)] == [(code, levels)] * 3
        assert len(cloud.dead()) == 1
        stored = cloud.result(KEY)
        assert (stored["status"], stored["error"]["code"]) == ("failed", code)
        assert stored["counts_from"] == stored["written_at"]

    def test_is_what_a_file_becomes_while_no_model_has_been_published(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The pointer is missing, not the file: it waits, and is analysed once there is a model."""
        settings = Settings(**SETTINGS, model_uri=f"s3://{MODELS}/model.json")
        handler = make_handler(AnalysisService(settings, ModelProvider(ConfiguredSource(settings))))
        cloud.upload(KEY, PNG)

        answers = cloud.pump(handler, most=2)
        digest = hashlib.sha256(BUNDLE).hexdigest()
        cloud.s3.put_object(Bucket=MODELS, Key="models/m.mammo", Body=BUNDLE)
        pointer = json.dumps({"key": "models/m.mammo", "sha256": digest})
        cloud.s3.put_object(Bucket=MODELS, Key="model.json", Body=pointer)
        answers += cloud.pump(handler)

        assert acknowledged(answers) == [False, False, True]
        assert [found[:2] for found in outcomes(capsys)] == [
            *[("retried", "model_unavailable")] * 2,
            ("succeeded", None),
        ]
        (name,) = cloud.results(KEY)
        assert name.endswith(f"/{digest[:12]}")

    def test_is_repaired_by_a_redrive(self, cloud: Cloud) -> None:
        cloud.upload(KEY, PNG)
        cloud.pump(worker_of(FakeModel(error=InferenceError("Not finite."))))
        (message,) = cloud.dead()
        cloud.send(message)

        assert acknowledged(cloud.pump(worker_of())) == [True]

        assert cloud.result(KEY)["status"] == "succeeded"

    def test_that_is_a_bug_is_told_without_its_message(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def bug(*_args: object, **_kwargs: object) -> None:
            raise ZeroDivisionError("patient DOE^JANE")

        monkeypatch.setattr("mammo_core.pipeline.prepare", bug)
        cloud.upload(KEY, PNG)

        assert acknowledged(cloud.pump(worker_of())) == [False] * 3

        lines = log_lines(capsys)
        assert [line["code"] for line in lines] == ["internal_error"] * 3
        assert lines[0]["problems"] == [f"ZeroDivisionError [{__name__}:{bug.__code__.co_firstlineno + 1}]"]
        assert cloud.result(KEY)["error"]["detail"].startswith("An unexpected error.")
        assert "DOE" not in str(lines) + json.dumps(cloud.result(KEY))

    def test_of_the_bucket_of_results_is_not_taken_for_a_missing_object(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.upload(KEY, PNG)

        answers = cloud.pump(worker_of(result_bucket="no-such-bucket"))

        assert acknowledged(answers) == [False] * 3
        assert {found[:2] for found in outcomes(capsys)} == {("failed", "misconfigured")}
        assert len(cloud.dead()) == 1

    def test_is_what_a_message_becomes_that_is_no_notification(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.send("no JSON", {"order": 17}, [], notified("a", None)["Records"][0])

        answers = cloud.pump(worker_of())

        assert acknowledged(answers) == [False] * 12
        assert set(outcomes(capsys)) == {("failed", "misconfigured", "ERROR")}
        assert len(cloud.dead()) == 4

    def test_is_what_a_file_becomes_whose_place_is_taken_by_something_else(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """It is not written over: a person has to look at it."""
        cloud.upload(KEY, PNG)
        etag = cloud.s3.head_object(Bucket=UPLOADS, Key=KEY)["ETag"].strip('"')
        cloud.s3.put_object(
            Bucket=RESULTS, Key=f"results/{KEY}/etag-{etag}/{MARK}/analysis.json", Body=b'{"a": 1}'
        )

        assert acknowledged(cloud.pump(worker_of())) == [False] * 3

        assert set(outcomes(capsys)) == {("failed", "internal_error", "ERROR")}
        assert cloud.result(KEY) == {"a": 1}
        assert len(cloud.dead()) == 1


class TestAProcessThatIsKilled:
    @pytest.mark.parametrize("puts", range(6))
    def test_between_any_two_writes_loses_nothing_and_doubles_nothing(
        self, puts: int, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Five pictures, then the commit: it dies before one of them, and the message comes again."""
        cloud.upload(KEY, PNG)
        put = objects.put
        done: list[str] = []

        def deadly(*arguments: Any, **named: Any) -> str | None:  # noqa: ANN401
            if len(done) == puts:
                done.append("killed")
                raise KilledError
            done.append("put")
            return put(*arguments, **named)

        monkeypatch.setattr(objects, "put", deadly)

        answers = cloud.pump(worker_of(), most=1)
        partly = cloud.files(RESULTS)
        answers += cloud.pump(worker_of())

        assert acknowledged(answers) == [None, True]
        assert len(partly) == puts
        assert not any(key.endswith("analysis.json") for key in partly)
        assert cloud.result(KEY)["status"] == "succeeded"
        assert len(cloud.files(RESULTS)) == 6
        assert [outcome for outcome, _, _ in outcomes(capsys)] == ["succeeded"]

    def test_after_the_commit_has_its_message_again_and_acknowledges_it(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.upload(KEY, PNG)
        event, handler = cloud.event(), worker_of()
        handler(event, Context())
        cloud.settle(event, None)

        assert acknowledged(cloud.pump(handler)) == [True]

        assert [outcome for outcome, _, _ in outcomes(capsys)] == ["succeeded", "duplicate"]

    def test_in_every_attempt_leaves_a_failure_that_counts_once_its_time_is_over(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Out of memory: nobody is left to say so, and so it was said before."""
        cloud.upload(KEY, PNG)

        def deadly(*_arguments: object, **_named: object) -> None:
            raise KilledError

        monkeypatch.setattr("mammo_core.pipeline.prepare", deadly)

        assert acknowledged(cloud.pump(worker_of())) == [None] * 3

        stored = cloud.result(KEY)
        assert (stored["status"], stored["error"]["code"]) == ("failed", "internal_error")
        assert stored["error"]["detail"].startswith("The last attempt took too long or too much memory")
        assert stored["counts_from"] > stored["written_at"]
        assert len(cloud.dead()) == 1


class TestTime:
    def test_that_is_too_short_begins_nothing(self, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
        cloud.upload(KEY, PNG)
        event = cloud.event()

        answer = worker_of()(event, Context(remaining_ms=2_999))

        assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
        assert cloud.files(RESULTS) == {}
        assert outcomes(capsys) == [("retried", "out_of_time", "WARNING")]

    def test_that_is_shorter_than_the_longest_analysis_begins_no_second_one(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first of an invocation is begun in any case, or a slow one never would be."""
        clock = iter(range(0, 100_000, 10))  # each look at the clock finds ten seconds gone
        monkeypatch.setattr("mammo_core.events.worker.perf_counter", lambda: next(clock))
        cloud.upload("a.png", PNG)
        cloud.upload("b.png", PNG)
        event = cloud.event(batch=10)
        assert len(event["Records"]) == 2

        answer = worker_of()(event, Context(remaining_ms=12_000))

        assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][1]["messageId"]}]}


class TestAnEventWithoutAQueue:
    def test_is_answered_with_counts(self, cloud: Cloud) -> None:
        cloud.upload("a.png", PNG)
        cloud.upload("b.png", b"no image")
        event = {"Records": [*notified("a.png", None)["Records"], *notified("b.png", None)["Records"]]}

        assert worker_of()(event, Context()) == {"succeeded": 1, "rejected": 1}

    def test_is_an_error_if_it_has_to_come_again_and_all_its_objects_are_tried(self, cloud: Cloud) -> None:
        cloud.upload("a.png", PNG)
        cloud.upload("b.png", b"no image")
        event = {"Records": [*notified("a.png", None)["Records"], *notified("b.png", None)["Records"]]}
        handler = worker_of(FakeModel(error=InferenceError("Not finite.")))

        with pytest.raises(MammoError) as caught:
            handler(event, Context())

        assert caught.value.message == "1 of 2 objects could not be handled; the log says why."
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert cloud.result("b.png")["status"] == "rejected"


def test_without_a_bucket_for_results_no_event_is_taken(cloud: Cloud) -> None:
    with pytest.raises(MammoError, match="RESULT_BUCKET is needed"):
        worker_of(result_bucket=None)(notified(KEY, None), Context())
