"""The page's files as they are sent: text, named by their content, under a strict policy.

A page is three requests, because each of them may start a sandbox of the function: the modules of the script
are sent as one (see :func:`joined`), as are the samples.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from string import Template
from urllib.parse import urlsplit

MODULES = (
    "dom.js",
    "words.js",
    "state.js",
    "service.js",
    "cases.js",
    "viewport.js",
    "regions.js",
    "pane.js",
    "facts.js",
    "panel.js",
    "about.js",
    "dialogs.js",
    "controls.js",
    "welcome.js",
    "keep.js",
    "main.js",
)
"""In the order in which they are joined: a module uses only those before it."""
IMPORT = re.compile(r'^import \{[^}]*\} from "\./[a-z]+\.js";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async function|function|const|class|let) )", re.MULTILINE)
NAMES = {"app.js": "text/javascript", "app.css": "text/css", "samples.json": "application/json"}
"""What the page asks for beside itself, below ``viewer/``."""

NOBODY = "'none'"


@dataclass(frozen=True)
class File:
    """A text to send.

    Parameters
    ----------
    text : str
    media_type : str
    """

    text: str
    media_type: str

    @cached_property
    def version(self) -> str:
        """A name of the content: another content has another."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the page has to know of the service before it asks for anything.

    Parameters
    ----------
    version : str
    max_body_bytes : int
        Of a request.
    max_upload_bytes : int or None
        Of a file that is sent to a bucket; None if that is not offered.
    report : bool
        Whether a report can be asked for.
    """

    version: str
    max_body_bytes: int
    max_upload_bytes: int | None
    report: bool


@cache
def file(name: str) -> File:
    """One of :data:`NAMES`.

    Raises
    ------
    KeyError
        If it is none of them.
    """
    media_type = NAMES[name]
    text = joined({module: _read(module) for module in MODULES}) if name == "app.js" else _read(name)
    return File(text, media_type)


@cache
def page(offer: Offer) -> File:
    """The page itself, for a service that offers this."""
    filled = Template(_read("index.html")).substitute(
        version=offer.version,
        max_body_bytes=offer.max_body_bytes,
        max_upload_bytes=offer.max_upload_bytes or "",
        report="on" if offer.report else "off",
        **{name.replace(".", "_"): f"viewer/{name}?v={file(name).version}" for name in NAMES},
    )
    return File(filled, "text/html")


def joined(modules: dict[str, str]) -> str:
    """Make one module of several, which import by name only and share no name of their own.

    Parameters
    ----------
    modules : dict
        Text by name; a module uses only those before it, but within functions.
    """
    parts = (f"// {name}\n{EXPORT.sub('', IMPORT.sub('', text))}" for name, text in modules.items())
    return "\n".join(parts)


def policy(*origins: str, ancestors: str = NOBODY) -> str:
    """The Content-Security-Policy of the page.

    Parameters
    ----------
    origins : str
        Of buckets that take files and hold pictures.
    ancestors : str
        Origins whose pages may show this one in a frame, separated by blanks.
    """
    elsewhere = "".join(f" {origin}" for origin in dict.fromkeys(origins))
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' data: blob:{elsewhere}",
            f"connect-src 'self'{elsewhere}",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {ancestors or NOBODY}",
            # Chromium then refuses text as markup, wherever it comes from.
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def origin_of(bucket: str) -> str:
    """Where the forms and links of a bucket lead: as botocore makes them, without loading it."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3")
    if endpoint:
        parts = urlsplit(endpoint)
        return f"{parts.scheme}://{parts.netloc}"
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    # The first region has kept its first name.
    service = "s3" if region == "us-east-1" else f"s3.{region}"
    # A certificate covers one label: a bucket with dots in its name is part of the path.
    host = "" if "." in bucket else f"{bucket}."
    return f"https://{host}{service}.{suffix}"


def _read(name: str) -> str:
    return (resources.files("mammo_core.viewer") / name).read_text(encoding="utf-8")
