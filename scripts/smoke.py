"""Does a deployed service work? The checks a person makes by looking at five tabs, made by a program.

``smoke.py URL`` sends a sample mammogram to any address of the service: an API Gateway stage (``--sigv4`` or
``--api-key``), ``mammo serve``, a container. The exit status is 0 if every check holds, else 1.
"""

import argparse
import base64
import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "mammo_core" / "assets" / "sample.png"
PICTURES = ("original", "overlay", "heatmap_only", "bbox", "cancer_type")
BOUNDARY = "smoke-7f3b2c"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
"""The first value is what a REST API looks at when it decides whether an answer is binary."""
TIMEOUT_S = 60


class CheckError(Exception):
    """A check does not hold; the message says what was expected and what came."""


def expect(holds: object, message: str) -> None:
    """Go on only if a condition holds."""
    if not holds:
        raise CheckError(message)


@dataclass(frozen=True)
class Reply:
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON
        """The body as JSON; base64 in its place is what a wrongly configured gateway sends."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise CheckError(f"JSON was expected, {self.body[:40]!r}… came (status {self.status})") from None


Sign = Callable[[str, str, bytes | None, dict[str, str]], dict[str, str]]


@dataclass(frozen=True)
class Service:
    """A deployed service.

    Parameters
    ----------
    url : str
        Up to and including the stage.
    prove : callable or None
        From method, address, body and headers to headers that prove who calls. None: all is open.
    image : bytes
        The mammogram to send.
    media_type : str
    """

    url: str
    prove: Sign | None
    image: bytes
    media_type: str
    seen: list[str] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, proof: bool = True, **headers: str
    ) -> Reply:
        """Send a request as a browser does."""
        address = self.url.rstrip("/") + path
        sent = {"Accept": BROWSER, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if proof and self.prove is not None:
            sent = self.prove(method, address, body, sent)
        request = Request(address, data=body, headers=sent, method=method)  # noqa: S310 - the user's own address
        try:
            with urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310
                return Reply(reply.status, _lower(reply.headers), reply.read())
        except HTTPError as error:
            return Reply(error.code, _lower(error.headers), error.read())
        except URLError as error:
            raise CheckError(f"{address} cannot be reached: {error.reason}") from error

    @cached_property
    def answer(self) -> dict[str, Any]:
        """The analysis of the image, sent as a browser's form."""
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="image"\r\n'
            f"Content-Type: {self.media_type}\r\n\r\n"
        )
        body = head.encode() + self.image + f"\r\n--{BOUNDARY}--\r\n".encode()
        return self._analysed(body, f"multipart/form-data; boundary={BOUNDARY}")

    @cached_property
    def answer_to_raw(self) -> dict[str, Any]:
        """The analysis of the image, sent as the body."""
        return self._analysed(self.image, self.media_type)

    def _analysed(self, body: bytes, media_type: str) -> dict[str, Any]:
        reply = self.ask("POST", "/analyze", body, Content_Type=media_type)
        expect(reply.status == 200, f"200 was expected, {reply.status} came: {reply.body[:300]!r}")
        self.seen.append(reply.headers.get("x-request-id", ""))
        answer: dict[str, Any] = reply.json()
        return answer

    def picture(self, name: str) -> NDArray[np.float32]:
        """A picture of the answer as rows × columns × RGB, or what is wrong with it."""
        status = self.answer["image_status"][name]
        encoded = self.answer["images"][name]
        expect(encoded, f"{name} is missing: {status['status']}, {status['reason']}")
        expect(
            not encoded.startswith("data:"), f"{name} starts with {encoded[:20]!r}, raw base64 was expected"
        )
        data = base64.b64decode(encoded, validate=True)
        with Image.open(io.BytesIO(data)) as image:
            size, kind = image.size, image.get_format_mimetype()
            pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
        declared = ((status["width"], status["height"]), status["media_type"])
        expect((size, kind) == declared, f"{name} is {size} {kind}, image_status says {declared}")
        expect(pixels.std(axis=(0, 1)).max() > 1.0, f"{name} is blank")
        return pixels


def _lower(headers: Any) -> dict[str, str]:  # noqa: ANN401 - the library's own mapping
    return {name.lower(): value for name, value in headers.items()}


def health(service: Service) -> str:
    """The service is alive, without proof of who asks."""
    reply = service.ask("GET", "/health", proof=False)
    expect(reply.status == 200, f"200 was expected, {reply.status} came")
    return f"version {reply.json()['version']}"


def description(service: Service) -> str:
    """The page of the routes and their description are there, without proof of who asks."""
    page = service.ask("GET", "/docs", proof=False)
    routes = service.ask("GET", "/openapi.json", proof=False)
    expect(b"<html" in page.body.lower(), f"/docs: a page was expected, {page.body[:40]!r}… came")
    expect("/analyze" in routes.json()["paths"], "/openapi.json does not describe /analyze")
    return f"{len(routes.json()['paths'])} routes"


def ready(service: Service) -> str:
    """The model is loaded, explains itself, and all pictures can be drawn."""
    reply = service.ask("GET", "/ready")
    expect(reply.status == 200, f"200 was expected, {reply.status} came: {reply.body[:300]!r}")
    state = reply.json()
    broken = {name: s["reason"] for name, s in state["image_status"].items() if s["status"] != "ok"}
    expect(state["status"] == "ready", f"{state['status']}: {broken or state['explanation_reason']}")
    return f"model {state['model']['id']} {state['model']['version']} ({state['model']['backend']})"


def score(service: Service) -> str:
    """A mammogram gets a result and a score."""
    result, value = service.answer["result"], service.answer["confidence"]
    expect(isinstance(result, str) and 0.0 <= value <= 1.0, f"result {result!r}, confidence {value!r}")
    return f"{result}, {value:.3f}"


def pictures(service: Service) -> str:
    """All five pictures are base64, are what they say they are, and show something."""
    sizes = {name: service.picture(name).shape for name in PICTURES}
    expect(len(set(sizes.values())) == 1, f"one size was expected: {sizes}")
    return "five, {1}×{0}".format(*sizes["original"])


def heatmap(service: Service) -> str:
    """The heat map is warm where the evidence is."""
    explanation = service.answer["explanation"]
    expect(
        explanation["status"] == "ok",
        f"the map's status is {explanation['status']} ({explanation['reason']}); "
        "send an image that has a finding: --image FILE",
    )
    map_ = service.picture("heatmap_only")
    warm = float(np.mean(map_[..., 0] > map_[..., 2] + 60))
    expect(warm > 0.0005, f"{warm:.2%} of heatmap_only is red or yellow")
    return f"{warm:.1%} of it red or yellow"


def overlay(service: Service) -> str:
    """The overlay is the mammogram with the map upon it: coloured somewhere, unchanged elsewhere."""
    plain, blended = service.picture("original"), service.picture("overlay")
    change = np.abs(blended - plain).max(axis=2)
    coloured = float(np.mean(blended.max(axis=2) - blended.min(axis=2) > 30))
    expect(coloured > 0.0005, f"{coloured:.2%} of overlay is coloured")
    expect(np.mean(change < 12) > 0.2, "overlay does not show the image where the map is cold")
    return f"{coloured:.1%} of it coloured"


def boxes(service: Service) -> str:
    """Regions are listed, lie in the image, and are drawn."""
    findings, source = service.answer["findings"], service.answer["input"]
    regions = findings["regions"] or []
    expect(findings["num_regions"] == len(regions) > 0, f"{findings['num_regions']} regions were found")
    for region in regions:
        box = region["bbox"]
        inside = (
            0 <= box["x1"] < box["x2"] <= source["width"] and 0 <= box["y1"] < box["y2"] <= source["height"]
        )
        expect(inside, f"region {region['id']} lies outside the image: {box}")
    for name in ("bbox", "cancer_type"):
        drawn = np.abs(service.picture(name) - service.picture("original")).max(axis=2) > 60
        expect(drawn.mean() > 0.0005, f"{name} shows no box")
    return f"{len(regions)} region(s), drawn"


def same_again(service: Service) -> str:
    """The image as a raw body gets the pictures that the form got, byte for byte."""
    first, second = service.answer["images"], service.answer_to_raw["images"]
    differing = [name for name in PICTURES if first[name] != second[name]]
    expect(not differing, f"form and raw body differ in {', '.join(differing)}")
    return "form and raw body give the same bytes"


def refusal(service: Service) -> str:
    """What is no image is refused, in a form that a program can read."""
    reply = service.ask("POST", "/analyze", b"no image", Content_Type="image/png")
    expect(reply.status == 415, f"415 was expected, {reply.status} came")
    kind = reply.headers.get("content-type", "")
    expect(kind.startswith("application/problem+json"), f"problem+json was expected, {kind} came")
    problem = reply.json()
    expect(problem["request_id"], "no request_id")
    return f"415 {problem['code']}"


def door(service: Service) -> str:
    """Without proof nobody gets an analysis."""
    if service.prove is None:
        return "nothing to try: this address is called without proof"
    reply = service.ask("POST", "/analyze", service.image, proof=False, Content_Type=service.media_type)
    expect(reply.status in {401, 403}, f"401 or 403 was expected, {reply.status} came")
    kind = reply.headers.get("content-type", "")
    expect(kind.startswith("application/problem+json"), f"problem+json was expected, {kind} came")
    return f"{reply.status} {reply.json()['code']}"


def log(service: Service) -> str:
    """Every answer names the request under which the log tells how many pictures and regions were made."""
    expect(service.seen and all(service.seen), "an answer came without x-request-id")
    return f"look for request_id {service.seen[0]}: images_made 5, regions_found"


CHECKS = (
    health,
    description,
    ready,
    score,
    pictures,
    heatmap,
    overlay,
    boxes,
    same_again,
    refusal,
    door,
    log,
)


def run(service: Service) -> Iterator[tuple[str, bool, str]]:
    """Make every check; one that fails does not keep the others from being made.

    Yields
    ------
    tuple of (name, holds, what was seen or what is wrong)
    """
    for check in CHECKS:
        try:
            yield check.__name__, True, check(service)
        except CheckError as error:
            yield check.__name__, False, str(error)
        except (KeyError, TypeError, ValueError, OSError) as error:
            yield check.__name__, False, f"the answer has another form: {type(error).__name__}: {error}"


def api_key(key: str) -> Sign:
    """Proof by an API key."""
    return lambda _method, _address, _body, headers: {**headers, "x-api-key": key}


def bearer(token: str) -> Sign:
    """Proof by the token of a signed-in user."""
    return lambda _method, _address, _body, headers: {**headers, "Authorization": token}


def sigv4(region: str | None) -> Sign:
    """Proof by a signature with the credentials of the AWS command line."""
    import boto3
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    session = boto3.Session()
    credentials = session.get_credentials()
    if credentials is None:
        sys.exit("smoke: no AWS credentials are configured")

    def prove(method: str, address: str, body: bytes | None, headers: dict[str, str]) -> dict[str, str]:
        labels = (urlsplit(address).hostname or "").split(".")
        # NAME.execute-api.REGION.amazonaws.com
        named = labels[2] if len(labels) > 3 and labels[1] == "execute-api" else None
        request = AWSRequest(method, address, data=body, headers=headers)
        signer = SigV4Auth(credentials, "execute-api", region or named or session.region_name or "")
        signer.add_auth(request)
        return dict(request.headers.items())

    return prove


def main(arguments: list[str] | None = None) -> int:
    """Make every check and say in a line each what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="address of the service, with the stage, without a route")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--api-key", metavar="KEY", help="send x-api-key")
    who.add_argument("--token", metavar="JWT", help="send Authorization")
    who.add_argument("--sigv4", action="store_true", help="sign with your AWS credentials")
    parser.add_argument("--region", help="of the signature, if the address does not tell")
    parser.add_argument("--image", type=Path, default=SAMPLE, help="a mammogram that has a finding")
    parser.add_argument("--media-type", default="image/png", help="of the image")
    given = parser.parse_args(arguments)
    prove = api_key(given.api_key) if given.api_key else bearer(given.token) if given.token else None
    if given.sigv4:
        prove = sigv4(given.region)
    failed = 0
    for name, holds, what in run(Service(given.url, prove, given.image.read_bytes(), given.media_type)):
        print(f"{'ok  ' if holds else 'FAIL'}  {name:<12}{what}")
        failed += not holds
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
