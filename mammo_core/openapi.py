"""The API's description, put right where FastAPI describes an API of another kind.

FastAPI describes errors as JSON beside problem+json, and invalid queries as its own 422; ours are problems,
and 400. Examples are added here too; the tests hold them against the schemas.
"""

import json
from importlib import resources
from typing import Any

from mammo_core import __version__
from mammo_core.problems import PROBLEM_JSON

Description = dict[str, Any]
FOREIGN = ("HTTPValidationError", "ValidationError")
"""Schemas of errors that are not ours."""
PROBLEM = {"$ref": "#/components/schemas/Problem"}
UPLOAD = "0b9fb1f1-8d0e-4a52-9e0c-5f3c1f2f6d8a"
EXAMPLES: dict[str, Any] = {
    "Health": {"status": "ok", "version": __version__},
    "Problem": {
        "type": "urn:mammo-core:problem:unsuitable_image",
        "title": "The image is not a single mammographic view",
        "status": 422,
        "detail": "The image is too small for a mammographic view: each side needs at least 64 pixels, "
        "this one has 2 rows and 2 columns.",
        "code": "unsuitable_image",
        "request_id": "5f0c5d3e-7f53-4d7e-9a63-0d2c2f4b6a11",
    },
    "UploadOut": {
        "id": UPLOAD,
        "url": "https://uploads-of-a-stack.s3.eu-central-1.amazonaws.com/",
        "fields": {
            "Content-Type": "application/dicom",
            "key": f"uploads/{UPLOAD}",
            "policy": "eyJleHBpcmF0aW9uIjog…",
            "x-amz-signature": "6d1f…",
        },
        "max_bytes": 268_435_456,
        "expires_at": "2026-01-31T12:05:00Z",
        "analysis": f"analyses/{UPLOAD}",
    },
    "ReportOut": {
        "pdf": "JVBERi0xLjQKJZOMi54gUmVwb3J0TGFi…",
        "html": None,
        "analysis_id": "bc4e17738ef8fdde7d86c34a9614de8b56427308048d02f1e6963498c2a4da11",
        "warnings": [
            {
                "code": "demonstration_model",
                "message": "This model is for demonstration: not for real images.",
            }
        ],
    },
    "AnalysisState": {"id": UPLOAD, "status": "pending"},
}
BODIES: dict[str, Any] = {
    "base64": {"summary": "The image itself", "value": {"image": "iVBORw0KGgoAAAANSUhEUgAA…"}},
    "object": {
        "summary": "The name of an object in a bucket that the service reads for its callers",
        "value": {"s3": {"bucket": "archive", "key": "2024/L-CC.dcm"}},
    },
}
TAKES_AN_IMAGE = ("/analyze", "/report")


def corrected(description: Description) -> Description:
    """Describe the API as it is.

    Parameters
    ----------
    description : dict
        As FastAPI makes it; changed in place.
    """
    for path in description["paths"].values():
        for operation in path.values():
            _correct_errors(operation["responses"])
    schemas = description["components"]["schemas"]
    for name in FOREIGN:
        schemas.pop(name, None)
    for name, example in {**EXAMPLES, "Answer": _answer()}.items():
        schemas[name]["examples"] = [example]
    for path in TAKES_AN_IMAGE:
        body = description["paths"][path]["post"]["requestBody"]
        body["content"]["application/json"]["examples"] = BODIES
    return description


def _correct_errors(responses: Description) -> None:
    for status, response in list(responses.items()):
        described = json.dumps(response)
        if any(f"schemas/{name}" in described for name in FOREIGN):
            del responses[status]
        elif int(status) >= 400:
            response["content"] = {PROBLEM_JSON: {"schema": PROBLEM}}


def _answer() -> Any:  # noqa: ANN401 - JSON
    """The answer for the sample, its pictures cut after a few characters."""
    text = (resources.files("mammo_core.assets") / "answer.json").read_text(encoding="utf-8")
    return json.loads(text)
