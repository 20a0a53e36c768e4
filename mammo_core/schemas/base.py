"""What all parts of the wire are made of.

The wire speaks x and y in source pixels (x to the right, y down, the corner of the first pixel at 0, 0).
"""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
Share = Annotated[float, Field(ge=0.0, le=1.0)]

DISCLAIMER = "Research use only. Not a medical device, not for diagnosis; no radiologist has looked at this."


class Wire(BaseModel):
    """What every part of the wire is: complete, and not to be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Known(Wire, Generic[T]):
    """A value with where it comes from, or ``null`` with the reason."""

    value: T | None
    source: str | None = None
    """``dicom_tag``, ``request``, ``file_name``, ``pixels``, ``model``, ``manifest`` …"""
    detail: str | None = None
    """The tag, measurement or method behind the value."""
    reason: str | None = None
    """Why there is no value."""


class Point(Wire):
    """A position in source pixels."""

    x: float
    y: float


class BoundingBox(Wire):
    """A rectangle in source pixels; ``x2`` and ``y2`` lie just outside."""

    x1: int
    y1: int
    x2: int
    y2: int


class Size(Wire):
    """An extent along x and y."""

    x: float
    y: float
