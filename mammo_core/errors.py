"""Every way a request can fail, decided in one place.

::

    MammoError
    ├── InputError                   the caller's data or request; a retry cannot help
    │   ├── InvalidRequestError      400 invalid_request
    │   ├── PayloadTooLargeError     413 payload_too_large
    │   ├── UnsupportedMediaError    415 unsupported_media
    │   ├── UnreadableImageError     422 unreadable_image
    │   └── UnsuitableImageError     422 unsuitable_image
    ├── NotFoundError                404 not_found
    ├── DependencyError              something we rely on
    │   ├── StorageUnavailableError  503 storage_unavailable   (retryable)
    │   ├── ModelUnavailableError    503 model_unavailable     (retryable)
    │   ├── OutOfTimeError           503 out_of_time           (retryable, in the worker only)
    │   └── AccessDeniedError        500 access_denied
    └── InternalError                our fault
        ├── ConfigurationError       500 misconfigured
        ├── ModelIntegrityError      500 model_integrity
        ├── TargetLayerError         500 target_layer
        ├── CompilationError         500 compilation_failed    (on the command line only)
        ├── InferenceError           500 inference_failed
        ├── RenderError              500 render_failed         (caught per picture, told in ``image_status``)
        └── ReportError              500 report_failed         (the analysis itself was done)

A message is built from facts: what was expected, what came, and which argument, tag or file part it was.
It is shown to the caller, so nothing that identifies a patient may enter it: no tag values, no file names.
"""

from typing import ClassVar


class MammoError(Exception):
    """Root of every error this project raises on purpose.

    Parameters
    ----------
    message : str
        One sentence for the caller, free of patient data.

    Attributes
    ----------
    code : str
        Stable identifier that clients may branch on.
    title : str
        The same for every occurrence of the code (RFC 9457 ``title``).
    http_status : int
        Status of the HTTP answer.
    retryable : bool
        Whether the same request can succeed later without being changed.
    """

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InputError(MammoError):
    """The caller's data or request is at fault."""

    code = "invalid_input"
    title = "The input cannot be used"
    http_status = 400


class InvalidRequestError(InputError):
    """An unknown option, a missing part, a body of the wrong form."""

    code = "invalid_request"
    title = "The request is not valid"


class PayloadTooLargeError(InputError):
    """More bytes or pixels than the limit; found before anything is decoded."""

    code = "payload_too_large"
    title = "The image is too large"
    http_status = 413


class UnsupportedMediaError(InputError):
    """A file format, or a transfer syntax, that this service does not decode."""

    code = "unsupported_media"
    title = "The file format is not supported"
    http_status = 415


class UnreadableImageError(InputError):
    """A known format whose content is truncated, corrupt or without pixels."""

    code = "unreadable_image"
    title = "The image cannot be read"
    http_status = 422


class UnsuitableImageError(InputError):
    """A readable image that is not one mammographic view for presentation."""

    code = "unsuitable_image"
    title = "The image is not a single mammographic view"
    http_status = 422


class NotFoundError(MammoError):
    """The object, analysis or route does not exist."""

    code = "not_found"
    title = "Not found"
    http_status = 404


class DependencyError(MammoError):
    """A service we rely on did not do its part."""

    code = "dependency_failed"
    title = "A dependency failed"


class StorageUnavailableError(DependencyError):
    """Throttled, timed out, refused the connection or answered 5xx."""

    code = "storage_unavailable"
    title = "The storage is unavailable"
    http_status = 503
    retryable = True


class ModelUnavailableError(DependencyError):
    """The weights cannot be fetched or loaded now."""

    code = "model_unavailable"
    title = "The model is unavailable"
    http_status = 503
    retryable = True


class OutOfTimeError(DependencyError):
    """The invocation ends too soon for another analysis: it is not begun."""

    code = "out_of_time"
    title = "Too little time is left"
    http_status = 503
    retryable = True


class AccessDeniedError(DependencyError):
    """Our own role or bucket is misconfigured: a person has to act."""

    code = "access_denied"
    title = "The service may not read a resource it needs"


class InternalError(MammoError):
    """Our own fault: never the caller's, never repaired by a retry."""


class ConfigurationError(InternalError):
    """A setting or a manifest is missing or invalid."""

    code = "misconfigured"
    title = "The service is misconfigured"


class ModelIntegrityError(InternalError):
    """The weights are not the ones that were pinned, or not what the manifest describes."""

    code = "model_integrity"
    title = "The model is not the expected one"


class TargetLayerError(InternalError):
    """No layer of the model can be explained.

    Raised when a model is compiled or checked; while analysing it becomes the state ``unavailable``.
    """

    code = "target_layer"
    title = "The model has no layer to explain"


class CompilationError(InternalError):
    """A Keras model cannot be compiled, or what was compiled disagrees with it.

    Raised by the compiler, never while analysing; the Keras backend can serve such a model.
    """

    code = "compilation_failed"
    title = "The model cannot be compiled"


class InferenceError(InternalError):
    """The model ran and gave numbers that cannot be a score."""

    code = "inference_failed"
    title = "The model gave no usable score"


class RenderError(InternalError):
    """A picture could not be drawn."""

    code = "render_failed"
    title = "A picture could not be drawn"


class ReportError(InternalError):
    """The document of a report could not be made; the answer that it would show was."""

    code = "report_failed"
    title = "The report could not be made"
