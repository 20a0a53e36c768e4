"""Everything that an environment variable can set, read once.

An explicit argument beats the environment, which beats the default.
"""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from mammo_core.errors import ConfigurationError

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
ORIGINS = r"^(https?://[\w.*-]+(:\d+)?( https?://[\w.*-]+(:\d+)?)*)?$"
"""Goes into a header as it is."""
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(lambda v: str(v).upper())]


class Settings(BaseSettings):
    """The service's settings; each field is an environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", use_attribute_docstrings=True, env_ignore_empty=True
    )

    model_uri: str | None = None
    """``s3://bucket/key`` or ``file:///path`` of a ``.mammo`` bundle, a ``.keras`` or ``.h5`` file, or a
    pointer (``.json``); unset: the embedded model."""
    model_sha256: Sha256 | None = None
    """Digest that the weights must have; required for ``.h5``."""
    manifest_sha256: Sha256 | None = None
    """Digest that the manifest must have."""
    max_image_bytes: Annotated[int, Field(gt=0)] = 256 * 2**20
    """Largest image file, in bytes."""
    max_image_pixels: Annotated[int, Field(gt=0)] = 50_000_000
    """Largest image, in rows × columns."""
    max_picture_bytes: Annotated[int, Field(gt=0)] = 3_900_000
    """Largest sum of the encoded pictures in one answer; base64 adds a third, and Lambda's limit is 6 MB."""
    max_body_bytes: Annotated[int, Field(gt=0)] = 4_500_000
    """Largest request body inside Lambda, whose limit is 6 MB of base64; not applied by ``mammo serve``."""
    cors_origin: str | None = None
    """The one origin whose pages may call the service; unset: none."""
    frame_ancestors: Annotated[str, Field(pattern=ORIGINS)] = ""
    """Origins, separated by blanks, whose pages may show the viewer in a frame; empty: none."""
    api_base_path: str = "/"
    """Path prefix that the gateway adds, such as ``/prod`` behind a custom domain."""
    log_level: LogLevel = "INFO"
    """``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``."""
    upload_bucket: str | None = None
    """Bucket into which ``POST /uploads`` lets callers put files; unset: uploads are not offered."""
    result_bucket: str | None = None
    """Bucket into which the worker writes results, and from which ``GET /analyses/{id}`` answers."""
    readable_buckets: str = ""
    """Buckets, separated by commas, whose objects ``POST /analyze`` reads by name; empty: none."""
    max_receives: Annotated[int, Field(ge=1, le=1000)] = 3
    """How often the queue hands a message out before it goes to the dead-letter queue."""
    metrics_namespace: str | None = None
    """CloudWatch namespace of the metrics that are written to the log; unset: none are written."""

    @model_validator(mode="after")
    def _results_elsewhere(self) -> Self:
        if self.result_bucket is not None and self.result_bucket == self.upload_bucket:
            # Each result would be an upload, and be analysed.
            raise ValueError("RESULT_BUCKET and UPLOAD_BUCKET must differ")
        return self

    @property
    def readable(self) -> frozenset[str]:
        """The names in ``readable_buckets``."""
        return frozenset(name.strip() for name in self.readable_buckets.split(",") if name.strip())


def load_settings() -> Settings:
    """Read the environment.

    Raises
    ------
    ConfigurationError
        If a variable has no valid value; the message names the variables, not their values.
    """
    try:
        return Settings()
    except ValidationError as error:
        names = ", ".join(f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"The environment is not valid: {names}.") from error
