"""DICOM files in every transfer syntax, with pixels that are known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from openjpeg.utils import encode_array as encode_j2k
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

from tests.builders_images import SHAPE, make_dicom
from tests.builders_jpeg import make_dct_jpeg, make_lossless_jpeg

GOLDEN = Path(__file__).parent / "golden" / "htj2k"
NEAR = 3
"""Largest error that near-lossless JPEG-LS is allowed."""


@dataclass(frozen=True)
class Stored:
    """Stored values and their format.

    Parameters
    ----------
    values : ndarray of shape (rows, columns), int64
    bits : int
    signed : bool
    """

    values: NDArray[np.int64]
    bits: int
    signed: bool = False

    @property
    def allocated(self) -> int:
        return 8 if self.bits <= 8 else 16

    @property
    def kind(self) -> str:
        """NumPy's name of the type of a sample, without its sign."""
        return f"{self.allocated // 8}"

    @property
    def samples(self) -> NDArray[np.integer]:
        """The values in their own type."""
        return self.values.astype(f"{'i' if self.signed else 'u'}{self.kind}")

    @property
    def words(self) -> NDArray[np.unsignedinteger]:
        """The bits of the values, sign-extended to those that are allocated."""
        return self.samples.view(f"u{self.kind}")


def pattern(bits: int, *, signed: bool = False) -> Stored:
    """A ramp from the smallest to the largest value, along the rows, (64, 80)."""
    count = SHAPE[0] * SHAPE[1]
    ramp = np.rint(np.arange(count).reshape(SHAPE) / (count - 1) * (2**bits - 1)).astype(np.int64)
    return Stored(ramp - (2 ** (bits - 1) if signed else 0), bits, signed)


@dataclass(frozen=True)
class Syntax:
    """A transfer syntax, and how test files in it are made.

    Parameters
    ----------
    uid : UID
    encode : callable or None
        From stored values to a codestream; None for uncompressed files.
    error : int
        Largest difference of a decoded value.
    bits : tuple of int
        Bits Stored that can be encoded.
    signs : tuple of bool
        Whether unsigned and signed values can.
    """

    uid: UID
    encode: Callable[[Stored], bytes] | None = None
    error: int = 0
    bits: tuple[int, ...] = (8, 10, 12, 14, 16)
    signs: tuple[bool, ...] = (False, True)

    @property
    def name(self) -> str:
        return self.uid.name

    def can(self, bits: int, *, signed: bool) -> bool:
        """Whether such values can be encoded."""
        return bits in self.bits and signed in self.signs


def _rle(stored: Stored) -> bytes:
    rows, columns = stored.values.shape
    return RLELosslessEncoder.encode(
        stored.words.tobytes(),
        encoding_plugin="pydicom",
        rows=rows,
        columns=columns,
        samples_per_pixel=1,
        bits_allocated=stored.allocated,
        bits_stored=stored.bits,
        pixel_representation=int(stored.signed),
        photometric_interpretation="MONOCHROME2",
        number_of_frames=1,
    )


def _jpeg_ls(stored: Stored, *, error: int = 0) -> bytes:
    from jpeg_ls import encode_array

    return bytes(encode_array(stored.words, lossy_error=error))


def _j2k(stored: Stored, **options: object) -> bytes:
    return bytes(
        encode_j2k(
            stored.samples,
            bits_stored=stored.bits,
            photometric_interpretation=2,
            use_mct=False,
            **options,  # type: ignore[arg-type]  # which ones, the callers know
        )
    )


def _golden(stored: Stored) -> bytes:
    return (GOLDEN / f"{'i' if stored.signed else 'u'}{stored.bits}.j2c").read_bytes()


def _lossless(stored: Stored, *, predictor: int) -> bytes:
    return make_lossless_jpeg(stored.words, precision=stored.allocated, predictor=predictor)


SYNTAXES = (
    Syntax(ImplicitVRLittleEndian),
    Syntax(ExplicitVRLittleEndian),
    Syntax(ExplicitVRBigEndian),
    Syntax(DeflatedExplicitVRLittleEndian),
    Syntax(RLELossless, _rle),
    Syntax(
        JPEGBaseline8Bit,
        lambda stored: make_dct_jpeg(stored.values, precision=8, marker=0xC0),
        error=2,
        bits=(8,),
        signs=(False,),
    ),
    Syntax(
        JPEGExtended12Bit,
        lambda stored: make_dct_jpeg(stored.values, precision=stored.bits, marker=0xC1),
        error=2,
        bits=(8, 12),
        signs=(False,),
    ),
    Syntax(JPEGLossless, lambda stored: _lossless(stored, predictor=6)),
    Syntax(JPEGLosslessSV1, lambda stored: _lossless(stored, predictor=1)),
    Syntax(JPEGLSLossless, _jpeg_ls),
    Syntax(JPEGLSNearLossless, lambda stored: _jpeg_ls(stored, error=NEAR), error=NEAR, signs=(False,)),
    Syntax(JPEG2000Lossless, _j2k),
    Syntax(JPEG2000, lambda stored: _j2k(stored, signal_noise_ratios=[100]), error=4),
    Syntax(HTJ2KLossless, _golden),
    Syntax(HTJ2KLosslessRPCL, _golden),
    Syntax(HTJ2K, lambda stored: (GOLDEN / "lossy.j2c").read_bytes(), error=4, bits=(12,), signs=(False,)),
)


def make_dicom_in(
    syntax: Syntax,
    stored: Stored,
    *,
    tags: Mapping[str, object] | None = None,
    fragments: int = 1,
) -> bytes:
    """A mammogram for presentation in any transfer syntax."""
    return make_dicom(
        stored.values,
        bits_stored=stored.bits,
        bits_allocated=stored.allocated,
        signed=stored.signed,
        transfer_syntax=syntax.uid,
        codestream=None if syntax.encode is None else syntax.encode(stored),
        fragments=fragments,
        tags=tags,
    )
