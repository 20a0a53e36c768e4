"""The Lambda door: one function for every event, one service for the life of the process."""

import asyncio
import binascii
from collections.abc import Callable
from typing import Any, cast

from mangum import Mangum
from mangum.adapter import DEFAULT_TEXT_MIME_TYPES
from mangum.types import LambdaContext

from mammo_core import log
from mammo_core.api import create_app
from mammo_core.errors import InternalError, InvalidRequestError, MammoError
from mammo_core.events.door import EventDoor
from mammo_core.problems import PROBLEM_JSON, describe
from mammo_core.service import AnalysisService, build_service

MAX_RESPONSE_BYTES = 6_291_556
"""Of the serialised answer. Over it the runtime kills the process, so it must never be reached."""
ENVELOPE_BYTES = 20_000
"""Room for what surrounds the body: status, headers, field names."""

LOOP = asyncio.new_event_loop()
Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


def make_handler(service: AnalysisService) -> Handler:
    """Build the function that Lambda calls.

    Parameters
    ----------
    service : AnalysisService

    Returns
    -------
    callable
        Takes an API Gateway event (REST v1, or HTTP API and function URL v2) and the runtime's context;
        returns the answer in the gateway's form, its body always text. Events of SQS, S3 and EventBridge
        go to :class:`mammo_core.events.door.EventDoor`. An event of another kind raises
        :class:`mammo_core.errors.InvalidRequestError`: there is nobody to send an answer to.
    """
    # Mangum takes the thread's current loop, and would make one that nobody closes.
    asyncio.set_event_loop(LOOP)
    http = Mangum(
        create_app(service, max_body_bytes=service.settings.max_body_bytes),
        lifespan="off",  # otherwise start-up and shutdown would run for every event
        api_gateway_base_path=service.settings.api_base_path,
        text_mime_types=[*DEFAULT_TEXT_MIME_TYPES, "+json"],  # problem+json is text, not base64
    )

    events = EventDoor(service)

    def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's object
        if not _is_http(event):
            return events.handle(event, context)
        # Other code may have replaced the loop since the last event.
        asyncio.set_event_loop(LOOP)
        try:
            answer = http(event, cast(LambdaContext, context))
        except binascii.Error:
            message = "The event says that its body is base64, and it is not."
            return _refused(InvalidRequestError(message), context)
        if _serialised_size(answer["body"]) > MAX_RESPONSE_BYTES - ENVELOPE_BYTES:
            return _refused(InternalError("The answer exceeds what Lambda can return."), context)
        return answer

    return handle


def _is_http(event: dict[str, Any]) -> bool:
    """Whether Mangum has a reader for the event: those are the marks that it looks for."""
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return False
    return "resource" in event or ("version" in event and "http" in context)


def _serialised_size(body: str) -> int:
    """Bytes of the body inside the runtime's JSON, where quotes and backslashes are escaped."""
    return len(body.encode()) + body.count('"') + body.count("\\")


def _refused(error: MammoError, context: Any) -> dict[str, Any]:  # noqa: ANN401 - the runtime's own object
    """An error that never reached the application, or that replaces its answer."""
    request_id = str(getattr(context, "aws_request_id", "unknown"))
    line = log.RequestLine(request_id=request_id, method="", route="lambda")
    line.status, line.code = error.http_status, error.code
    log.write(line)
    return {
        "statusCode": error.http_status,
        "headers": {"content-type": PROBLEM_JSON, "x-request-id": request_id},
        "body": describe(error, request_id).model_dump_json(),
        "isBase64Encoded": False,
    }


SERVICE = build_service()
handler = make_handler(SERVICE)


def publish(event: dict[str, Any], context: Any) -> dict[str, int]:  # noqa: ANN401 - the runtime's own object
    """The compile function: a Keras file under ``source/`` becomes the model that is served.

    Another function of the same image, with rights of its own.
    """
    from mammo_core.publishing import publisher

    return publisher.publish(event, context, settings=SERVICE.settings)
