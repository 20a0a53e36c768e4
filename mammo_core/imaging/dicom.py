"""DICOM files to display values.

Pixels are read where they lie in the file and looked up once; nothing of the data set but the attributes
named in ``dicom_attributes.KEYWORDS`` is looked at, and no text of it leaves.
"""

import numpy as np
from numpy.typing import NDArray

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.dicom_attributes import label, samples
from mammo_core.imaging.dicom_gate import check_suitable, check_transfer_syntax
from mammo_core.imaging.dicom_reader import UNDEFINED_LENGTH, Instance, open_instance
from mammo_core.imaging.dicom_tags import read_laterality, read_spacing, read_view
from mammo_core.imaging.limits import Limits
from mammo_core.imaging.lookup import gather
from mammo_core.imaging.voi import PixelFormat, display_table, read_pixel_format
from mammo_core.records import ImageFormat, Mammogram


def decode_dicom(data: bytes, *, sha256: str, limits: Limits) -> Mammogram:
    """Decode an uncompressed DICOM file of one mammographic view.

    Parameters
    ----------
    data : bytes
        With or without preamble.
    sha256 : str
        Digest of ``data``.
    limits : Limits
        Checked against Rows and Columns.

    Returns
    -------
    Mammogram
        ``pixels`` are P-values: modality and VOI transforms applied, MONOCHROME1 inverted, padding black.

    Raises
    ------
    PayloadTooLargeError, UnsupportedMediaError, UnreadableImageError, UnsuitableImageError
        Naming the attribute, what is expected and what was received. None of them is lifted by an option.
    """
    instance = open_instance(data, limits=limits)
    doubts = check_suitable(instance)
    check_transfer_syntax(instance)
    attributes = instance.attributes
    shape = attributes.integer("Rows"), attributes.integer("Columns")
    limits.check_shape(*shape)
    pixel_format = read_pixel_format(attributes)
    table = display_table(attributes, pixel_format)
    spacing, spacing_doubts = read_spacing(attributes)
    return Mammogram(
        pixels=gather(table.values, _stored_codes(instance, pixel_format, shape)),
        image_format=ImageFormat.DICOM,
        sha256=sha256,
        spacing=spacing,
        laterality=read_laterality(attributes),
        view_position=read_view(attributes),
        steps=table.steps,
        notices=(*doubts, *table.notices, *spacing_doubts),
    )


def _stored_codes(
    instance: Instance, pixel_format: PixelFormat, shape: tuple[int, int]
) -> NDArray[np.unsignedinteger]:
    """View the pixels as they are in the file, (rows, columns), after a check of their length."""
    element = instance.pixels
    if element is None:
        raise UnreadableImageError(f"{label('PixelData')} is missing.")
    count = shape[0] * shape[1]
    needed = count * pixel_format.allocated // 8
    # Elements have even lengths; the byte that pads an odd one may be absent.
    if element.length not in (needed, needed + needed % 2):
        received = (
            "an undefined length" if element.length == UNDEFINED_LENGTH else f"{element.length:,} bytes"
        )
        raise UnreadableImageError(
            f"{label('PixelData')}: {needed:,} bytes are expected, received {received}."
        )
    available = len(instance.buffer) - element.start
    if available < element.length:
        raise UnreadableImageError(
            f"{label('PixelData')} is truncated: {needed:,} bytes are expected, received {available:,}."
        )
    codes = samples(
        instance.buffer,
        element.start,
        count,
        wide=pixel_format.allocated == 16,
        words=element.vr == "OW",
        little_endian=instance.little_endian,
    )
    return codes.reshape(shape)
