"""Every error of the project, its code, its status and whether a retry can help, in one table."""

from collections.abc import Iterator

from mammo_core import errors
from mammo_core.errors import MammoError
from mammo_core.problems import describe

TREE = {
    # name: (parent, code, status, retryable)
    "InputError": ("MammoError", "invalid_input", 400, False),
    "InvalidRequestError": ("InputError", "invalid_request", 400, False),
    "PayloadTooLargeError": ("InputError", "payload_too_large", 413, False),
    "UnsupportedMediaError": ("InputError", "unsupported_media", 415, False),
    "UnreadableImageError": ("InputError", "unreadable_image", 422, False),
    "UnsuitableImageError": ("InputError", "unsuitable_image", 422, False),
    "NotFoundError": ("MammoError", "not_found", 404, False),
    "DependencyError": ("MammoError", "dependency_failed", 500, False),
    "StorageUnavailableError": ("DependencyError", "storage_unavailable", 503, True),
    "ModelUnavailableError": ("DependencyError", "model_unavailable", 503, True),
    "OutOfTimeError": ("DependencyError", "out_of_time", 503, True),
    "AccessDeniedError": ("DependencyError", "access_denied", 500, False),
    "InternalError": ("MammoError", "internal_error", 500, False),
    "ConfigurationError": ("InternalError", "misconfigured", 500, False),
    "ModelIntegrityError": ("InternalError", "model_integrity", 500, False),
    "TargetLayerError": ("InternalError", "target_layer", 500, False),
    "CompilationError": ("InternalError", "compilation_failed", 500, False),
    "InferenceError": ("InternalError", "inference_failed", 500, False),
    "RenderError": ("InternalError", "render_failed", 500, False),
    "ReportError": ("InternalError", "report_failed", 500, False),
}
LEAVES = set(TREE) - {"InputError", "DependencyError", "InternalError"}


def below(root: type[MammoError]) -> Iterator[type[MammoError]]:
    """All subclasses, however deep."""
    for child in root.__subclasses__():
        yield child
        yield from below(child)


def test_the_tree_is_the_table() -> None:
    found = {
        error.__name__: (error.__bases__[0].__name__, error.code, error.http_status, error.retryable)
        for error in below(MammoError)
    }
    assert found == TREE


def test_all_errors_live_in_one_module() -> None:
    assert {error.__module__ for error in below(MammoError)} == {errors.__name__}


def test_only_a_503_is_retryable_and_every_503_is() -> None:
    assert {error.retryable == (error.http_status == 503) for error in below(MammoError)} == {True}


def test_codes_and_titles_tell_the_errors_apart() -> None:
    assert len({error.code for error in below(MammoError)}) == len(TREE)
    titles = {error.title for error in below(MammoError) if error.__name__ in LEAVES}
    assert len(titles) == len(LEAVES)


def test_every_error_has_the_same_shape_on_the_wire() -> None:
    for error in below(MammoError):
        assert describe(error("What came, and what was expected."), "request-1").model_dump() == {
            "type": f"urn:mammo-core:problem:{error.code}",
            "title": error.title,
            "status": error.http_status,
            "detail": "What came, and what was expected.",
            "code": error.code,
            "request_id": "request-1",
        }


def test_the_tree_is_drawn_in_the_modules_docstring() -> None:
    drawn = errors.__doc__ or ""
    lines = {line.split("── ")[1].split()[0]: line for line in drawn.splitlines() if "── " in line}
    assert set(lines) == set(TREE)
    for name in LEAVES:
        assert f"{TREE[name][2]} {TREE[name][1]}" in lines[name]
