"""Which DICOM objects are one mammographic view for presentation."""

import re

from mammo_core.errors import UnreadableImageError, UnsuitableImageError, UnsupportedMediaError
from mammo_core.imaging.dicom_attributes import label, registered_name
from mammo_core.imaging.dicom_reader import Instance
from mammo_core.imaging.transfer_syntax import READ
from mammo_core.records import Notice

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""Also the beginning of its multi-frame variants, followed by a point."""
TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
FOR_PROCESSING = (
    "1.2.840.10008.5.1.4.1.1.1.2.1",  # Digital Mammography X-Ray Image Storage
    "1.2.840.10008.5.1.4.1.1.13.1.5",  # Breast Projection X-Ray Image Storage
    "1.2.840.10008.5.1.4.1.1.1.1.1",  # Digital X-Ray Image Storage, of devices older than the first
)
"""SOP classes of values for processing, which mammograms come in."""
FILM_MODALITIES = ("MG", "OT", "SC")
"""What secondary captures of film call themselves."""
PHOTOMETRIC_INTERPRETATIONS = ("MONOCHROME1", "MONOCHROME2")


def check_suitable(instance: Instance) -> tuple[Notice, ...]:
    """Refuse what is not one grey mammographic view for presentation.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    tuple of Notice
        ``modality_missing``, ``sop_class_missing``, ``secondary_capture``: accepted with a doubt.

    Raises
    ------
    UnsuitableImageError
        Another modality, tomosynthesis, several frames, colour, or values for processing.
    UnreadableImageError
        Without a photometric interpretation.
    """
    notices = _check_modality(instance)
    _check_single_frame(instance)
    _check_for_presentation(instance)
    _check_grey(instance)
    return notices


def check_transfer_syntax(instance: Instance) -> None:
    """Refuse pixels that no decoder here reads.

    Raises
    ------
    UnsupportedMediaError
        Which names the transfer syntax by its registered name.
    """
    if instance.transfer_syntax not in READ:
        name = registered_name(instance.transfer_syntax) or "one without a known name"
        raise UnsupportedMediaError(
            f"{label('TransferSyntaxUID')}: uncompressed, RLE, JPEG, JPEG-LS or JPEG 2000 is expected, "
            f"received {name}."
        )


def _sop_class(instance: Instance) -> str:
    return instance.attributes.text("SOPClassUID") or instance.meta.text("MediaStorageSOPClassUID")


def _check_modality(instance: Instance) -> tuple[Notice, ...]:
    modality = instance.attributes.text("Modality")
    sop_class = _sop_class(instance)
    captured = sop_class == SECONDARY_CAPTURE or sop_class.startswith(f"{SECONDARY_CAPTURE}.")
    if modality not in (("", *FILM_MODALITIES) if captured else ("", "MG")):
        # A code of two letters names no patient; anything else might be in the wrong place.
        received = modality if re.fullmatch("[A-Z]{2}", modality) else "another value"
        raise UnsuitableImageError(f"{label('Modality')}: MG is expected, received {received}.")
    notices = []
    if not modality:
        notices.append(
            Notice("modality_missing", f"{label('Modality')} is missing: the file does not say what it is.")
        )
    if not sop_class:
        notices.append(
            Notice(
                "sop_class_missing",
                f"{label('SOPClassUID')} is missing: the file does not say what kind of object it is.",
            )
        )
    if captured:
        notices.append(
            Notice(
                "secondary_capture",
                "The file is a secondary capture: its grey values may not be those of the detector.",
            )
        )
    return tuple(notices)


def _check_single_frame(instance: Instance) -> None:
    if _sop_class(instance) == TOMOSYNTHESIS:
        raise UnsuitableImageError(
            f"{label('SOPClassUID')}: one two-dimensional view is expected, received "
            f"{registered_name(TOMOSYNTHESIS)}."
        )
    frames = instance.attributes.integers("NumberOfFrames")
    if frames and frames[0] > 1:
        raise UnsuitableImageError(f"{label('NumberOfFrames')}: 1 is expected, received {frames[0]}.")


def _check_for_presentation(instance: Instance) -> None:
    if instance.attributes.text("PresentationIntentType").upper() == "FOR PROCESSING":
        keyword = "PresentationIntentType"
    elif _sop_class(instance) in FOR_PROCESSING:
        keyword = "SOPClassUID"
    else:
        return
    raise UnsuitableImageError(
        f"{label(keyword)}: FOR PRESENTATION is expected, received FOR PROCESSING; "
        "its values are not meant to be looked at."
    )


def _check_grey(instance: Instance) -> None:
    count = instance.attributes.integers("SamplesPerPixel")
    if count and count[0] != 1:
        raise UnsuitableImageError(
            f"{label('SamplesPerPixel')}: 1 (grey) is expected, received {count[0]} (colour)."
        )
    photometric = instance.attributes.text("PhotometricInterpretation")
    expected = " or ".join(PHOTOMETRIC_INTERPRETATIONS)
    if not photometric:
        raise UnreadableImageError(
            f"{label('PhotometricInterpretation')}: {expected} is expected, no value was received."
        )
    if photometric not in PHOTOMETRIC_INTERPRETATIONS:
        raise UnsuitableImageError(
            f"{label('PhotometricInterpretation')}: {expected} is expected, received another value."
        )
