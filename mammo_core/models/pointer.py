"""A small file that names the model to serve: replacing it replaces the model, putting it back rolls back."""

from typing import Annotated
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from mammo_core.errors import ConfigurationError
from mammo_core.models.manifest import Sha256


def _below(key: str) -> str:
    """Refuse a key that leads out of the pointer's bucket or folder."""
    if any(part in {"", ".", ".."} for part in key.split("/")):
        raise ValueError("a path without empty parts, '.' and '..' is expected")
    return key


class Pointer(BaseModel):
    """``{"key": …, "sha256": …, "manifest_sha256": …}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Annotated[str, AfterValidator(_below)]
    """Of the model: in the pointer's bucket, or relative to the pointer's folder if both are files."""
    sha256: Sha256
    manifest_sha256: Sha256 | None = None


def read_pointer(text: bytes) -> Pointer:
    """Read a pointer.

    Raises
    ------
    ConfigurationError
        If it is not JSON of this form.
    """
    try:
        return Pointer.model_validate_json(text)
    except ValidationError as error:
        fields = ", ".join(f"{'.'.join(map(str, e['loc'])) or 'pointer'}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"The model's pointer is invalid: {fields}.") from error


def target_uri(pointer_uri: str, pointer: Pointer) -> str:
    """Where the model lies that a pointer names."""
    if pointer_uri.startswith("s3://"):
        bucket = pointer_uri.removeprefix("s3://").partition("/")[0]
        return f"s3://{bucket}/{pointer.key}"
    # A key is a key, also where it holds a percent sign.
    return f"{pointer_uri.rpartition('/')[0]}/{quote(pointer.key)}"
