"""S3 and SQS on this machine, and Lambda's part in between: a queue is emptied into a function."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
UPLOADS, RESULTS, MODELS = "the-uploads", "the-results", "the-models"
REGION = "eu-central-1"
RECEIVES = 3
"""After so many, moto moves a message to the dead-letter queue, as the template has it."""


class KilledError(BaseException):
    """The runtime ends the process: no ``except Exception`` sees it."""


@dataclass(frozen=True)
class Context:
    """What the code reads of the runtime's context."""

    aws_request_id: str = "11111111-2222-3333-4444-555555555555"
    remaining_ms: float = 60_000.0

    def get_remaining_time_in_millis(self) -> float:
        return self.remaining_ms


@dataclass
class Cloud:
    """Buckets of uploads, results and models, and a queue that hears of uploads.

    Parameters
    ----------
    endpoint : str
        Of moto.
    """

    endpoint: str
    s3: Any = field(init=False)
    sqs: Any = field(init=False)
    queue_url: str = field(init=False)
    dead_url: str = field(init=False)
    greeting: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        make: Any = boto3.client
        self.s3 = make("s3", endpoint_url=self.endpoint)
        self.sqs = make("sqs", endpoint_url=self.endpoint)
        for bucket in (UPLOADS, RESULTS, MODELS):
            self.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.dead_url = self.sqs.create_queue(QueueName="dead")["QueueUrl"]
        redrive = {"deadLetterTargetArn": self._arn(self.dead_url), "maxReceiveCount": RECEIVES}
        attributes = {"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "300"}
        self.queue_url = self.sqs.create_queue(QueueName="events", Attributes=attributes)["QueueUrl"]
        told = {"QueueArn": self._arn(self.queue_url), "Events": ["s3:ObjectCreated:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=UPLOADS, NotificationConfiguration={"QueueConfigurations": [told]}
        )
        # As S3 does, moto greets the queue with a test event.
        self.greeting = self.event()
        self.settle(self.greeting, {"batchItemFailures": []})

    def _arn(self, url: str) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def keep_versions(self) -> None:
        """Switch versions on in the bucket of uploads."""
        self.s3.put_bucket_versioning(Bucket=UPLOADS, VersioningConfiguration={"Status": "Enabled"})

    def upload(self, key: str, data: bytes, **metadata: str) -> str | None:
        """Put an object, which S3 then tells the queue of; returns its version."""
        named = {name.replace("_", "-"): value for name, value in metadata.items()}
        answer = self.s3.put_object(Bucket=UPLOADS, Key=key, Body=data, Metadata=named)
        return None if answer.get("VersionId") in (None, "null") else str(answer["VersionId"])

    def send(self, *bodies: object) -> None:
        """Put messages on the queue."""
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=text)

    def event(self, *, batch: int = 1) -> dict[str, Any]:
        """Receive messages as Lambda does; no records if the queue is empty."""
        answer = self.sqs.receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=batch, AttributeNames=["All"], WaitTimeSeconds=0
        )
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": message["Attributes"],
                    "messageAttributes": {},
                    "eventSource": "aws:sqs",
                    "awsRegion": REGION,
                }
                for message in answer.get("Messages", [])
            ]
        }

    def settle(self, event: dict[str, Any], answer: dict[str, Any] | None) -> None:
        """Delete what was acknowledged, and show the rest again; None: the function crashed."""
        failed = {item["itemIdentifier"] for item in answer["batchItemFailures"]} if answer else None
        for record in event["Records"]:
            handle = record["receiptHandle"]
            if failed is not None and record["messageId"] not in failed:
                self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=handle)
            else:
                self.sqs.change_message_visibility(
                    QueueUrl=self.queue_url, ReceiptHandle=handle, VisibilityTimeout=0
                )

    def pump(self, handler: Handler, *, batch: int = 1, most: int = 10_000) -> list[dict[str, Any] | None]:
        """Empty the queue into a function; returns its answers, None for each crash."""
        answers: list[dict[str, Any] | None] = []
        while len(answers) < most:
            event = self.event(batch=batch)
            if not event["Records"]:
                break
            try:
                answer = handler(event, Context())
            except (KilledError, Exception):
                answer = None
            self.settle(event, answer)
            answers.append(answer)
        return answers

    def dead(self) -> list[str]:
        """Bodies of the messages in the dead-letter queue, which is emptied."""
        bodies: list[str] = []
        while messages := self.sqs.receive_message(QueueUrl=self.dead_url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            bodies += [message["Body"] for message in messages]
        return bodies

    def files(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Every object below a prefix, by key."""
        found: dict[str, bytes] = {}
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                found[entry["Key"]] = self.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        return found

    def results(self, key: str) -> dict[str, dict[str, Any]]:
        """Every ``analysis.json`` of a key: by ``<version>/<model>``."""
        prefix = f"results/{key}/"
        return {
            name.removeprefix(prefix).removesuffix("/analysis.json"): json.loads(data)
            for name, data in self.files(RESULTS, prefix).items()
            if name.endswith("/analysis.json")
        }

    def result(self, key: str) -> dict[str, Any]:
        """The only result of a key."""
        (only,) = self.results(key).values()
        return only


@contextmanager
def moto(*, everywhere: bool = False) -> Iterator[str]:
    """Run moto on this machine; everywhere: containers reach it too."""
    address = "0.0.0.0" if everywhere else "127.0.0.1"
    server = ThreadedMotoServer(ip_address=address, port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def forget(endpoint: str) -> None:
    """Empty moto."""
    from urllib.request import Request, urlopen

    with urlopen(Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=10) as answer:
        answer.read()
