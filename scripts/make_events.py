"""Make the event files of ``events/``: what API Gateway, function URLs, S3, SQS and EventBridge hand over.

The same sample makes the same bytes, so that a change of an event is a change somebody meant. Shapes as in
the Lambda proxy integrations of REST APIs (format 1.0) and of HTTP APIs and function URLs (format 2.0).
"""

import argparse
import json
import sys
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from object_events import BUCKET, KEY, object_events

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "mammo_core" / "assets" / "sample.png"
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
BROWSER_HEADERS = {
    # The first value is what a REST API looks at when it decides whether to decode an answer.
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
    "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9",
    "User-Agent": CHROME,
}
ACCOUNT = "123456789012"
"""The account of AWS's own examples, as are the names below."""
SOURCE_IP = "192.0.2.1"
REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
TRACE_ID = "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e"
TIME, EPOCH_MS = "09/Apr/2015:12:34:56 +0000", 1428582896000
OPEN = ("/health", "/docs", "/openapi.json")
UPLOAD_ID = "3f2a7c1e-5b0d-4e6f-8a91-2c4d6e8f0a1b"
PARAMETERS = {f"/analyses/{UPLOAD_ID}": ("/analyses/{id}", {"id": UPLOAD_ID})}
"""Routes with a parameter: what a REST API calls them, and the parameter's value."""
ROUTES = ("/health", "/ready", "/model", "/docs", "/openapi.json", "/analyze", "/report", "/uploads")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request, whatever brings it to the function.

    Parameters
    ----------
    method, path : str
    query : dict
    media_type : str or None
        Of the body.
    body : bytes
    binary : bool
        Whether the gateway hands the body over as base64.
    """

    method: str = "GET"
    path: str
    query: tuple[tuple[str, str], ...] = ()
    media_type: str | None = None
    body: bytes | None = None
    binary: bool = True

    @property
    def headers(self) -> dict[str, str]:
        """What the browser sends."""
        kind = {} if self.media_type is None else {"Content-Type": self.media_type}
        size = {} if self.body is None else {"Content-Length": str(len(self.body))}
        return {**BROWSER_HEADERS, **kind, **size}

    @property
    def encoded_body(self) -> dict[str, Any]:
        """The body as both formats carry it."""
        if not self.body:
            return {"body": None, "isBase64Encoded": False}
        text = b64encode(self.body) if self.binary else self.body
        return {"body": text.decode(), "isBase64Encoded": self.binary}


def calls(sample: bytes) -> dict[str, Call]:
    """Name every case.

    Parameters
    ----------
    sample : bytes
        A PNG file.
    """

    def analyze(**rest: Any) -> Call:  # noqa: ANN401 - fields of Call
        return Call(method="POST", path="/analyze", **rest)

    text = b"A text file whose name ends in .png\n"
    json_body = json.dumps({"image": b64encode(sample).decode()}).encode()
    object_body = json.dumps({"s3": {"bucket": BUCKET, "key": KEY}}).encode()
    view = (("content_type", "image/png"), ("view", "CC"), ("laterality", "L"), ("images", "overlay"))
    return {
        "multipart": analyze(media_type=f"multipart/form-data; boundary={BOUNDARY}", body=multipart(sample)),
        "raw_png": analyze(media_type="image/png", body=sample),
        "json_base64": analyze(media_type="application/json", body=json_body, binary=False),
        "json_object": analyze(media_type="application/json", body=object_body, binary=False),
        "report": Call(method="POST", path="/report", media_type="image/png", body=sample),
        "upload": Call(method="POST", path="/uploads", query=view),
        "analysis": Call(path=f"/analyses/{UPLOAD_ID}"),
        "health": Call(path="/health"),
        "ready": Call(path="/ready"),
        "model": Call(path="/model"),
        "docs": Call(path="/docs"),
        "openapi": Call(path="/openapi.json"),
        "text_as_png": analyze(media_type="image/png", body=text),
        "empty_body": analyze(media_type="image/png", body=b""),
        # The query is read before the body, which therefore may be anything.
        "unknown_method": analyze(query=(("method", "guesswork"),), media_type="image/png", body=text),
        "unknown_route": Call(path="/diagnose"),
    }


def multipart(image: bytes) -> bytes:
    """The body that a browser makes of a form with one file."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="mammogram.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + image + f"\r\n--{BOUNDARY}--\r\n".encode()


def rest_v1(call: Call) -> dict[str, Any]:
    """The event of a REST API, payload format 1.0: headers as they were sent, once flat and once as lists."""
    host = "abcdef123.execute-api.eu-central-1.amazonaws.com"
    headers = {**call.headers, **{name.title(): value for name, value in _added(host).items()}}
    resource, parameters = _resource(call.path)
    query = dict(call.query)
    return {
        "resource": resource,
        "path": call.path,
        "httpMethod": call.method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": query or None,
        "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} or None,
        "pathParameters": parameters,
        "stageVariables": None,
        "requestContext": {
            "resourceId": "us4z18",
            "resourcePath": resource,
            "httpMethod": call.method,
            "extendedRequestId": "JKJaXmPLvHcESHA=",
            "requestTime": TIME,
            "path": f"/v1{call.path}",
            "accountId": ACCOUNT,
            "protocol": "HTTP/1.1",
            "stage": "v1",
            "domainPrefix": "abcdef123",
            "requestTimeEpoch": EPOCH_MS,
            "requestId": REQUEST_ID,
            "identity": _identity(signed=call.path not in OPEN),
            "domainName": host,
            "apiId": "abcdef123",
        },
        **call.encoded_body,
    }


def _resource(path: str) -> tuple[str, dict[str, str] | None]:
    """The route that a REST API finds for a path, and what its parameters are."""
    if path in ROUTES:
        return path, None
    return PARAMETERS.get(path, ("/{proxy+}", {"proxy": path.removeprefix("/")}))


def http_v2(call: Call) -> dict[str, Any]:
    """The event of an HTTP API, payload format 2.0: lower-case headers, no lists."""
    return _format_2(call, host="ghijkl456.execute-api.eu-central-1.amazonaws.com", account=ACCOUNT)


def function_url(call: Call) -> dict[str, Any]:
    """The event of a function URL: payload format 2.0 as well."""
    return _format_2(call, host="mnopqr789.lambda-url.eu-central-1.on.aws", account="anonymous")


def _format_2(call: Call, *, host: str, account: str) -> dict[str, Any]:
    api = host.partition(".")[0]
    sent = {name.lower(): value for name, value in call.headers.items()}
    query = {"queryStringParameters": dict(call.query)} if call.query else {}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": call.path,
        "rawQueryString": urlencode(call.query),
        "headers": {**sent, **_added(host)},
        **query,
        "requestContext": {
            "accountId": account,
            "apiId": api,
            "domainName": host,
            "domainPrefix": api,
            "http": {
                "method": call.method,
                "path": call.path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": CHROME,
            },
            "requestId": REQUEST_ID,
            "routeKey": "$default",
            "stage": "$default",
            "time": TIME,
            "timeEpoch": EPOCH_MS,
        },
        **{name: value for name, value in call.encoded_body.items() if value is not None},
    }


def _added(host: str) -> dict[str, str]:
    """Headers that the gateway adds or rewrites."""
    return {
        "host": host,
        "x-amzn-trace-id": TRACE_ID,
        "x-forwarded-for": SOURCE_IP,
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }


def _identity(*, signed: bool) -> dict[str, Any]:
    """Who called: with AWS_IAM, the user whose key signed the request."""
    user = {
        "accessKey": "AKIAIOSFODNN7EXAMPLE",
        "accountId": ACCOUNT,
        "caller": "AIDACKCEVSQ6C2EXAMPLE",
        "user": "AIDACKCEVSQ6C2EXAMPLE",
        "userArn": f"arn:aws:iam::{ACCOUNT}:user/Alice",
    }
    return {
        **{name: value if signed else None for name, value in user.items()},
        "apiKey": None,
        "apiKeyId": None,
        "cognitoAuthenticationProvider": None,
        "cognitoAuthenticationType": None,
        "cognitoIdentityId": None,
        "cognitoIdentityPoolId": None,
        "principalOrgId": None,
        "sourceIp": SOURCE_IP,
        "userAgent": CHROME,
    }


def events(sample: bytes) -> dict[str, dict[str, Any]]:
    """Make every event; the keys are the names of the files."""
    named = calls(sample)
    return {
        **{f"apigw_rest_v1_{name}.json": rest_v1(call) for name, call in named.items()},
        **{f"apigw_http_v2_{name}.json": http_v2(call) for name, call in named.items()},
        **{f"function_url_{name}.json": function_url(named[name]) for name in ("health", "raw_png")},
        **object_events(),
    }


def main() -> int:
    """Write the files and say what they weigh."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--sample", type=Path, default=SAMPLE, help="a PNG file")
    parser.add_argument("--out", type=Path, default=ROOT / "events")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    written = 0
    made = events(arguments.sample.read_bytes())
    for name, event in made.items():
        written += (arguments.out / name).write_text(json.dumps(event, indent=2) + "\n", encoding="utf-8")
    print(f"{len(made)} events, {written / 1e6:.2f} MB, in {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
