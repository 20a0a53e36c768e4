"""Ask a service: ``python examples/client.py https://… scan.dcm [--api-key KEY]``.

A file that fits goes into the request. A larger one is posted to a bucket with the form that
``POST /uploads`` gives, and its result is asked for until it is there.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import requests

FITS = 4_496_000
"""Bytes of a file that API Gateway and Lambda carry in a request: 4.5 MB with the form around it."""
PATIENCE_S, PAUSE_S = 300.0, 2.0
TIMEOUT_S = 60.0
BUSY = 429, 503
"""Statuses that pass."""


def analyze(service: str, image: Path, session: requests.Session, *, fits: int = FITS) -> dict[str, Any]:
    """Return the answer for one image, whichever way it has to go.

    Parameters
    ----------
    service : str
        Address of the API.
    image : Path
    session : requests.Session
        With the headers that the service asks for, such as ``x-api-key``.
    fits : int
        Largest file that is sent in the request, in bytes.

    Raises
    ------
    RuntimeError
        If the service refuses the image or cannot answer; the message says why.
    requests.RequestException
        If it cannot be reached.
    """
    data = image.read_bytes()
    if len(data) > fits:
        return _by_bucket(service, image, data, session)
    form = {"file": (image.name, data)}
    return _told(session.post(f"{service}/analyze", files=form, timeout=TIMEOUT_S))


def _by_bucket(service: str, image: Path, data: bytes, session: requests.Session) -> dict[str, Any]:
    offered = _told(session.post(f"{service}/uploads", timeout=TIMEOUT_S))
    # The bucket is asked without the session: its form is the proof, and a key is not for it.
    sent = requests.post(offered["url"], data=offered["fields"], files={"file": data}, timeout=TIMEOUT_S)
    if not sent.ok:
        raise RuntimeError(f"The bucket refused the file ({sent.status_code}).")
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        reply = session.get(f"{service}/{offered['analysis'].lstrip('/')}", timeout=TIMEOUT_S)
        # The image is where it has to be: that the service is busy for a moment changes nothing.
        state: dict[str, Any] = {"status": "pending"} if reply.status_code in BUSY else _told(reply)
        if state["status"] == "succeeded":
            answer: dict[str, Any] = state["answer"]
            return answer
        if state["status"] != "pending":
            raise RuntimeError(f"{state['error']['code']}: {state['error']['detail']}")
        time.sleep(PAUSE_S)
    raise RuntimeError("The result is not there yet.")


def _told(reply: requests.Response) -> dict[str, Any]:
    """The body, or the problem that it describes."""
    try:
        body: dict[str, Any] = reply.json()
    except ValueError as error:
        raise RuntimeError(f"No answer of the service, but status {reply.status_code}.") from error
    if not reply.ok:
        request = body.get("request_id", "unknown")
        raise RuntimeError(f"{body.get('code', reply.status_code)}: {body.get('detail')} (request {request})")
    return body


def main() -> int:
    """Print what the service says of one image."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("service")
    parser.add_argument("image", type=Path)
    parser.add_argument("--api-key")
    arguments = parser.parse_args()
    session = requests.Session()
    if arguments.api_key:
        session.headers["x-api-key"] = arguments.api_key
    try:
        answer = analyze(arguments.service.rstrip("/"), arguments.image, session)
    except (OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"{answer['result']}: score {answer['confidence']:.3f}, {answer['findings']['num_regions']} region(s)"
    )
    print(answer["disclaimer"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
