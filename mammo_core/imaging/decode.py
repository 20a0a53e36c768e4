"""From the bytes of any supported file to a mammogram.

The format is read from the bytes themselves: names and content types are what somebody says about them.
"""

import hashlib
import re

from mammo_core.errors import UnsupportedMediaError
from mammo_core.imaging.dicom import decode_dicom
from mammo_core.imaging.limits import Limits
from mammo_core.imaging.raster import decode_raster
from mammo_core.records import ImageFormat, Mammogram

__all__ = ["Limits", "decode", "sniff"]

DEFAULT_LIMITS = Limits()

SIGNATURES = (
    # DICOM first: its 128 bytes of preamble may hold the signature of another format (PS3.10 §7.1).
    (re.compile(rb".{128}DICM", re.DOTALL), ImageFormat.DICOM),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), ImageFormat.PNG),
    (re.compile(rb"\xff\xd8\xff"), ImageFormat.JPEG),
    (re.compile(rb"II[*+]\0|MM\0[*+]"), ImageFormat.TIFF),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), ImageFormat.WEBP),
    # Two letters are not much of a signature: the size of one of the known headers must follow.
    (re.compile(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), ImageFormat.BMP),
    # A data set without preamble: its first element is one of the first of group 0002 or 0008 and has a
    # value representation, or (implicit) a length below 64 KiB; or the same in big endian.
    (re.compile(rb"[\x02\x08]\0.\0(?:[A-Z]{2}|..\0\0)", re.DOTALL), ImageFormat.DICOM),
    (re.compile(rb"\0\x08\0.[A-Z]{2}", re.DOTALL), ImageFormat.DICOM),
)


def decode(data: bytes, *, limits: Limits = DEFAULT_LIMITS, accept_unsuitable: bool = False) -> Mammogram:
    """Decode one image file.

    Parameters
    ----------
    data : bytes
        A PNG, JPEG, TIFF, BMP, WebP or DICOM file.
    limits : Limits
        Checked on the header, before pixels are decoded.
    accept_unsuitable : bool
        Turn a colour image into grey instead of refusing it. No other refusal is lifted.

    Returns
    -------
    Mammogram
        ``pixels`` (rows, columns), uint16: display values, 0 black to 65535 white, air dark in DICOM files;
        the polarity of other files is not known here.

    Raises
    ------
    PayloadTooLargeError
        More bytes or pixels than ``limits``.
    UnsupportedMediaError
        No known signature, or a DICOM transfer syntax without a decoder.
    UnreadableImageError
        Empty, truncated or corrupt.
    UnsuitableImageError
        Not one grey view for presentation: colour, transparency, several frames, another modality …
    """
    limits.check_bytes(len(data))
    image_format = sniff(data)
    digest = hashlib.sha256(data).hexdigest()
    if image_format is ImageFormat.DICOM:
        return decode_dicom(data, sha256=digest, limits=limits)
    return decode_raster(
        data, image_format, sha256=digest, limits=limits, accept_unsuitable=accept_unsuitable
    )


def sniff(data: bytes) -> ImageFormat:
    """Tell the format of a file from its first bytes.

    Raises
    ------
    UnsupportedMediaError
        If they are of no format that is read.
    """
    for signature, image_format in SIGNATURES:
        if signature.match(data):
            return image_format
    names = ", ".join(ImageFormat)
    raise UnsupportedMediaError(f"The file format is not known. Formats that are read: {names}.")
