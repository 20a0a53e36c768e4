"""A pointer names one model, beside itself."""

import json

import pytest

from mammo_core.errors import ConfigurationError
from mammo_core.models.pointer import Pointer, read_pointer, target_uri

SHA256 = "ab" * 32


def test_a_pointer_is_read() -> None:
    text = json.dumps({"key": "models/a.mammo", "sha256": SHA256, "manifest_sha256": "cd" * 32})

    assert read_pointer(text.encode()) == Pointer(
        key="models/a.mammo", sha256=SHA256, manifest_sha256="cd" * 32
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{}",
        b'{"key": "a.mammo"}',
        b'{"key": "a.mammo", "sha256": "short"}',
        json.dumps({"key": "a", "sha256": SHA256, "more": 1}).encode(),
        *(
            json.dumps({"key": key, "sha256": SHA256}).encode()
            for key in ("", "/a.mammo", "../a.mammo", "models/../../a.mammo", "models/..", "./a.mammo")
        ),
    ],
)
def test_anything_else_is_a_wrong_configuration(text: bytes) -> None:
    with pytest.raises(ConfigurationError, match="pointer is invalid"):
        read_pointer(text)


@pytest.mark.parametrize(
    ("uri", "key", "target"),
    [
        ("s3://bucket/current.json", "models/a.mammo", "s3://bucket/models/a.mammo"),
        ("s3://bucket/deep/current.json", "models/a.mammo", "s3://bucket/models/a.mammo"),
        ("file:///srv/current.json", "a.mammo", "file:///srv/a.mammo"),
        ("file:///srv/current.json", "models/a.mammo", "file:///srv/models/a.mammo"),
        ("file:///srv/current.json", "100%2F..mammo", "file:///srv/100%252F..mammo"),
    ],
)
def test_the_model_lies_in_the_pointer_s_bucket_or_folder(uri: str, key: str, target: str) -> None:
    assert target_uri(uri, Pointer(key=key, sha256=SHA256)) == target
