"""A Keras file that is copied into a bucket is served soon after, and a bad one changes nothing."""

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from typer.testing import CliRunner

import handler
from mammo_core import child, cli
from mammo_core.aws import objects
from mammo_core.errors import CompilationError, ConfigurationError, InternalError, ModelIntegrityError
from mammo_core.models.bundle import pack, unpack
from mammo_core.models.provider import ConfiguredSource, ModelProvider
from mammo_core.publishing import apart, publisher
from mammo_core.publishing.release import Destination, destination_of, prepared, try_out
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from tests.cloud import MODELS, Cloud, Context, KilledError
from tests.doors import client_of, log_lines
from tests.functional.test_worker import PNG
from tests.phantom_model import BUNDLE

POINTER = "current.json"
URI = f"s3://{MODELS}/{POINTER}"
SOURCE = "source/mine.keras"


@cache
def bundle(version: str) -> bytes:
    """A model under another version: a bundle with a digest of its own."""
    opened = unpack(BUNDLE)
    return pack(opened.graph, opened.manifest.model_copy(update={"version": version}))


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def appeared(key: str = SOURCE, version: str | None = None) -> dict[str, Any]:
    """What S3 tells the compile function."""
    found = {"key": key} if version is None else {"key": key, "versionId": version}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": MODELS}, "object": found},
    }
    return {"Records": [record]}


def publishing(event: dict[str, Any], **settings: Any) -> dict[str, int]:  # noqa: ANN401 - any setting
    """Call the compile function."""
    return publisher.publish(event, Context(), settings=Settings(**{"model_uri": URI, **settings}))


def pointer(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(cloud.files(MODELS)[POINTER])
    return found


def records(cloud: Cloud) -> dict[str, dict[str, Any]]:
    """What is kept of each publication, by key."""
    return {key: json.loads(data) for key, data in cloud.files(MODELS, "published/").items()}


class Compiler:
    """In the place of the real one, which takes a quarter of a minute; its bundles are real."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.result: bytes | Exception = bundle("2")
        self.meanwhile: Callable[[], object] | None = None
        """What happens once while it compiles."""
        self.asked: list[tuple[bytes, bytes | None]] = []
        monkeypatch.setattr(publisher, "compile_apart", self)

    def __call__(self, weights: bytes, *, manifest: bytes | None, deadline_s: float) -> bytes:
        assert deadline_s == 30.0, "the minute that is left, less half of it for what follows"
        self.asked.append((weights, manifest))
        result, meanwhile, self.meanwhile = self.result, self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def compiler(monkeypatch: pytest.MonkeyPatch) -> Compiler:
    return Compiler(monkeypatch)


class TestAModelThatAppears:
    def test_is_stored_under_its_digest_and_named_by_the_pointer(
        self, cloud: Cloud, compiler: Compiler, capsys: pytest.CaptureFixture[str]
    ) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key="source/mine.manifest.json", Body=b"{}")
        etag = cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")["ETag"].strip('"')

        counts = publishing(appeared(), metrics_namespace="mammo")

        sha256 = digest(bundle("2"))
        named = {
            "key": f"models/{sha256}.mammo",
            "sha256": sha256,
            "manifest_sha256": unpack(bundle("2")).manifest_sha256,
        }
        assert counts == {"published": 1}
        assert compiler.asked == [(b"weights", b"{}")]
        assert pointer(cloud) == named
        assert cloud.files(MODELS)[named["key"]] == bundle("2")
        kept = records(cloud)[f"published/mine.keras/etag-{etag}.json"]
        assert kept.pop("written_at")
        assert kept == {
            "schema_version": "1.0",
            "status": "published",
            "source": {"bucket": MODELS, "key": SOURCE, "version": f"etag-{etag}"},
            "pointer": named,
            "previous": None,
            "error": None,
            "request_id": Context.aws_request_id,
        }
        captured = capsys.readouterr()
        (reading,) = map(json.loads, captured.out.splitlines())
        assert reading["PublicationPublished"] == [1.0]
        (line,) = map(json.loads, captured.err.splitlines())
        assert (line["level"], line["outcome"], line["route"]) == ("INFO", "published", "publish")

    def test_is_served_without_a_restart_and_rolled_back_by_putting_the_old_pointer_back(
        self, cloud: Cloud, compiler: Compiler
    ) -> None:
        now = [0.0]
        settings = Settings(model_uri=URI)
        provider = ModelProvider(ConfiguredSource(settings), clock=lambda: now[0])
        client = client_of(AnalysisService(settings, provider))

        def served() -> str:
            now[0] += 61
            answer = client.post("/analyze?images=", content=PNG)
            assert answer.status_code == 200, answer.text
            return str(answer.json()["model"]["version"])

        seen = []
        for version in ("2", "3"):
            compiler.result = bundle(version)
            cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=version.encode())
            publishing(appeared())
            seen.append(served())
        (newest,) = [kept for kept in records(cloud).values() if kept["previous"] is not None]
        cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=json.dumps(newest["previous"]))
        seen.append(served())

        assert seen == ["2", "3", "2"]

    def test_twice_is_compiled_once_and_does_not_undo_a_rollback(
        self, cloud: Cloud, compiler: Compiler
    ) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")
        publishing(appeared())
        rolled_back = json.dumps({"key": "models/old.mammo", "sha256": "ab" * 32})
        cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=rolled_back)

        assert publishing(appeared()) == {"duplicate": 1}

        assert len(compiler.asked) == 1
        assert pointer(cloud) == json.loads(rolled_back)

    def test_is_superseded_by_a_newer_version_whose_event_came_first(
        self, cloud: Cloud, compiler: Compiler
    ) -> None:
        cloud.s3.put_bucket_versioning(Bucket=MODELS, VersioningConfiguration={"Status": "Enabled"})
        older, newer = (
            cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=data)["VersionId"] for data in (b"1", b"2")
        )

        outcomes = [publishing(appeared(version=version)) for version in (newer, older)]

        assert outcomes == [{"published": 1}, {"superseded": 1}]
        assert [weights for weights, _ in compiler.asked] == [b"2"]
        assert list(records(cloud)) == [f"published/mine.keras/{newer}.json"]

    def test_and_is_gone_again_is_superseded(self, cloud: Cloud, compiler: Compiler) -> None:
        assert publishing(appeared()) == {"superseded": 1}
        assert compiler.asked == []

    @pytest.mark.parametrize(
        "key",
        ["source/mine.manifest.json", "mine.keras", "models/x.mammo", "published/x.json", "source/a.h5"],
    )
    def test_elsewhere_is_ignored(self, key: str, cloud: Cloud, compiler: Compiler) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key=key, Body=b"x")

        assert publishing(appeared(key)) == {"ignored": 1}
        assert compiler.asked == []

    def test_in_the_folder_of_a_pointer_stays_in_that_folder(self, cloud: Cloud, compiler: Compiler) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key="team/source/m.keras", Body=b"x")

        publishing(appeared("team/source/m.keras"), model_uri=f"s3://{MODELS}/team/now.json")

        keys = sorted(key.partition("-")[0] for key in cloud.files(MODELS))
        assert keys == [
            f"team/models/{digest(bundle('2'))}.mammo",
            "team/now.json",
            "team/published/m.keras/etag",
            "team/source/m.keras",
        ]
        named = json.loads(cloud.files(MODELS)["team/now.json"])
        assert named["key"] == f"team/models/{digest(bundle('2'))}.mammo"

    def test_replaces_a_pointer_that_cannot_be_read(self, cloud: Cloud, compiler: Compiler) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=b"nonsense")
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"x")

        assert publishing(appeared()) == {"published": 1}
        assert pointer(cloud)["sha256"] == digest(bundle("2"))


class TestAModelThatIsOvertaken:
    """Compiling takes minutes: what else happens in them must not be undone."""

    def test_by_a_newer_file_leaves_the_pointer_to_that_one(self, cloud: Cloud, compiler: Compiler) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"older")
        outcomes = []

        def newer() -> None:
            compiler.result = bundle("3")
            cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"newer")
            outcomes.append(publishing(appeared()))

        compiler.meanwhile = newer
        outcomes.append(publishing(appeared()))

        assert outcomes == [{"published": 1}, {"superseded": 1}]
        assert pointer(cloud)["sha256"] == digest(bundle("3"))
        assert [kept["status"] for kept in records(cloud).values()] == ["published"]

    def test_by_its_own_deletion_is_not_published(self, cloud: Cloud, compiler: Compiler) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")
        compiler.meanwhile = lambda: cloud.s3.delete_object(Bucket=MODELS, Key=SOURCE)

        assert publishing(appeared()) == {"superseded": 1}
        assert POINTER not in cloud.files(MODELS)

    def test_by_its_own_event_and_a_rollback_does_not_undo_it(self, cloud: Cloud, compiler: Compiler) -> None:
        rolled_back = json.dumps({"key": "models/old.mammo", "sha256": "ab" * 32})
        cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=rolled_back)
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")

        def the_other_invocation() -> None:
            assert publishing(appeared()) == {"published": 1}
            assert pointer(cloud)["sha256"] == digest(bundle("2"))
            cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=rolled_back)

        compiler.meanwhile = the_other_invocation

        assert publishing(appeared()) == {"duplicate": 1}
        assert pointer(cloud) == json.loads(rolled_back)
        (kept,) = records(cloud).values()
        assert kept["previous"]["sha256"] == "ab" * 32

    @pytest.mark.parametrize("writes", range(4))
    def test_by_the_end_of_its_process_is_published_by_the_next_attempt_which_knows_the_way_back(
        self, writes: int, cloud: Cloud, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Bundle, announcement, pointer, record: it dies before one of them, and Lambda calls again."""
        old = {"key": "models/old.mammo", "sha256": "ab" * 32, "manifest_sha256": None}
        cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=json.dumps(old))
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")
        put = objects.put
        done: list[str] = []

        def deadly(*arguments: Any, **named: Any) -> str | None:  # noqa: ANN401
            if len(done) == writes:
                raise KilledError
            done.append(arguments[1])
            return put(*arguments, **named)

        monkeypatch.setattr(objects, "put", deadly)
        with pytest.raises(KilledError):
            publishing(appeared())
        monkeypatch.setattr(objects, "put", put)
        assert len(done) == writes
        assert pointer(cloud) == old or writes == 3

        assert publishing(appeared()) == {"published": 1}

        assert pointer(cloud)["sha256"] == digest(bundle("2"))
        (kept,) = records(cloud).values()
        assert (kept["status"], kept["previous"]) == ("published", old)


class TestARefusedModel:
    @pytest.mark.parametrize(
        ("result", "code"),
        [
            (CompilationError("LiteRT has no kernel for it."), "compilation_failed"),
            (ConfigurationError("The model's manifest is invalid: id: Field required."), "misconfigured"),
            (BUNDLE[:-100], "model_integrity"),
        ],
    )
    def test_leaves_the_pointer_and_a_result_that_says_why(
        self,
        result: bytes | Exception,
        code: str,
        cloud: Cloud,
        compiler: Compiler,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        old = json.dumps({"key": "models/old.mammo", "sha256": "ab" * 32})
        cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=old)
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")
        compiler.result = result

        assert publishing(appeared(), metrics_namespace="mammo") == {"refused": 1}

        (kept,) = records(cloud).values()
        captured = capsys.readouterr()
        assert pointer(cloud) == json.loads(old)
        assert (kept["status"], kept["pointer"], kept["error"]["code"]) == ("refused", None, code)
        assert json.loads(captured.out)["PublicationRefused"] == [1.0], "what an alarm is set on"
        line = json.loads(captured.err)
        assert (line["level"], line["outcome"], line["code"]) == ("WARNING", "refused", code)

    def test_may_be_one_that_is_too_large(
        self, cloud: Cloud, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(publisher, "MAX_MODEL_BYTES", 5)
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")

        assert publishing(appeared()) == {"refused": 1}

        (kept,) = records(cloud).values()
        assert (kept["status"], kept["error"]["code"]) == ("refused", "payload_too_large")
        assert compiler.asked == []

    def test_is_tried_again_when_its_event_comes_again(self, cloud: Cloud, compiler: Compiler) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")
        compiler.result = CompilationError("It ran out of memory.")
        publishing(appeared())
        compiler.result = bundle("2")

        assert publishing(appeared()) == {"published": 1}
        assert next(iter(records(cloud).values()))["status"] == "published"

    def test_may_be_one_with_which_the_sample_does_not_go_the_whole_way(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        broken = "the map could not be made: ValueError [explain.methods:7]"
        monkeypatch.setattr("mammo_core.service._problems", lambda _analysis: (broken,))

        with pytest.raises(ModelIntegrityError) as caught:
            try_out(BUNDLE)

        assert caught.value.message == f"The sample does not go the whole way with this model: {broken}."


class TestTrouble:
    def test_with_s3_is_raised_so_that_lambda_tries_again(
        self,
        cloud: Cloud,
        compiler: Compiler,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")
        put = objects.put

        def broken(*arguments: Any, **named: Any) -> str | None:  # noqa: ANN401
            if arguments[1] == POINTER:
                raise InternalError("patient DOE^JANE")
            return put(*arguments, **named)

        monkeypatch.setattr(objects, "put", broken)
        with pytest.raises(InternalError) as caught:
            publishing(appeared())
        monkeypatch.setattr(objects, "put", put)

        assert caught.value.message == "1 of 1 objects could not be handled; the log says why."
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        assert [kept["status"] for kept in records(cloud).values()] == ["publishing"]
        assert [(line["outcome"], line["level"]) for line in log_lines(capsys)] == [("failed", "ERROR")]
        assert publishing(appeared()) == {"published": 1}

    def test_of_two_who_move_the_pointer_sends_one_of_them_back(
        self, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The other moves it between our look at it and our move."""
        place = Destination(MODELS, POINTER)
        tried = {version: try_out(bundle(version)) for version in ("2", "3")}
        prepared(bundle("2"), tried["2"], place).do()
        put = objects.put

        def overtaken(*arguments: Any, **named: Any) -> str | None:  # noqa: ANN401
            if arguments[1] == POINTER:
                cloud.s3.put_object(Bucket=MODELS, Key=POINTER, Body=b"another")
            return put(*arguments, **named)

        monkeypatch.setattr(objects, "put", overtaken)

        with pytest.raises(Exception, match="Somebody else has moved the pointer just now"):
            prepared(bundle("3"), tried["3"], place).do()

        assert cloud.files(MODELS)[POINTER] == b"another"

    @pytest.mark.parametrize(
        ("lies_there", "ends"),
        [("{}", "1 of 1 objects could not be handled"), (None, {"duplicate": 1})],
        ids=["no record", "the record of a later release"],
    )
    def test_with_what_lies_in_the_place_of_the_record(
        self, lies_there: str | None, ends: object, cloud: Cloud, compiler: Compiler
    ) -> None:
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=b"weights")
        publishing(appeared())
        ((key, kept),) = records(cloud).items()
        text = lies_there or json.dumps({**kept, "reviewed": True})
        cloud.s3.put_object(Bucket=MODELS, Key=key, Body=text)

        try:
            ended: object = publishing(appeared())
        except InternalError as error:
            ended = error.message.partition(";")[0]

        assert ended == ends
        assert len(compiler.asked) == 1

    def test_with_an_event_that_is_none_is_logged_and_raised(
        self, cloud: Cloud, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(InternalError, match="1 of 1 objects could not be handled"):
            publishing({"order": 17}, metrics_namespace="mammo")

        captured = capsys.readouterr()
        assert json.loads(captured.out)["PublicationFailed"] == [1.0]
        line = json.loads(captured.err)
        assert (line["outcome"], line["code"], line["level"]) == ("failed", "misconfigured", "ERROR")

    def test_with_one_of_two_models_keeps_neither_from_being_tried(
        self, cloud: Cloud, compiler: Compiler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for key in ("source/a.keras", "source/b.keras"):
            cloud.s3.put_object(Bucket=MODELS, Key=key, Body=b"weights")
        compiler.result = OSError("the disk is full")
        compiler.meanwhile = lambda: setattr(compiler, "result", bundle("2"))
        event = {"Records": [*appeared("source/a.keras")["Records"], *appeared("source/b.keras")["Records"]]}

        with pytest.raises(InternalError, match="1 of 2 objects could not be handled"):
            publishing(event)

        assert pointer(cloud)["sha256"] == digest(bundle("2"))

    def test_of_a_settings_without_a_pointer_is_told_at_once(self) -> None:
        for uri in (None, f"s3://{MODELS}/m.keras", "file:///m.json"):
            with pytest.raises(ConfigurationError, match="must name a pointer"):
                publishing(appeared(), model_uri=uri)
        with pytest.raises(ConfigurationError, match="must name a pointer"):
            handler.publish(appeared(), Context())


class TestTheProcessThatCompiles:
    def start(self, monkeypatch: pytest.MonkeyPatch, program: str) -> bytes:
        head = "import os, time; from pathlib import Path; task = json.loads(sys.argv[2]); "
        monkeypatch.setattr(apart, "PROGRAM", head + program)
        return apart.compile_apart(b"weights", deadline_s=3.0)

    @pytest.mark.parametrize(
        ("program", "told"),
        [
            ("os.kill(os.getpid(), 9)", "signal 9: most likely there is too little memory"),
            ("os.abort()", "signal 6"),
            ("sys.exit(3)", "status 3"),
            ("", "status 0"),
            ("time.sleep(60)", "it took too long"),
        ],
    )
    def test_is_not_believed_if_it_ends_without_a_result(
        self, program: str, told: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(CompilationError) as caught:
            self.start(monkeypatch, program)

        assert caught.value.message == f"The compiler ended without a result ({told})."

    def test_has_the_files_and_no_credentials(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
        program = (
            "folder = Path(task['folder']); "
            "found = [sorted(os.environ), (folder / 'model.keras').read_text()]; "
            "(folder / 'bundle.mammo').write_text(json.dumps(found))"
        )

        environment, weights = json.loads(self.start(monkeypatch, program))

        assert weights == "weights"
        assert [name for name in environment if name.startswith("AWS")] == []
        plain = {*child.INHERITED, "MALLOC_ARENA_MAX", "LC_CTYPE"}
        assert set(environment) <= {*plain, *apart.INHERITED, *apart.QUIET}

    def test_leaves_no_file_behind(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("TMPDIR", str(tmp_path))
        monkeypatch.setattr("tempfile.tempdir", None)

        with pytest.raises(CompilationError):
            self.start(monkeypatch, "sys.exit(1)")

        assert list(tmp_path.iterdir()) == []


@cache
def keras_file(*, convolution: bool = True) -> bytes:
    """A small network, saved by Keras."""
    import keras

    keras.utils.set_random_seed(1)
    image = keras.Input((64, 48, 1))
    layers = image
    if convolution:
        layers = keras.layers.Conv2D(4, 3, strides=2, activation="relu", name="c1")(image)
        layers = keras.layers.GlobalAveragePooling2D()(layers)
    layers = keras.layers.Flatten()(layers)
    network = keras.Model(image, keras.layers.Dense(1, "sigmoid")(layers))
    with TemporaryDirectory() as folder:
        network.save(Path(folder) / "m.keras")
        return (Path(folder) / "m.keras").read_bytes()


@pytest.mark.tf
class TestARealModel:
    def test_goes_from_the_bucket_to_the_answer(self, cloud: Cloud) -> None:
        """``aws s3 cp model.keras s3://…/source/`` is all that a user does."""
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=keras_file())

        assert publishing(appeared()) == {"published": 1}

        settings = Settings(model_uri=URI)
        client = client_of(AnalysisService(settings, ModelProvider(ConfiguredSource(settings))))
        answer = client.post("/analyze", content=PNG).json()
        assert answer["model"]["backend"] == "litert"
        assert answer["model"]["sha256"] == pointer(cloud)["sha256"]
        assert answer["explanation"]["target_layer"] == "c1"

    @pytest.mark.parametrize(
        ("data", "code"),
        [(b"no Keras file", "model_unavailable"), (None, "target_layer")],
        ids=["no model", "no convolution"],
    )
    def test_that_is_none_is_refused(self, data: bytes | None, code: str, cloud: Cloud) -> None:
        body = keras_file(convolution=False) if data is None else data
        cloud.s3.put_object(Bucket=MODELS, Key=SOURCE, Body=body)

        assert publishing(appeared()) == {"refused": 1}

        (kept,) = records(cloud).values()
        assert kept["error"]["code"] == code
        assert POINTER not in cloud.files(MODELS)

    def test_is_published_from_a_laptop(self, cloud: Cloud, tmp_path: Path) -> None:
        (tmp_path / "m.keras").write_bytes(keras_file())

        told = CliRunner().invoke(cli.app, ["publish", str(tmp_path / "m.keras"), f"s3://{MODELS}/team"])

        assert told.exit_code == 0, told.output
        named = json.loads(cloud.files(MODELS)["team/current.json"])
        assert told.output == f"s3://{MODELS}/team/current.json names s3://{MODELS}/{named['key']}\n"
        assert digest(cloud.files(MODELS)[named["key"]]) == named["sha256"]


class TestTheCommand:
    def run(self, *arguments: str) -> tuple[int, str]:
        told = CliRunner().invoke(cli.app, ["publish", *arguments])
        return told.exit_code, told.output

    def test_publishes_a_bundle_and_tells_what_was_before(self, cloud: Cloud, tmp_path: Path) -> None:
        outputs = []
        for version in ("2", "3", "3"):
            (tmp_path / "m.mammo").write_bytes(bundle(version))
            status, output = self.run(str(tmp_path / "m.mammo"), URI)
            assert status == 0, output
            outputs.append(output.splitlines())

        first = unpack(bundle("2")).manifest_sha256
        sha256 = digest(bundle("2"))
        before = f'{{"key":"models/{sha256}.mammo","sha256":"{sha256}","manifest_sha256":"{first}"}}'
        assert outputs[0] == [f"{URI} names s3://{MODELS}/models/{sha256}.mammo"]
        assert outputs[1][1:] == [f"before: {before}"]
        assert outputs[2] == outputs[1][:1]
        assert pointer(cloud)["sha256"] == digest(bundle("3"))

    def test_publishes_no_broken_bundle(self, cloud: Cloud, tmp_path: Path) -> None:
        (tmp_path / "m.mammo").write_bytes(BUNDLE[:-100])

        status, output = self.run(str(tmp_path / "m.mammo"), URI)

        assert (status, "The bundle cannot be opened" in output) == (1, True)
        assert cloud.files(MODELS) == {}

    @pytest.mark.parametrize(
        ("name", "destination"),
        [("m.mammo", "file:///models"), ("m.mammo", "s3://"), ("m.txt", URI), ("m.mammo", MODELS)],
    )
    def test_says_what_it_expects(self, name: str, destination: str, tmp_path: Path) -> None:
        (tmp_path / name).write_bytes(b"x")

        status, output = self.run(str(tmp_path / name), destination)

        assert (status, output.startswith("mammo: A ")) == (2, True)


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("s3://b", "current.json"),
        ("s3://b/", "current.json"),
        ("s3://b/a/c", "a/c/current.json"),
        ("s3://b/a/c/", "a/c/current.json"),
        ("s3://b/a/now.json", "a/now.json"),
    ],
)
def test_a_destination_is_a_pointer_or_its_folder(uri: str, key: str) -> None:
    assert destination_of(uri) == Destination("b", key)
