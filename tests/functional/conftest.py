"""A cloud on this machine for the tests that need one."""

from collections.abc import Iterator

import pytest

from mammo_core.aws import clients
from tests.cloud import Cloud, forget, moto


@pytest.fixture(scope="session")
def cloud_endpoint() -> Iterator[str]:
    """One moto for all tests."""
    with moto() as endpoint:
        yield endpoint


@pytest.fixture
def cloud(cloud_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Empty buckets and queues, where the service looks for them; clients that give up soon."""
    for service in ("S3", "SQS"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", cloud_endpoint)
    monkeypatch.setattr(clients, "CONNECT_TIMEOUT_S", 0.5)
    monkeypatch.setattr(clients, "READ_TIMEOUT_S", 2.0)
    monkeypatch.setattr(clients, "ATTEMPTS", 1)
    forget(cloud_endpoint)
    fresh_clients()
    yield Cloud(cloud_endpoint)
    fresh_clients()


def fresh_clients() -> None:
    """Make the next request make its client."""
    for client in (clients.client, clients.signer, clients.queue_client):
        client.cache_clear()


@pytest.fixture
def amazon() -> Iterator[None]:
    """Links as they are signed for AWS's own S3, which nobody asks."""
    fresh_clients()
    yield
    fresh_clients()
