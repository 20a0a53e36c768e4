"""What API Gateway checks of a signed request; local servers do not.

Written after the documentation alone, without botocore: "Create a signed AWS API request", IAM User Guide.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

from tests.s3_signatures import signature_of

FORM = r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})"
CLOCKS_DIFFER = timedelta(minutes=5)


def is_signed(
    method: str,
    address: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secret: str,
    region: str = "eu-central-1",
) -> bool:
    """Whether the gateway would take a request for that of the secret's owner.

    Parameters
    ----------
    method : str
    address : str
        Path and query, as on the request's first line.
    headers : mapping of str to str
        As they came; names in any case.
    body : bytes
    secret, region : str
    """
    came = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    found = re.fullmatch(FORM, came.get("authorization", ""))
    if found is None:
        return False
    _, scope, names, signature = found.groups()
    signed = names.split(";")
    moment = datetime.strptime(came["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    needed = {"host", *(name for name in came if name.startswith("x-amz-"))}
    if not (
        needed <= set(signed) <= set(came)
        and scope == f"{moment:%Y%m%d}/{region}/execute-api/aws4_request"
        and abs(datetime.now(UTC) - moment) < CLOCKS_DIFFER
    ):
        return False
    path, _, query = address.partition("?")
    pairs = sorted((quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in parse_qsl(query, True))
    lines = [
        method,
        quote(path, safe="/-_.~"),
        "&".join(f"{key}={value}" for key, value in pairs),
        *(f"{name}:{came[name]}" for name in signed),
        "",
        names,
        hashlib.sha256(body).hexdigest(),
    ]
    request = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", came["x-amz-date"], scope, request])
    return hmac.compare_digest(signature_of(secret, scope, text), signature)
