"""A request may name an object of an allowed bucket in the place of an image; nothing else is fetched."""

from typing import Any

import pytest
from botocore.stub import Stubber
from fastapi.testclient import TestClient

from mammo_core.api import create_app
from mammo_core.aws import clients
from tests.cloud import UPLOADS, Cloud
from tests.doors import comparable
from tests.functional.test_uploads import api
from tests.functional.test_worker import PNG, service_of


def test_an_object_is_analysed_like_its_bytes(cloud: Cloud) -> None:
    cloud.upload("incoming/a+b c.png", PNG)
    client = api(readable_buckets=UPLOADS)
    query = {"max_side": "128", "images": "overlay"}

    named = client.post(
        "/analyze", params=query, json={"s3": {"bucket": UPLOADS, "key": "incoming/a+b c.png"}}
    )

    assert named.status_code == 200, named.text
    direct = client.post("/analyze", params=query, content=PNG)
    assert comparable(named.json()) == comparable(direct.json())


def test_an_object_may_be_an_older_version(cloud: Cloud) -> None:
    cloud.keep_versions()
    first = cloud.upload("a.png", PNG)
    cloud.upload("a.png", b"no image")
    client = api(readable_buckets=UPLOADS)

    def status(**more: str | None) -> int:
        named = {"bucket": UPLOADS, "key": "a.png", **more}
        return client.post("/analyze?images=", json={"s3": named}).status_code

    assert (status(), status(version_id=first)) == (415, 200)


@pytest.mark.usefixtures("amazon")
@pytest.mark.parametrize(
    ("status", "version_id", "code"),
    [
        (400, "no version", "invalid_request"),
        (405, "of-a-deletion", "not_found"),
        (400, None, "misconfigured"),
    ],
)
def test_an_object_whose_version_is_none_is_the_callers_mistake(
    status: int, version_id: str | None, code: str
) -> None:
    """Of a HEAD, S3 tells nothing but the status."""
    with Stubber(clients.client()) as s3:
        s3.add_client_error("head_object", str(status), http_status_code=status)
        named = {"bucket": UPLOADS, "key": "a.png", "version_id": version_id}
        answer = api(readable_buckets=UPLOADS).post("/analyze", json={"s3": named})

    assert answer.json()["code"] == code


@pytest.mark.parametrize("readable", ["", "another,yet-another"])
def test_an_object_of_a_bucket_that_is_not_allowed_is_refused_without_a_look_at_it(
    readable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "client", lambda: pytest.fail("S3 was asked"))

    answer = api(readable_buckets=readable).post("/analyze", json={"s3": {"bucket": UPLOADS, "key": "a.png"}})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert UPLOADS not in answer.text
    assert "another" not in answer.text


@pytest.mark.parametrize(
    ("settings", "key", "status", "code"),
    [
        ({}, "missing.png", 404, "not_found"),
        ({}, "text.png", 415, "unsupported_media"),
        ({"max_image_bytes": 10}, "a.png", 413, "payload_too_large"),
    ],
)
def test_an_object_that_cannot_be_analysed_has_its_status(
    settings: dict[str, Any], key: str, status: int, code: str, cloud: Cloud
) -> None:
    cloud.upload("a.png", PNG)
    cloud.upload("text.png", b"no image")
    # The limit on images is one on bodies, too, unless Lambda's is given.
    client = TestClient(create_app(service_of(readable_buckets=UPLOADS, **settings), max_body_bytes=5000))

    answer = client.post("/analyze", json={"s3": {"bucket": UPLOADS, "key": key}})

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"image": "AAAA", "s3": {"bucket": UPLOADS, "key": "a"}},
        {"s3": {"bucket": UPLOADS}},
        {"s3": {"bucket": UPLOADS, "key": ""}},
        {"s3": {"bucket": UPLOADS, "key": "ä" * 513}},
        {"s3": f"s3://{UPLOADS}/a.png"},
        {"s3": {"url": "https://example.com/a.png"}},
        {"url": "https://example.com/a.png"},
    ],
)
def test_an_object_is_named_in_one_form(body: dict[str, Any]) -> None:
    answer = api(readable_buckets=UPLOADS).post("/analyze", json=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "example" not in answer.text
