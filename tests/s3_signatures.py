"""What S3 checks of forms and links that were signed for others; local servers do not.

Written after the documentation alone, without botocore: "Browser-Based Uploads Using POST" (policies, and how
they are evaluated) and "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API Reference.
"""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

NOT_COVERED = {"policy", "x-amz-signature", "file", "awsaccesskeyid"}
"""Fields that no condition has to name; nor those that begin with x-ignore-."""


class RefusedError(Exception):
    """S3 would answer 403 or 400."""


def signature_of(secret: str, scope: str, text: str) -> str:
    """HMAC of a text under the key that date, region and service derive from the secret."""
    date, region, service, end = scope.split("/")
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, end):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _require(holds: bool, why: str) -> None:
    if not holds:
        raise RefusedError(why)


def check_post(
    url: str,
    fields: dict[str, str],
    size: int,
    *,
    secret: str,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Take a form as S3 does, or refuse it; returns the policy."""
    sent = {name.lower(): value for name, value in fields.items()}
    _require(sent["x-amz-algorithm"] == "AWS4-HMAC-SHA256", "algorithm")
    key_id, _, scope = sent["x-amz-credential"].partition("/")
    _require(bool(key_id) and scope.endswith("/s3/aws4_request"), "credential")
    _require(sent["x-amz-date"][:8] == scope[:8], "date of the credential")
    expected = signature_of(secret, scope, sent["policy"])
    _require(hmac.compare_digest(expected, sent["x-amz-signature"]), "SignatureDoesNotMatch")
    policy: dict[str, Any] = json.loads(base64.b64decode(sent["policy"], validate=True))
    expiry = datetime.fromisoformat(policy["expiration"])
    _require(expiry > (now or datetime.now(UTC)), "Policy expired")
    bucket = urlsplit(url).netloc.partition(".")[0]
    _check_conditions(policy["conditions"], {**sent, "bucket": bucket}, size)
    return policy


def _check_conditions(conditions: list[Any], sent: dict[str, str], size: int) -> None:
    named = set()
    for condition in conditions:
        match condition:
            case {**exact} if len(exact) == 1:
                ((name, value),) = exact.items()
                operator, name = "eq", str(name)
            case ["content-length-range", least, most]:
                _require(least <= size, "EntityTooSmall")
                _require(size <= most, "EntityTooLarge")
                continue
            case [operator, name, value]:
                name = name.removeprefix("$")
            case _:
                raise RefusedError("Invalid Policy")
        named.add(name.lower())
        got, wanted = sent.get(name.lower(), ""), str(value)
        holds = got == wanted if operator == "eq" else operator == "starts-with" and got.startswith(wanted)
        _require(holds, f"Policy Condition failed: {name}")
    extra = {name for name in sent if name not in NOT_COVERED and not name.startswith("x-ignore-")} - named
    _require(not extra, f"Extra input fields: {', '.join(sorted(extra))}")


def check_link(url: str, *, secret: str, now: datetime | None = None, method: str = "GET") -> None:
    """Take a link as S3 does, or refuse it."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    signature = query.pop("X-Amz-Signature")
    _require(query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256", "algorithm")
    _, _, scope = query["X-Amz-Credential"].partition("/")
    signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    _require(signed + timedelta(seconds=int(query["X-Amz-Expires"])) > (now or datetime.now(UTC)), "expired")
    _require(query["X-Amz-SignedHeaders"] == "host", "headers")
    canonical = "\n".join(
        [
            method,
            parts.path,
            "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items())),
            f"host:{parts.netloc}\n",
            "host",
            "UNSIGNED-PAYLOAD",
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, digest])
    _require(hmac.compare_digest(signature_of(secret, scope, text), signature), "SignatureDoesNotMatch")
