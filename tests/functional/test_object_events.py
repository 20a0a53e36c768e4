"""Every event of ``events/`` that tells of an object leads to that object, whatever its key is."""

import json
from pathlib import Path
from typing import Any

import pytest

from mammo_core.errors import MammoError
from tests.cloud import RESULTS, Cloud, Context
from tests.functional.test_worker import PNG, worker_of

ROOT = Path(__file__).resolve().parents[2]
EVENTS = ROOT / "events"
BUCKET = "amzn-s3-demo-bucket"
VERSION = "096fKKXTRTtl3on89fVO.nfljtsv6qko"
"""Of the files; S3 gives another one."""
KEY, PLUS, BLANK = "incoming/0001.png", "incoming/left+cc.png", "incoming/left cc.png"
PERCENT, UNICODE = "incoming/left%2Fcc.png", "eingang/links–größer 乳腺.png"
DECOYS = (
    "incoming/left/cc.png",
    "incoming/left%20cc.png",
    "incoming/left%2Bcc.png",
    "incoming/left%252Fcc.png",
)
"""What the keys would be if they were decoded too often, or too seldom."""
DONE: dict[str, Any] = {"batchItemFailures": []}
ANALYSED = {"succeeded": 1}

EXPECTED: dict[str, tuple[object, tuple[str, ...]]] = {
    # file: (answer, the objects that have a result)
    **{f"s3_put_2_{minor}.json": (ANALYSED, (KEY,)) for minor in (0, 1, 2, 3, 9)},
    "s3_versioned.json": (ANALYSED, (KEY,)),
    "s3_multipart_upload.json": (ANALYSED, (KEY,)),
    "s3_two_objects.json": ({"succeeded": 2}, (KEY, PLUS)),
    "s3_version_3_0.json": ("1 of 1 objects could not be handled; the log says why.", ()),
    "s3_removed.json": ({}, ()),
    "s3_test_event.json": ({}, ()),
    "s3_folder.json": ({"ignored": 1}, ()),
    "s3_plus_key.json": (ANALYSED, (PLUS,)),
    "s3_blank_key.json": (ANALYSED, (BLANK,)),
    "s3_percent_key.json": (ANALYSED, (PERCENT,)),
    "s3_unicode_key.json": (ANALYSED, (UNICODE,)),
    "eventbridge_created.json": (ANALYSED, (KEY,)),
    "eventbridge_versioned.json": (ANALYSED, (KEY,)),
    "eventbridge_deleted.json": ({}, ()),
    "eventbridge_folder.json": ({"ignored": 1}, ()),
    "eventbridge_plus_key.json": (ANALYSED, (PLUS,)),
    "eventbridge_blank_key.json": (ANALYSED, (BLANK,)),
    "eventbridge_percent_key.json": (ANALYSED, (PERCENT,)),
    "eventbridge_unicode_key.json": (ANALYSED, (UNICODE,)),
    "sqs_s3_put.json": (DONE, (KEY,)),
    "sqs_s3_versioned.json": (DONE, (KEY,)),
    "sqs_s3_test_event.json": (DONE, ()),
    "sqs_s3_folder.json": (DONE, ()),
    "sqs_s3_plus_key.json": (DONE, (PLUS,)),
    "sqs_s3_blank_key.json": (DONE, (BLANK,)),
    "sqs_s3_percent_key.json": (DONE, (PERCENT,)),
    "sqs_s3_unicode_key.json": (DONE, (UNICODE,)),
    "sqs_eventbridge.json": (DONE, (PERCENT,)),
    "sqs_submit.json": (DONE, (PERCENT,)),
    "sqs_text.json": (
        {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661970000000"}]},
        (),
    ),
    "sqs_of_somebody_else.json": (
        {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661970000000"}]},
        (),
    ),
    "sqs_three_messages.json": (
        {"batchItemFailures": [{"itemIdentifier": "059f36b4-87a3-44ab-83d2-661970000001"}]},
        (KEY, PLUS),
    ),
}


def objects(cloud: Cloud, *, versioned: bool) -> str:
    """Put an object at each key that a file names, and the decoys; returns the version of the first."""
    cloud.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    if versioned:
        cloud.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    for key in (PLUS, BLANK, PERCENT, UNICODE, *DECOYS):
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=PNG, Metadata={"mammo-images": ""})
    answer = cloud.s3.put_object(Bucket=BUCKET, Key=KEY, Body=PNG, Metadata={"mammo-images": ""})
    return str(answer.get("VersionId"))


def test_the_table_names_every_event_file_of_an_object_and_no_other() -> None:
    others = [
        path.name for path in EVENTS.glob("*.json") if not path.name.startswith(("apigw_", "function_url_"))
    ]
    assert sorted(EXPECTED) == sorted(others)


@pytest.mark.parametrize("name", list(EXPECTED))
def test_an_event_leads_to_its_objects(name: str, cloud: Cloud) -> None:
    expected, keys = EXPECTED[name]
    version = objects(cloud, versioned="versioned" in name)
    if "versioned" in name:
        # What comes later is another version: the event's own has to be read.
        cloud.s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"no image")
    event = json.loads((EVENTS / name).read_text().replace(VERSION, version))

    try:
        answer: object = worker_of()(event, Context())
    except MammoError as error:
        answer = error.message

    stored = [json.loads(data) for key, data in cloud.files(RESULTS).items() if key.endswith("analysis.json")]
    assert answer == expected
    assert {result["source"]["key"] for result in stored} == set(keys)
    assert [result["status"] for result in stored] == ["succeeded"] * len(keys)
    if "versioned" in name:
        assert stored[0]["source"]["version"] == version
    for key in keys:
        assert len(cloud.results(key)) == 1, "the result lies below the key"


def test_the_key_of_a_notification_that_is_no_utf_8_is_refused(cloud: Cloud) -> None:
    """A key that cannot be read rightly would be another object's."""
    event = json.loads((EVENTS / "sqs_s3_put.json").read_text().replace("0001", "%FF"))

    answer = worker_of()(event, Context())

    assert len(answer["batchItemFailures"]) == 1
    assert cloud.files(RESULTS) == {}
