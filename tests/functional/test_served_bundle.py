"""Compiled models are served without TensorFlow, swapped by their pointer, refused when damaged."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import boto3
import pytest
from fastapi.testclient import TestClient
from moto.server import ThreadedMotoServer

from mammo_core.aws import clients
from mammo_core.errors import ModelIntegrityError
from mammo_core.models import provider
from mammo_core.models.bundle import pack, unpack
from mammo_core.phantom.files import to_png
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.service import build_service
from mammo_core.settings import Settings
from tests import phantom_model
from tests.doors import client_of, log_lines
from tests.graphs import damaged, with_a_missing_input

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "bundles"
PNG = to_png(make_phantom(seed=4, shape=(320, 256)))
SERVED = unpack(phantom_model.BUNDLE)
Put = Callable[[str, bytes], object]


def bundle(version: str, *, threshold: float | None = None, graph: bytes | None = None) -> bytes:
    """A model under another version."""
    manifest = SERVED.manifest.model_copy(update={"version": version})
    if threshold is not None:
        cut = manifest.threshold.model_copy(update={"threshold": threshold})
        manifest = manifest.model_copy(update={"threshold": cut, "rule_in": None, "rule_out": None})
    return pack(graph or SERVED.graph, manifest)


FIRST, SECOND = bundle("first", threshold=1.0), bundle("second", threshold=0.0)
"""The first calls everything negative, the second nothing: a mixture of them would show."""


def pointer_to(key: str, data: bytes) -> bytes:
    manifest_sha256 = unpack(data).manifest_sha256
    sha256 = hashlib.sha256(data).hexdigest()
    return json.dumps({"key": key, "sha256": sha256, "manifest_sha256": manifest_sha256}).encode()


def asked(client: TestClient) -> tuple[str, str, str]:
    """Version, label and digest of an answer."""
    answer = client.post("/analyze?images=", content=PNG)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body["model"]["version"], body["result"], body["model"]["sha256"]


def expected(data: bytes) -> tuple[str, str, str]:
    manifest = unpack(data).manifest
    label = manifest.classes[0 if manifest.threshold.threshold == 1.0 else 1]
    return manifest.version, label, hashlib.sha256(data).hexdigest()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """An S3 of moto that listens on this machine."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["files", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[str, Put]]:
    """Where a model can be put: the start of its URIs, and how."""
    if request.param == "files":
        yield tmp_path.as_uri(), lambda key, data: (tmp_path / key).write_bytes(data)
        return
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    clients.client.cache_clear()
    client: Any = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    yield f"s3://{BUCKET}", lambda key, data: client.put_object(Bucket=BUCKET, Key=key, Body=data)
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    client.delete_bucket(Bucket=BUCKET)
    clients.client.cache_clear()


@pytest.fixture
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pointers are looked at by each request, not once a minute."""
    monkeypatch.setattr(provider, "LOOK_AGAIN_S", 0.0)


def served(uri: str, **pins: str) -> TestClient:
    return client_of(build_service(Settings.model_validate({"model_uri": uri, **pins})))


@pytest.mark.usefixtures("_look_at_once")
class TestAPointer:
    def test_is_followed_and_rolled_back(self, place: tuple[str, Put]) -> None:
        start, put = place
        put("a.mammo", FIRST)
        put("b.mammo", SECOND)
        put("live.json", pointer_to("a.mammo", FIRST))
        client = served(f"{start}/live.json")

        assert asked(client) == expected(FIRST)
        put("live.json", pointer_to("b.mammo", SECOND))
        assert asked(client) == expected(SECOND)
        put("live.json", pointer_to("a.mammo", FIRST))
        assert asked(client) == expected(FIRST)

    def test_is_swapped_while_requests_are_answered_each_by_one_whole_model(
        self, place: tuple[str, Put]
    ) -> None:
        start, put = place
        put("a.mammo", FIRST)
        put("b.mammo", SECOND)
        put("live.json", pointer_to("a.mammo", FIRST))
        client = served(f"{start}/live.json")
        assert asked(client) == expected(FIRST)
        enough = Event()

        def ask() -> list[tuple[str, str, str]]:
            answers = []
            while not enough.is_set():
                answers.append(asked(client))
            return answers

        with ThreadPoolExecutor(2) as pool:
            asking = [pool.submit(ask) for _ in range(2)]
            for data in (SECOND, FIRST):
                put("live.json", pointer_to("a.mammo" if data is FIRST else "b.mammo", data))
                while asked(client) != expected(data):
                    assert not any(each.done() for each in asking)
            enough.set()
            answers = {answer for each in asking for answer in each.result()}

        assert answers == {expected(FIRST), expected(SECOND)}

    @pytest.mark.parametrize("pin", ["model_sha256", "manifest_sha256"])
    def test_is_not_followed_by_a_service_that_is_pinned(self, place: tuple[str, Put], pin: str) -> None:
        start, put = place
        put("a.mammo", FIRST)
        put("b.mammo", SECOND)
        put("live.json", pointer_to("a.mammo", FIRST))
        pinned = json.loads(pointer_to("a.mammo", FIRST))["sha256" if pin == "model_sha256" else pin]
        client = served(f"{start}/live.json", **{pin: pinned})

        assert asked(client) == expected(FIRST)
        put("live.json", pointer_to("b.mammo", SECOND))
        assert asked(client) == expected(FIRST)
        assert served(f"{start}/live.json", **{pin: pinned}).get("/model").json()["code"] == "model_integrity"

    @pytest.mark.parametrize("trouble", ["a hostile graph", "another digest", "nothing there", "no pointer"])
    def test_to_what_cannot_be_served_leaves_the_model_in_service_until_it_is_mended(
        self, place: tuple[str, Put], trouble: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        start, put = place
        hostile = bundle("hostile", graph=with_a_missing_input(SERVED.graph))
        put("a.mammo", FIRST)
        put("b.mammo", SECOND)
        put("hostile.mammo", hostile)
        put("live.json", pointer_to("a.mammo", FIRST))
        client = served(f"{start}/live.json")
        assert asked(client) == expected(FIRST)
        pointers = {
            "a hostile graph": (pointer_to("hostile.mammo", hostile), "model_integrity"),
            "another digest": (pointer_to("a.mammo", SECOND), "model_integrity"),
            "nothing there": (pointer_to("none.mammo", SECOND), "model_unavailable"),
            "no pointer": (b"{}", "misconfigured"),
        }
        wrong, code = pointers[trouble]

        put("live.json", wrong)
        log_lines(capsys)
        assert asked(client) == expected(FIRST)
        kept = [line for line in log_lines(capsys) if line["message"] == "model_kept"]
        assert [line["detail"].split()[0] for line in kept] == [code]
        put("live.json", pointer_to("b.mammo", SECOND))
        assert asked(client) == expected(SECOND)


class TestWithoutTensorFlow:
    def test_the_handler_answers_a_sample_event(self) -> None:
        code = """
import json, sys
from handler import handler
event = json.load(open("events/apigw_rest_v1_multipart.json"))
answer = handler(event, None)
body = json.loads(answer["body"])
json.dump(
    {
        "status": answer["statusCode"],
        "backend": body["model"]["backend"],
        "map": body["explanation"]["status"],
        "pictures": sorted(name for name, image in body["images"].items() if image),
        "modules": sorted({name.partition(".")[0] for name in sys.modules}),
    },
    sys.stdout,
)
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        modules = set(told.pop("modules"))

        assert told == {
            "status": 200,
            "backend": "litert",
            "map": "ok",
            "pictures": ["bbox", "cancer_type", "heatmap_only", "original", "overlay"],
        }
        assert {"ai_edge_litert", "numpy", "PIL"} <= modules
        unwanted = {
            "boto3",
            "h5py",
            "jax",
            "keras",
            "moto",
            "pandas",
            "tensorflow",
            "torch",
            "typer",
        }
        assert modules & unwanted == set()

    def test_a_bundle_is_served_where_tensorflow_is_not_installed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a.mammo").write_bytes(FIRST)
        for name in ("tensorflow", "keras"):
            monkeypatch.setitem(sys.modules, name, None)

        assert asked(served((tmp_path / "a.mammo").as_uri())) == expected(FIRST)


SERVE_DAMAGED = """
import json, sys
import numpy as np
from mammo_core.errors import MammoError
from mammo_core.models.bundle import unpack
from mammo_core.models.litert import LiteRTModel
from mammo_core.models.store import fetch
from dataclasses import replace
from tests.graphs import damaged

files, told = fetch(sys.argv[3]), []
spec = files.manifest.input
image = np.zeros((1, spec.rows, spec.columns, spec.channels), np.float32)
for seed in range(int(sys.argv[1]), int(sys.argv[2])):
    try:
        LiteRTModel(replace(files, weights=damaged(files.weights, seed))).explained_scores(image)
        told.append("ran")
    except MammoError as error:
        told.append(error.code)
json.dump(told, sys.stdout)
"""


class TestDamagedGraphs:
    @pytest.mark.parametrize("first", range(0, 200, 50))
    def test_end_no_process_and_are_errors_of_ours(self, first: int) -> None:
        """Bytes of weights may change and the graph still runs; a bundle's digest tells those."""
        command = [sys.executable, "-c", SERVE_DAMAGED, str(first), str(first + 50), phantom_model.URI]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)

        assert done.returncode == 0, done.stderr[-500:]
        told = json.loads(done.stdout)
        assert len(told) == 50
        assert set(told) <= {"ran", "model_integrity", "inference_failed"}
        assert told.count("model_integrity") > 10

    def test_are_refused_by_the_digest_in_their_bundle(self) -> None:
        manifest = SERVED.manifest
        for seed in range(200):
            graph = damaged(SERVED.graph, seed)
            assert graph != SERVED.graph
            data = pack(graph, manifest).replace(
                hashlib.sha256(graph).hexdigest().encode(),
                hashlib.sha256(SERVED.graph).hexdigest().encode(),
            )
            with pytest.raises(ModelIntegrityError):
                unpack(data)

    def test_that_would_end_the_process_are_a_500(self, tmp_path: Path) -> None:
        (tmp_path / "a.mammo").write_bytes(bundle("hostile", graph=with_a_missing_input(SERVED.graph)))

        answer = served((tmp_path / "a.mammo").as_uri()).post("/analyze?images=", content=PNG)

        assert answer.status_code == 500
        assert answer.json()["code"] == "model_integrity"
        assert "the compiled graph" in answer.json()["detail"]
