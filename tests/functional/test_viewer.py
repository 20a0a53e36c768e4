"""The page is served as text through every door, with a strict policy, and without a model."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError

from mammo_core import __version__
from mammo_core.aws import links
from mammo_core.errors import ModelUnavailableError
from mammo_core.models.provider import ModelProvider
from mammo_core.service import AnalysisService
from mammo_core.settings import Settings
from mammo_core.testing import FakeModel, FixedModel
from mammo_core.viewer import page
from tests.doors import call, client_of, service_with, v1_event, v2_event
from tests.functional.conftest import fresh_clients

ROOT = Path(__file__).resolve().parents[2]
PATHS = ["/", *(f"/viewer/{name}" for name in page.NAMES)]
MEDIA_TYPES = {
    "/": "text/html; charset=utf-8",
    "/viewer/app.js": "text/javascript; charset=utf-8",
    "/viewer/app.css": "text/css; charset=utf-8",
    "/viewer/samples.json": "application/json",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def client(**settings: Any) -> TestClient:  # noqa: ANN401 - any setting
    return client_of(service_with(FakeModel(), **settings))


@pytest.mark.parametrize("path", PATHS)
def test_every_file_is_text_with_a_strict_policy(path: str) -> None:
    answer = client().get(path)

    headers = dict(answer.headers)
    assert headers.pop("x-request-id")
    assert headers.pop("content-length") == str(len(answer.content))
    assert re.fullmatch('"[0-9a-f]{16}"', headers.pop("etag"))
    assert answer.status_code == 200
    assert headers == {
        "content-type": MEDIA_TYPES[path],
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-cache",
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("event", [v1_event, v2_event], ids=["v1", "v2"])
def test_in_lambda_it_is_the_same_text_and_never_base64(path: str, event: Any) -> None:  # noqa: ANN401
    service = service_with(FakeModel(), max_image_bytes=4_500_000)

    answer = call(service, event("GET", path))

    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert answer["body"] == client_of(service).get(path).text


@pytest.mark.parametrize("path", PATHS)
def test_what_a_browser_has_is_not_sent_again(path: str) -> None:
    etag = client().get(path).headers["etag"]

    same = client().get(path, headers={"if-none-match": f'"other", W/{etag}'})
    other = client().get(path, headers={"if-none-match": '"other"'})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    assert other.status_code == 200


def test_files_named_by_their_content_are_kept_and_older_ones_are_not() -> None:
    html = client().get("/").text
    named = re.findall(r'"(viewer/[^"]+)"', html)

    kept = {address: client().get(f"/{address}").headers["cache-control"] for address in named}

    assert len(named) == len(page.NAMES)
    assert set(kept.values()) == {"public, max-age=31536000, immutable"}
    assert client().get("/viewer/app.js?v=older").headers["cache-control"] == "no-cache"


def test_another_file_is_a_problem_like_any_other() -> None:
    for name in ("page.py", "index.html", "main.js", "..%2Fpage.py", "app.js/"):
        answer = client().get(f"/viewer/{name}", follow_redirects=False)
        assert answer.status_code in {404, 307}, name
        if answer.status_code == 404:
            assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("settings", "offered"),
    [
        ({}, ["268435456", "", "on"]),
        ({"max_image_bytes": 1000}, ["1000", "", "on"]),
        ({"upload_bucket": "ups"}, ["268435456", "", "on"]),
        ({"upload_bucket": "ups", "result_bucket": "res", "max_image_bytes": 9}, ["9", "9", "on"]),
    ],
)
def test_the_page_knows_what_the_service_offers(settings: dict[str, Any], offered: list[str]) -> None:
    html = client(**settings).get("/").text

    found = [
        re.findall(rf'data-{name}="([^"]*)"', html)
        for name in ("max-body-bytes", "max-upload-bytes", "report")
    ]
    assert [one for (one,) in found] == offered
    assert f'data-version="{__version__}"' in html
    assert "${" not in html


def test_in_lambda_the_page_knows_the_smaller_limit() -> None:
    answer = call(service_with(FakeModel()), v1_event("GET", "/"))

    assert 'data-max-body-bytes="4500000"' in answer["body"]


@pytest.mark.parametrize(
    ("environment", "uploads"),
    [
        ({"AWS_DEFAULT_REGION": "eu-central-1"}, "the-uploads"),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, "the-uploads"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "the-uploads"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "with.dots"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}, "with.dots"),
        ({"AWS_REGION": "eu-west-1"}, "the-uploads"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000"}, "the-uploads"),
    ],
)
def test_the_policy_names_the_buckets_where_forms_and_links_lead(
    environment: dict[str, str], uploads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    fresh_clients()
    results = "the-results"
    form = links.form(uploads, "k", {}, max_bytes=1, lives_s=60).url
    link = links.link(results, "k", lives_s=60)
    fresh_clients()

    policy = client(upload_bucket=uploads, result_bucket=results).get("/").headers["content-security-policy"]

    origins = list(dict.fromkeys(re.findall(r"^https?://[^/]+", address)[0] for address in (form, link)))
    assert f"connect-src 'self' {' '.join(origins)};" in policy
    assert f"img-src 'self' data: blob: {' '.join(origins)};" in policy
    assert "script-src 'self'; style-src 'self'; img-src" in policy


def test_only_named_pages_may_show_it_in_a_frame() -> None:
    policy = client(frame_ancestors="https://huggingface.co").get("/").headers["content-security-policy"]

    assert "; frame-ancestors https://huggingface.co;" in policy
    for text in ("huggingface.co", "https://a.example; script-src *", "https://a.example\r\nx: y", "*"):
        with pytest.raises(ValidationError):
            Settings(frame_ancestors=text)


class TestBehindAStage:
    @pytest.mark.parametrize(
        ("seen", "leads_to"),
        [("/v1", "v1/?home"), ("/v1/", None), ("/", None), ("/base/path", "path/?home"), (None, None)],
    )
    def test_an_address_without_a_slash_at_its_end_gets_one(
        self, seen: str | None, leads_to: str | None
    ) -> None:
        event = v1_event("GET", "/")
        event["requestContext"]["path"] = seen

        answer = call(service_with(FakeModel()), event)

        assert answer["headers"].get("location") == leads_to
        assert answer["statusCode"] == (307 if leads_to else 200)
        assert answer["isBase64Encoded"] is False

    def test_and_no_second_one(self) -> None:
        """Should a gateway not tell of the slash, the page is shown instead of a circle."""
        event = v1_event("GET", "/", query={"home": ""})
        event["requestContext"]["path"] = "/v1"

        assert call(service_with(FakeModel()), event)["statusCode"] == 200

    def test_an_http_api_is_understood_too(self) -> None:
        assert call(service_with(FakeModel()), v2_event("GET", "/"))["statusCode"] == 200


ASK = """
import json, sys
import handler
class Context:
    aws_request_id = "1"
def event(path):
    return {"resource": path, "path": path, "httpMethod": "GET", "headers": {}, "requestContext": {},
            "multiValueHeaders": None, "queryStringParameters": None, "multiValueQueryStringParameters": None,
            "body": None, "isBase64Encoded": False}
handler.handler(event("/health"), Context())
before = set(sys.modules)
statuses = [handler.handler(event(path), Context())["statusCode"] for path in json.loads(sys.argv[1])]
print(json.dumps([statuses, sorted({name.partition(".")[0] for name in set(sys.modules) - before})]))
"""
"""The tests' own helpers would load what the page must not."""


def test_no_file_of_the_page_needs_the_model() -> None:
    source = FixedModel(ModelUnavailableError("There are no weights."))
    opened = client_of(AnalysisService(Settings(), ModelProvider(source)))

    assert [opened.get(path).status_code for path in PATHS] == [200] * len(PATHS)
    assert source.loads == 0


def test_the_page_loads_no_library_that_health_does_not() -> None:
    """A cold start for the page is one for /health: what analyses is imported when it analyses."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(PATHS)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    statuses, modules = json.loads(done.stdout.splitlines()[-1])
    assert statuses == [200] * len(PATHS)
    assert set(modules) - {"mammo_core", *sys.stdlib_module_names} == set()
