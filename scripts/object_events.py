"""The events of ``events/`` that tell of objects: what S3, SQS and EventBridge hand to the function.

Shapes as in the Amazon S3 User Guide ("Event message structure", "EventBridge event message structure") and
in the AWS Lambda Developer Guide ("Using Lambda with Amazon SQS"), with the names of AWS's own examples.
"""

import json
from typing import Any
from urllib.parse import quote_plus

ACCOUNT, REGION = "123456789012", "eu-central-1"
BUCKET = "amzn-s3-demo-bucket"
KEY = "incoming/0001.png"
VERSION_ID = "096fKKXTRTtl3on89fVO.nfljtsv6qko"
ETAG = "d41d8cd98f00b204e9800998ecf8427e"
TIME = "1970-01-01T00:00:00.000Z"
KEYS = {
    "plus_key": "incoming/left+cc.png",
    "blank_key": "incoming/left cc.png",
    "percent_key": "incoming/left%2Fcc.png",
    "unicode_key": "eingang/links–größer 乳腺.png",
    "folder": "incoming/",
}
"""Keys that only the right way of decoding gives back."""
Event = dict[str, Any]


def s3_record(
    key: str = KEY, *, version: str = "2.1", name: str = "ObjectCreated:Put", **found: str
) -> Event:
    """One record of a notification; keys are encoded as the query of a URL is."""
    extra: Event = {"2.2": {"replicationEventData": {}}, "2.3": {"glacierEventData": {}}}.get(version, {})
    return {
        "eventVersion": version,
        "eventSource": "aws:s3",
        "awsRegion": REGION,
        "eventTime": TIME,
        "eventName": name,
        "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
        "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {
            "x-amz-request-id": "C3D13FE58DE4C810",
            "x-amz-id-2": "FMyUVURIY8/IgAtTv8xRjskZQ",
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "testConfigRule",
            "bucket": {
                "name": BUCKET,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": f"arn:aws:s3:::{BUCKET}",
            },
            "object": {
                "key": quote_plus(key, safe="/"),
                "size": 1024,
                "eTag": ETAG,
                **found,
                "sequencer": "0055AED6DCD90281E5",
            },
        },
        **extra,
    }


def s3(*records: Event) -> Event:
    """A notification."""
    return {"Records": list(records)}


def eventbridge(key: str = KEY, *, detail_type: str = "Object Created", **found: str) -> Event:
    """An event of S3 on EventBridge; keys are as they are."""
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": "2021-11-12T00:00:00Z",
        "region": REGION,
        "resources": [f"arn:aws:s3:::{BUCKET}"],
        "detail": {
            "version": "0",
            "bucket": {"name": BUCKET},
            "object": {"key": key, "size": 1024, "etag": ETAG, **found, "sequencer": "617f08299329d189"},
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": ACCOUNT,
            "source-ip-address": "1.2.3.4",
            "reason": "PutObject",
        },
    }


def submitted(key: str = KEY) -> Event:
    """What ``mammo submit`` puts on the queue."""
    return {
        "source": "mammo.submit",
        "detail-type": "Object Submitted",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key}},
    }


def test_event() -> Event:
    """What S3 sends once, when notifications are set up."""
    return {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": TIME,
        "Bucket": BUCKET,
        "RequestId": "5582815E1AEA5ADF",
        "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR+YstdA6Knx4Ip8EXAMPLE",
    }


def sqs(*bodies: Event | str, receives: int = 1) -> Event:
    """Messages of a queue."""
    return {
        "Records": [
            {
                "messageId": f"059f36b4-87a3-44ab-83d2-66197{number:07d}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": str(receives),
                    "SentTimestamp": "1545082649183",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1545082649185",
                },
                "messageAttributes": {},
                "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:my-queue",
                "awsRegion": REGION,
            }
            for number, body in enumerate(bodies)
        ]
    }


def object_events() -> dict[str, Event]:
    """Make every event; the keys are the names of the files."""
    versions = {
        f"s3_put_{v.replace('.', '_')}.json": s3(s3_record(version=v))
        for v in ("2.0", "2.1", "2.2", "2.3", "2.9")
    }
    in_s3 = {f"s3_{name}.json": s3(s3_record(key)) for name, key in KEYS.items()}
    in_sqs = {f"sqs_s3_{name}.json": sqs(s3(s3_record(key))) for name, key in KEYS.items()}
    on_bus = {f"eventbridge_{name}.json": eventbridge(key) for name, key in KEYS.items()}
    versioned = s3_record(versionId=VERSION_ID)
    return {
        **versions,
        **in_s3,
        "s3_versioned.json": s3(versioned),
        "s3_multipart_upload.json": s3(s3_record(name="ObjectCreated:CompleteMultipartUpload")),
        "s3_two_objects.json": s3(s3_record(), s3_record(KEYS["plus_key"])),
        "s3_removed.json": s3(s3_record(name="ObjectRemoved:Delete")),
        "s3_version_3_0.json": s3(s3_record(version="3.0")),
        "s3_test_event.json": test_event(),
        **on_bus,
        "eventbridge_created.json": eventbridge(),
        "eventbridge_versioned.json": eventbridge(**{"version-id": VERSION_ID}),
        "eventbridge_deleted.json": eventbridge(detail_type="Object Deleted"),
        **in_sqs,
        "sqs_s3_put.json": sqs(s3(s3_record())),
        "sqs_s3_versioned.json": sqs(s3(versioned)),
        "sqs_s3_test_event.json": sqs(test_event()),
        "sqs_eventbridge.json": sqs(eventbridge(KEYS["percent_key"])),
        "sqs_submit.json": sqs(submitted(KEYS["percent_key"])),
        "sqs_text.json": sqs("no JSON"),
        "sqs_of_somebody_else.json": sqs({"order": 17}),
        "sqs_three_messages.json": sqs(s3(s3_record()), "no JSON", submitted(KEYS["plus_key"])),
    }
