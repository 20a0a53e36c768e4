"""A phantom as a DICOM file: Digital Mammography X-Ray Image Storage - For Presentation (PS3.3 A.27)."""

from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from mammo_core.errors import InvalidRequestError
from mammo_core.phantom.synthesis import Phantom
from mammo_core.records import FULL_SCALE, Laterality, Pixels, ViewPosition

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileMetaDataset

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
PHOTOMETRIC = ("MONOCHROME1", "MONOCHROME2")
MAGNIFICATION = 1.06
"""The detector lies below the breast, so its pixels are larger than the breast's (0018,1114)."""
DATE, TIME = "20240102", "030405"
"""Fixed, so that the same phantom gives the same file."""

VIEWS = {
    ViewPosition.CC: ("399162004", "cranio-caudal"),
    ViewPosition.MLO: ("399368009", "medio-lateral oblique"),
}
"""SNOMED CT codes of CID 4014."""
ORIENTATION = {
    (Laterality.LEFT, ViewPosition.CC): ["A", "R"],
    (Laterality.RIGHT, ViewPosition.CC): ["P", "L"],
    (Laterality.LEFT, ViewPosition.MLO): ["A", "F"],
    (Laterality.RIGHT, ViewPosition.MLO): ["P", "F"],
}
"""Patient Orientation (0020,0020) of the standard hanging: where rows and columns point to."""


def to_dicom(
    phantom: Phantom,
    *,
    bits_stored: int = 12,
    photometric: str = "MONOCHROME2",
    patient: Mapping[str, str] | None = None,
) -> bytes:
    """Write a phantom as a DICOM file, explicit VR little endian, uncompressed.

    Parameters
    ----------
    phantom : Phantom
    bits_stored : int
        12 to 16.
    photometric : str
        ``MONOCHROME2``, or ``MONOCHROME1`` with inverted stored values.
    patient : mapping or None
        Values by DICOM keyword that replace or add attributes, such as ``{"PatientName": "Doe^Jane"}``.

    Returns
    -------
    bytes
        The same for the same arguments.

    Raises
    ------
    InvalidRequestError
        If ``bits_stored`` or ``photometric`` is something else.
    """
    from pydicom import dcmwrite
    from pydicom.uid import generate_uid

    if not 12 <= bits_stored <= 16:
        raise InvalidRequestError(f"Bits Stored must be 12 to 16; {bits_stored} was received.")
    if photometric not in PHOTOMETRIC:
        raise InvalidRequestError(f"The photometric interpretation must be one of {', '.join(PHOTOMETRIC)}.")
    instance = generate_uid(entropy_srcs=_identity(phantom, str(bits_stored), photometric))
    dataset = _patient_and_study(phantom)
    dataset.update(_series_and_equipment(phantom, instance))
    dataset.update(_acquisition(phantom))
    dataset.update(_pixels(phantom, bits_stored, inverted=photometric == "MONOCHROME1"))
    for keyword, value in (patient or {}).items():
        setattr(dataset, keyword, value)
    dataset.file_meta = _file_meta(instance)
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _identity(phantom: Phantom, *more: str) -> list[str]:
    lesion = phantom.lesion
    planted = "none" if lesion is None else f"{lesion.row} {lesion.column} {lesion.radius_mm}"
    view = f"{phantom.laterality} {phantom.view_position}"
    return ["mammo-core phantom", str(phantom.seed), view, str(phantom.shape), planted, *more]


def _file_meta(instance: str) -> "FileMetaDataset":
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(SOP_CLASS)
    meta.MediaStorageSOPInstanceUID = UID(instance)
    meta.TransferSyntaxUID = UID(EXPLICIT_LITTLE_ENDIAN)
    # Ours: pydicom's own would change with its version.
    meta.ImplementationClassUID = generate_uid(entropy_srcs=["mammo-core phantom writer"])
    meta.ImplementationVersionName = "MAMMO_PHANTOM_1"
    return meta


def _patient_and_study(phantom: Phantom) -> "Dataset":
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "Phantom^Synthetic"
    dataset.PatientID = f"PHANTOM-{phantom.seed}"
    dataset.PatientBirthDate = ""
    dataset.PatientSex = ""
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Synthetic image: there is no patient"
    dataset.StudyInstanceUID = generate_uid(entropy_srcs=["mammo-core phantom", str(phantom.seed), "study"])
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = DATE
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = TIME
    dataset.ReferringPhysicianName = ""
    dataset.StudyID = str(phantom.seed)
    dataset.AccessionNumber = ""
    dataset.StudyDescription = "Synthetic mammogram"
    return dataset


def _series_and_equipment(phantom: Phantom, instance: str) -> "Dataset":
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    dataset = Dataset()
    dataset.SOPClassUID = SOP_CLASS
    dataset.SOPInstanceUID = instance
    dataset.Modality = "MG"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=[*_identity(phantom), "series"])
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = f"{phantom.laterality} {phantom.view_position}"
    dataset.InstanceNumber = 1
    dataset.Manufacturer = "mammo-core"
    dataset.ManufacturerModelName = "phantom"
    dataset.DeviceSerialNumber = "0"
    dataset.SoftwareVersions = "1"
    dataset.DetectorType = ""
    return dataset


def _acquisition(phantom: Phantom) -> "Dataset":
    """Anatomy, view and geometry."""
    from pydicom.dataset import Dataset

    dataset = Dataset()
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.DerivationDescription = "Computed, not acquired"
    dataset.BodyPartExamined = "BREAST"
    dataset.AnatomicRegionSequence = [_code("76752008", "Breast")]
    dataset.ImageLaterality = str(phantom.laterality)
    dataset.ViewPosition = str(phantom.view_position)
    view = _code(*VIEWS[phantom.view_position])
    view.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [view]
    dataset.PatientOrientation = ORIENTATION[phantom.laterality, phantom.view_position]
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.OrganExposed = "BREAST"
    dataset.BreastImplantPresent = "NO"
    dataset.AcquisitionContextSequence = []
    # A decimal string has at most 16 characters.
    dataset.ImagerPixelSpacing = [f"{phantom.spacing_mm * MAGNIFICATION:.12f}"] * 2
    dataset.EstimatedRadiographicMagnificationFactor = f"{MAGNIFICATION}"
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    return dataset


def _code(value: str, meaning: str) -> "Dataset":
    from pydicom.dataset import Dataset

    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = "SCT"
    item.CodeMeaning = meaning
    return item


def _pixels(phantom: Phantom, bits: int, *, inverted: bool) -> "Dataset":
    """Stored values, and a window that spans all of them."""
    from pydicom.dataset import Dataset

    dataset = Dataset()
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.Rows, dataset.Columns = phantom.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, bits, bits - 1
    dataset.PixelRepresentation = 0
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if inverted else -1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    # LINEAR with this centre and width maps 0 to black and 2^bits − 1 to white (PS3.3 C.11.2.1.2.1).
    dataset.WindowCenter, dataset.WindowWidth = str(2 ** (bits - 1)), str(2**bits)
    dataset.VOILUTFunction = "LINEAR"
    dataset.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    dataset.PixelData = stored_values(phantom, bits, inverted=inverted).astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    return dataset


def stored_values(phantom: Phantom, bits: int, *, inverted: bool) -> Pixels:
    """Display values on a scale of ``bits`` bits, rounded; inverted for MONOCHROME1."""
    white = 2**bits - 1
    scaled = (phantom.pixels.astype(np.uint32) * white + FULL_SCALE // 2) // FULL_SCALE
    values: Pixels = (white - scaled if inverted else scaled).astype(np.uint16)
    return values
