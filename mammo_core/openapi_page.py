"""``GET /docs``: the API's description as a page to read: no script, nothing from elsewhere."""

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from html import escape
from typing import Any

Description = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; --quiet: light-dark(#4c5a67, #a4b1bc); --line: light-dark(#d5dce3, #2a343e);
  --accent: light-dark(#0a6073, #6cc7da); }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif;
  background: light-dark(#fff, #0e1318); color: light-dark(#16202a, #e4eaef); }
a { color: var(--accent); }
h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; }
h3 { margin: 2rem 0 0.5rem; }
h1, h2, h3, p { overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 1rem 0.3rem 0; text-align: left;
  vertical-align: top; }
th, .quiet { color: var(--quiet); font-weight: normal; }
td:last-child { min-width: 16rem; }
"""
DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{DIGEST}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
CODE = re.compile(r"`+([^`]+)`+")


def page_of(description: Description) -> str:
    """Write the page.

    Parameters
    ----------
    description : dict
        As ``GET /openapi.json`` answers it.

    Returns
    -------
    str
        HTML; its addresses are relative, so that it works behind a stage's path.
    """
    info, paths, schemas = description["info"], description["paths"], description["components"]["schemas"]
    routes = [
        (f"{method.upper()} {path}", route)
        for path, methods in paths.items()
        for method, route in methods.items()
    ]
    title = f"{info['title']} {info['version']}: the API"
    return "".join(
        [
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<link rel="icon" href="data:,"><style>{STYLE}</style></head><body><main>',
            f"<h1>{escape(title)}</h1>{_prose(info['description'])}",
            '<p><a href="./">The viewer</a> · <a href="openapi.json">the same for programs</a></p>',
            _table(
                ("route", "does"),
                [
                    (f'<a href="#{_anchor(name)}"><code>{escape(name)}</code></a>', _words(route["summary"]))
                    for name, route in routes
                ],
            ),
            *(_route(name, route) for name, route in routes),
            "<h2>What they are made of</h2>",
            *(_schema(name, schemas[name]) for name in sorted(schemas)),
            "</main></body></html>",
        ]
    )


def _route(name: str, route: Description) -> str:
    parts = [f'<h2 id="{_anchor(name)}"><code>{escape(name)}</code></h2><p>{_words(route["summary"])}</p>']
    parts.append(_prose(route.get("description", "")))
    if route.get("parameters"):
        rows = [
            (each["name"], each["schema"], each.get("description", ""), each.get("required", False))
            for each in route["parameters"]
        ]
        parts.append(f"<h3>Parameters</h3>{_fields(rows)}")
    if "requestBody" in route:
        rows = [(kind, body["schema"], "", False) for kind, body in route["requestBody"]["content"].items()]
        parts.append(f"<h3>Body, as one of</h3>{_fields(rows)}")
    answers = [
        (escape(status), _kinds(answer.get("content", {})), _words(answer["description"]))
        for status, answer in route["responses"].items()
    ]
    return "".join([*parts, f"<h3>Answers</h3>{_table(('status', 'holds', ''), answers)}"])


def _kinds(content: Description) -> str:
    return ", ".join(
        f'{_type(body.get("schema", {}))} <span class="quiet">{kind}</span>' for kind, body in content.items()
    )


def _schema(name: str, schema: Description) -> str:
    heading = f'<h3 id="{_anchor(name)}">{escape(name)}</h3>{_prose(schema.get("description", ""))}'
    if "properties" not in schema:
        return f"{heading}<p>{_type(schema)}</p>"
    needed = schema.get("required", ())
    rows = [
        (field, of, of.get("description", ""), field in needed) for field, of in schema["properties"].items()
    ]
    return heading + _fields(rows)


def _fields(rows: list[tuple[str, Description, str, bool]]) -> str:
    return _table(
        ("name", "type", ""),
        [
            (
                f"<code>{escape(name)}</code>",
                _type(schema)
                + (
                    f" = <code>{escape(_plain(schema['default']))}</code>"
                    if schema.get("default") is not None
                    else ""
                )
                + (' <span class="quiet">required</span>' if needed else ""),
                _words(words),
            )
            for name, schema, words, needed in rows
        ],
    )


def _type(schema: Description) -> str:
    """What a value may be, with links to what is described elsewhere."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{_anchor(name)}">{escape(name)}</a>'
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(map(_type, schema[several]))
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return " | ".join(f"<code>{escape(_plain(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if schema.get("type") == "object" and "properties" in schema:
        fields = [f"<code>{escape(name)}</code>: {_type(of)}" for name, of in schema["properties"].items()]
        return f"{{{', '.join(fields)}}}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"names to {_type(schema['additionalProperties'])}"
    bounds = [f"{sign} {schema[key]:g}" for key, sign in BOUNDS.items() if key in schema]
    name = schema.get("format", schema.get("type", "anything"))
    return escape(f"{name} {', '.join(bounds)}".strip())


def _plain(value: object) -> str:
    """A value as it is sent: text as it is, anything else as JSON has it."""
    return value if isinstance(value, str) else json.dumps(value)


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _prose(words: str) -> str:
    return "".join(f"<p>{_words(part)}</p>" for part in words.split("\n\n") if part.strip())


def _words(words: str) -> str:
    return CODE.sub(r"<code>\1</code>", escape(words))


def _anchor(name: str) -> str:
    return re.sub(r"\W+", "-", name)
