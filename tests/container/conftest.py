"""Buckets on this machine that containers reach as well."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.cloud import Cloud, forget, moto
from tests.container.containers import gateway


@pytest.fixture(scope="session")
def s3_address() -> Iterator[str]:
    """One moto for all tests: its address on this machine."""
    with moto(everywhere=True) as endpoint:
        yield endpoint


@pytest.fixture
def cloud(s3_address: str) -> Cloud:
    """Empty buckets and queues."""
    forget(s3_address)
    return Cloud(s3_address)


@pytest.fixture(scope="session")
def s3_inside(s3_address: str) -> str:
    """The same moto's address in a container."""
    return f"http://{gateway()}:{urlsplit(s3_address).port}"
