"""Does a deployed service work? The checks a person makes by looking at five tabs, made by a program.

``smoke.py URL`` sends a sample mammogram to any address of the service: an API Gateway stage (``--sigv4`` or
``--api-key``), ``mammo serve``, a container. The exit status is 0 if every check holds, else 1.
"""

import argparse
import base64
import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SAMPLE = Path(__file__).resolve().parent.parent / "mammo_core" / "assets" / "sample.png"
PICTURES = ("original", "overlay", "heatmap_only", "bbox", "cancer_type")
BOUNDARY = "smoke-7f3b2c"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
"""The first value is what a REST API looks at when it decides whether an answer is binary."""
TIMEOUT_S = 60
Sign = Callable[[str, str, bytes | None, dict[str, str]], dict[str, str]]
"""From method, address, body and headers to headers that prove who calls."""


class CheckError(Exception):
    """A check does not hold; the message says what was expected and what came."""


def expect(holds: object, message: str) -> None:
    """Go on only if a condition holds."""
    if not holds:
        raise CheckError(message)


@dataclass(frozen=True)
class Reply:
    """What came back for one request; names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self, *statuses: int) -> Any:  # noqa: ANN401 - JSON
        """The body as JSON; base64 in its place is what a wrongly configured gateway sends."""
        wanted, came = " or ".join(map(str, statuses)), f"{self.status} came: {self.body[:300]!r}"
        expect(self.status in statuses, f"{wanted} was expected, {came}")
        try:
            return json.loads(self.body)
        except ValueError:
            raise CheckError(f"JSON was expected, {came}") from None

    def problem(self, *statuses: int) -> str:
        """Status and code of a refusal, which has to have the form that programs read (RFC 9457)."""
        body, kind = self.json(*statuses), self.headers.get("content-type", "")
        expect(kind.startswith("application/problem+json"), f"problem+json was expected, {kind} came")
        expect(body["request_id"], "no request_id")
        return f"{self.status} {body['code']}"


@dataclass(frozen=True)
class Service:
    """A deployed service: its address up to the stage, a proof if it asks for one, and what to send."""

    url: str
    prove: Sign | None
    image: bytes
    media_type: str
    seen: list[str] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, proof: bool = True, media_type: str = ""
    ) -> Reply:
        """Send a request as a browser does."""
        address = self.url.rstrip("/") + path
        headers = {"Accept": BROWSER} | ({"Content-Type": media_type} if media_type else {})
        if proof and self.prove is not None:
            headers = self.prove(method, address, body, headers)
        request = Request(address, data=body, headers=headers, method=method)  # noqa: S310 - the user's own address
        try:
            with urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310
                status, names, came = reply.status, reply.headers, reply.read()
        except HTTPError as error:
            status, names, came = error.code, error.headers, error.read()
        except (OSError, HTTPException) as error:
            raise CheckError(f"{address} cannot be reached: {error}") from error
        return Reply(status, {name.lower(): value for name, value in names.items()}, came)

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
        reply = self.ask("POST", "/analyze", body, media_type=media_type)
        answer: dict[str, Any] = reply.json(200)
        self.seen.append(reply.headers.get("x-request-id", ""))
        return answer

    def picture(self, name: str) -> NDArray[np.float32]:
        """A picture of the answer as rows × columns × RGB, or what is wrong with it."""
        status, encoded = self.answer["image_status"][name], self.answer["images"][name]
        expect(encoded, f"{name} is missing: {status['status']}, {status['reason']}")
        expect(not encoded.startswith("data:"), f"{name}: raw base64 was expected, {encoded[:20]!r} came")
        with Image.open(io.BytesIO(base64.b64decode(encoded, validate=True))) as image:
            size, kind = image.size, image.get_format_mimetype()
            pixels = np.asarray(image.convert("RGB"), dtype=np.float32)
        declared = ((status["width"], status["height"]), status["media_type"])
        expect((size, kind) == declared, f"{name} is {size} {kind}, image_status says {declared}")
        expect(pixels.std(axis=(0, 1)).max() > 1.0, f"{name} is blank")
        return pixels


def health(service: Service) -> str:
    """The service is alive, without proof of who asks."""
    return f"version {service.ask('GET', '/health', proof=False).json(200)['version']}"


def routes(service: Service) -> str:
    """The page of the routes and their description are there, without proof of who asks."""
    page = service.ask("GET", "/docs", proof=False)
    paths = service.ask("GET", "/openapi.json", proof=False).json(200)["paths"]
    expect(b"<html" in page.body.lower(), f"/docs: a page was expected, {page.body[:40]!r}… came")
    expect("/analyze" in paths, "/openapi.json does not describe /analyze")
    return f"{len(paths)} routes"


def viewer(service: Service) -> str:
    """The viewer and the files that it asks for are there as text, without proof of who asks."""
    html = service.ask("GET", "/", proof=False).body.decode()
    named = re.findall(r'"(viewer/[^"]+)"', html)
    expect(len(named) == 3, f"/: the viewer was expected, {html[:40]!r}… came")
    sizes = [len(service.ask("GET", f"/{name}", proof=False).body.decode()) for name in named]
    expect(min(sizes) > 1000, f"a file of the viewer is not there: {dict(zip(named, sizes, strict=True))}")
    return f"{sum(sizes) // 1000} kB"


def ready(service: Service) -> str:
    """The model is loaded, explains itself, and all pictures can be drawn."""
    state = service.ask("GET", "/ready").json(200)
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
    status, reason = (service.answer["explanation"][name] for name in ("status", "reason"))
    send = "send an image that has a finding: --image FILE"
    expect(status == "ok", f"the map's status is {status} ({reason}); {send}")
    map_ = service.picture("heatmap_only")
    warm = float(np.mean(map_[..., 0] > map_[..., 2] + 60))
    expect(warm > 0.0005, f"{warm:.2%} of heatmap_only is red or yellow")
    return f"{warm:.1%} of it red or yellow"


def overlay(service: Service) -> str:
    """The overlay is the mammogram with the map upon it: coloured somewhere, unchanged elsewhere."""
    plain, blended = service.picture("original"), service.picture("overlay")
    change = np.abs(blended - plain).max(axis=2)
    # Weak evidence looks weak; without any, the overlay is as grey as the image.
    coloured = float(np.mean(blended.max(axis=2) - blended.min(axis=2) > 8))
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
        across = 0 <= box["x1"] < box["x2"] <= source["width"]
        down = 0 <= box["y1"] < box["y2"] <= source["height"]
        expect(across and down, f"region {region['id']} lies outside the image: {box}")
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
    return service.ask("POST", "/analyze", b"no image", media_type="image/png").problem(415)


def door(service: Service) -> str:
    """Without proof nobody gets an analysis."""
    if service.prove is None:
        return "nothing to try: this address is called without proof"
    reply = service.ask("POST", "/analyze", service.image, proof=False, media_type=service.media_type)
    return reply.problem(401, 403)


def log(service: Service) -> str:
    """Every answer names the request under which the log tells how many pictures and regions were made."""
    expect(service.seen and all(service.seen), "an answer came without x-request-id")
    return f"look for request_id {service.seen[0]}: images_made 5, regions_found"


CHECKS = (
    health,
    routes,
    viewer,
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
    """Make every check, whatever became of the others; name, whether it holds, what was seen or is wrong."""
    for check in CHECKS:
        try:
            yield check.__name__, True, check(service)
        except CheckError as error:
            yield check.__name__, False, str(error)
        except (AttributeError, KeyError, TypeError, ValueError, OSError) as error:
            yield check.__name__, False, f"the answer has another form: {type(error).__name__}: {error}"


def header(name: str, value: str) -> Sign:
    """Proof by a header that says it all: a key, or the token of a signed-in user."""
    return lambda _method, _address, _body, headers: {**headers, name: value}


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
        named = re.search(r"\.execute-api\.([a-z0-9-]+)\.", address)
        request = AWSRequest(method, address, data=body, headers=headers)
        where = region or (named[1] if named else session.region_name) or ""
        SigV4Auth(credentials, "execute-api", where).add_auth(request)
        return dict(request.headers.items())

    return prove


def main(arguments: list[str] | None = None) -> int:
    """Make every check and say in a line each what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="address of the service, with the stage, without a route")
    who = parser.add_mutually_exclusive_group()
    key, token = partial(header, "x-api-key"), partial(header, "Authorization")
    who.add_argument("--api-key", dest="prove", type=key, metavar="KEY", help="send x-api-key")
    who.add_argument("--token", dest="prove", type=token, metavar="JWT", help="send Authorization")
    who.add_argument("--sigv4", action="store_true", help="sign with your AWS credentials")
    parser.add_argument("--region", help="of the signature, if the address does not tell")
    parser.add_argument("--image", type=Path, default=SAMPLE, help="a mammogram that has a finding")
    parser.add_argument("--media-type", default="image/png", help="of the image")
    given = parser.parse_args(arguments)
    if urlsplit(given.url).scheme not in {"http", "https"}:
        parser.error("the address begins with https:// or http://")
    prove = sigv4(given.region) if given.sigv4 else given.prove
    failed = 0
    for name, holds, what in run(Service(given.url, prove, given.image.read_bytes(), given.media_type)):
        print(f"{'ok  ' if holds else 'FAIL'}  {name:<12}{what}")
        failed += not holds
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks hold")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
