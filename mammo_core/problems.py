"""Errors on the wire: one shape, RFC 9457, whatever went wrong."""

from typing import Any

from mammo_core import schemas as wire
from mammo_core.errors import MammoError

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 5


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a route in OpenAPI."""
    return {status: {"model": wire.Problem, "content": {PROBLEM_JSON: {}}} for status in statuses}


def describe(error: MammoError, request_id: str) -> wire.Problem:
    """Put an error on the wire.

    Parameters
    ----------
    error : MammoError
        Its message was built from facts and is safe to show.
    request_id : str
        What a caller names when asking for help; the log has it too.
    """
    return problem(error.http_status, error.code, error.title, error.message, request_id)


def problem(status: int, code: str, title: str, detail: str, request_id: str) -> wire.Problem:
    """Put an error that has no class of ours on the wire: an unknown route, a bug."""
    return wire.Problem(
        type=f"urn:mammo-core:problem:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        request_id=request_id,
    )
