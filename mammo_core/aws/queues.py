"""Messages for a queue of SQS, ten at a time."""

from collections.abc import Sequence
from typing import Any

from mammo_core.aws import clients
from mammo_core.errors import ConfigurationError, StorageUnavailableError

BATCH = 10
"""As many as SQS takes in one request."""
TRIES = 3
"""For messages that SQS could not take while it took others."""


def send(queue_url: str, bodies: Sequence[str]) -> None:
    """Send up to ten messages.

    Parameters
    ----------
    queue_url : str
    bodies : sequence of str

    Raises
    ------
    StorageUnavailableError
        If SQS does not take all of them now. Those that it took come again if all are sent again.
    NotFoundError, AccessDeniedError, ConfigurationError
        If there is no such queue, or we may not send to it, or a message is not allowed.
    """
    waiting = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
    for _ in range(TRIES):
        with clients.s3_errors("SQS"):
            answer = clients.queue_client().send_message_batch(QueueUrl=queue_url, Entries=waiting)
        failed: list[Any] = answer.get("Failed", [])
        if any(entry["SenderFault"] for entry in failed):
            raise ConfigurationError(f"SQS refused a message ({failed[0]['Code']}).")
        again = {entry["Id"] for entry in failed}
        waiting = [entry for entry in waiting if entry["Id"] in again]
        if not waiting:
            return
    raise StorageUnavailableError(f"SQS did not take {len(waiting)} of {len(bodies)} messages.")
