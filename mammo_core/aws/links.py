"""Links and forms that work without credentials, for a few minutes: signed by ours."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mammo_core.aws import clients


@dataclass(frozen=True, slots=True)
class Form:
    """What ``multipart/form-data`` has to hold for S3 to take a file.

    Parameters
    ----------
    url : str
    fields : dict
        Policy and signature among them.
    """

    url: str
    fields: dict[str, str] = field(repr=False)


def form(bucket: str, key: str, fields: Mapping[str, str], *, max_bytes: int, lives_s: int) -> Form:
    """Sign a form for one object.

    A form can limit the size of what is sent; a signed PUT cannot.

    Parameters
    ----------
    bucket, key : str
    fields : Mapping
        Content type and metadata: each has to be sent exactly so.
    max_bytes : int
    lives_s : int
        Seconds; less if the credentials end before.

    Raises
    ------
    AccessDeniedError, ConfigurationError
        If there is nothing to sign with.
    """
    conditions: list[Any] = [["content-length-range", 1, max_bytes]]
    conditions += [{name: value} for name, value in fields.items()]
    with clients.s3_errors():
        made = clients.signer().generate_presigned_post(
            Bucket=bucket, Key=key, Fields=dict(fields), Conditions=conditions, ExpiresIn=lives_s
        )
    return Form(made["url"], made["fields"])


def link(bucket: str, key: str, *, lives_s: int) -> str:
    """Sign a link to one object.

    Parameters
    ----------
    bucket, key : str
    lives_s : int
        Seconds; less if the credentials end before.

    Raises
    ------
    AccessDeniedError, ConfigurationError
        If there is nothing to sign with.
    """
    with clients.s3_errors():
        return clients.signer().generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=lives_s
        )
