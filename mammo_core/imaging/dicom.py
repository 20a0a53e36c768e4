"""DICOM files to display values.

Uncompressed pixels are read where they lie in the file, compressed ones are decoded in a process of their
own; both are looked up once. Nothing of the data set but the attributes named in
``dicom_attributes.KEYWORDS`` is looked at, and no text of it leaves.
"""

from mammo_core.imaging.bits import bits_in_use
from mammo_core.imaging.dicom_doubts import read_doubts
from mammo_core.imaging.dicom_gate import check_suitable, check_transfer_syntax
from mammo_core.imaging.dicom_pixels import read_pixels
from mammo_core.imaging.dicom_reader import open_instance
from mammo_core.imaging.dicom_tags import read_laterality, read_spacing, read_view
from mammo_core.imaging.library import quiet
from mammo_core.imaging.limits import Limits
from mammo_core.imaging.lookup import gather
from mammo_core.imaging.voi import display_table, read_pixel_format
from mammo_core.records import ImageFormat, Mammogram


def decode_dicom(data: bytes, *, sha256: str, limits: Limits) -> Mammogram:
    """Decode a DICOM file of one mammographic view.

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
    ConfigurationError, InternalError
        If a decoder is not installed, or its process cannot be started.
    """
    # Once for all attributes: for each on its own it takes longer than the pixels of a small view.
    with quiet():
        instance = open_instance(data, limits=limits)
        doubts = check_suitable(instance)
        check_transfer_syntax(instance)
        attributes = instance.attributes
        shape = attributes.integer("Rows"), attributes.integer("Columns")
        limits.check_shape(*shape)
        pixel_format = read_pixel_format(attributes)
        # Before the pixels are decompressed, since it finds the faults of the attributes.
        table = display_table(attributes, pixel_format)
    stored = read_pixels(instance, pixel_format, shape)
    used, bit_doubts = bits_in_use(stored, attributes)
    with quiet():
        if used != pixel_format:
            table = display_table(attributes, used)
        spacing, spacing_doubts = read_spacing(attributes)
        laterality, laterality_doubts = read_laterality(attributes)
        view, view_doubts = read_view(attributes)
        other_doubts = read_doubts(instance)
    return Mammogram(
        pixels=gather(table.values, stored.codes),
        image_format=ImageFormat.DICOM,
        sha256=sha256,
        spacing=spacing,
        laterality=laterality,
        view_position=view,
        steps=(*stored.steps, *table.steps),
        notices=(
            *doubts,
            *stored.notices,
            *bit_doubts,
            *table.notices,
            *spacing_doubts,
            *laterality_doubts,
            *view_doubts,
            *other_doubts,
        ),
    )
