"""The verifier that the tests of forms and links rely on agrees with AWS's published examples.

"Example: Browser-Based Upload using HTTP POST" and "Authenticating Requests: Using Query Parameters" of the
Amazon S3 API Reference, with the example credentials of AWS.
"""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from tests.s3_signatures import RefusedError, check_link, check_post

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
POLICY = """{ "expiration": "2015-12-30T12:00:00.000Z",
  "conditions": [
    {"bucket": "sigv4examplebucket"},
    ["starts-with", "$key", "user/user1/"],
    {"acl": "public-read"},
    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},
    ["starts-with", "$Content-Type", "image/"],
    {"x-amz-meta-uuid": "14365123651274"},
    {"x-amz-server-side-encryption": "AES256"},
    ["starts-with", "$x-amz-meta-tag", ""],

    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},
    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
    {"x-amz-date": "20151229T000000Z" }
  ]
}""".replace("\n", "\r\n")
FORM = {
    "key": "user/user1/picture.jpg",
    "acl": "public-read",
    "success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html",
    "Content-Type": "image/jpeg",
    "x-amz-meta-uuid": "14365123651274",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-meta-tag": "",
    "X-Amz-Credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Date": "20151229T000000Z",
    "Policy": base64.b64encode(POLICY.encode()).decode(),
    "X-Amz-Signature": "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
}
ADDRESS = "http://sigv4examplebucket.s3.amazonaws.com/"
THAT_DAY = datetime(2015, 12, 29, 12, tzinfo=UTC)
LINK = (
    "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
    "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
)
SIGNED = datetime(2013, 5, 24, tzinfo=UTC)


def test_takes_the_form_of_the_example() -> None:
    policy = check_post(ADDRESS, FORM, 1000, secret=SECRET, now=THAT_DAY)

    assert len(policy["conditions"]) == 11


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key": "user/user2/picture.jpg"}, "Policy Condition failed: key"),
        ({"Content-Type": "text/html"}, "Policy Condition failed: Content-Type"),
        ({"x-amz-meta-more": "x"}, "Extra input fields: x-amz-meta-more"),
        ({"X-Amz-Signature": "8afdbf40" + "0" * 56}, "SignatureDoesNotMatch"),
    ],
)
def test_refuses_the_form_of_the_example_with_other_fields(changes: dict[str, str], why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        check_post(ADDRESS, {**FORM, **changes}, 1000, secret=SECRET, now=THAT_DAY)


def test_refuses_the_form_of_the_example_a_day_later() -> None:
    with pytest.raises(RefusedError, match="expired"):
        check_post(ADDRESS, FORM, 1000, secret=SECRET, now=THAT_DAY + timedelta(days=1))


def test_takes_the_link_of_the_example_for_a_day() -> None:
    check_link(LINK, secret=SECRET, now=SIGNED + timedelta(hours=23))

    with pytest.raises(RefusedError, match="expired"):
        check_link(LINK, secret=SECRET, now=SIGNED + timedelta(hours=24))
    with pytest.raises(RefusedError, match="SignatureDoesNotMatch"):
        check_link(LINK.replace("test.txt", "test.tx"), secret=SECRET, now=SIGNED)
