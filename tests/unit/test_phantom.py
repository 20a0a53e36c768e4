"""A phantom is what it says: one breast at every size, with a mass where its truth is, as valid DICOM."""

import io

import numpy as np
import pydicom
import pytest
from pydicom.uid import UID

from mammo_core.errors import InvalidRequestError
from mammo_core.imaging.decode import decode
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import Phantom, make_phantom
from mammo_core.records import Laterality, ViewPosition

SHAPE = (640, 520)
TYPE_1 = [
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "PresentationIntentType",
    "ImageLaterality",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "ImageType",
    "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign",
    "RescaleIntercept",
    "RescaleSlope",
    "RescaleType",
    "PresentationLUTShape",
    "LossyImageCompression",
    "BurnedInAnnotation",
    "ImagerPixelSpacing",
    "ViewCodeSequence",
    "AnatomicRegionSequence",
    "PatientOrientation",
    "PixelData",
]
"""Attributes of the image modules that must have a value (PS3.3 A.27 and C.8.11)."""
TYPE_2 = [
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
    "SeriesNumber",
]
"""Attributes that must be there, with a value or without."""


def dicom_of(phantom: Phantom) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(to_dicom(phantom)))


def test_the_same_seed_gives_the_same_phantom_and_another_seed_another() -> None:
    first, again, other = (make_phantom(seed=seed, shape=SHAPE) for seed in (3, 3, 4))

    assert np.array_equal(first.pixels, again.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


def test_the_mass_is_all_that_tells_an_affected_breast_from_a_healthy_one() -> None:
    affected = make_phantom(seed=5, shape=SHAPE, lesion=True)
    healthy = make_phantom(seed=5, shape=SHAPE, lesion=False)
    lesion = affected.lesion
    assert lesion is not None
    assert healthy.lesion is None

    difference = affected.pixels.astype(float) - healthy.pixels
    rows, columns = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]] + 0.5
    distance = np.hypot(rows - lesion.row, columns - lesion.column) * affected.spacing_mm

    assert difference[distance < lesion.radius_mm / 2].mean() > 0.05 * 65535
    assert np.abs(difference[distance > 3.0 * lesion.radius_mm]).max() == 0.0


def test_a_right_breast_is_the_mirror_image_of_a_left_one() -> None:
    left = make_phantom(seed=6, laterality=Laterality.LEFT, shape=SHAPE)
    right = make_phantom(seed=6, laterality=Laterality.RIGHT, shape=SHAPE)
    assert left.lesion is not None
    assert right.lesion is not None

    assert np.array_equal(right.pixels, left.pixels[:, ::-1])
    assert right.lesion.column == pytest.approx(SHAPE[1] - left.lesion.column)
    assert not np.array_equal(right.pixels, left.pixels)


def test_a_finer_phantom_shows_the_same_breast() -> None:
    coarse = make_phantom(seed=7, shape=SHAPE)
    fine = make_phantom(seed=7, shape=(2 * SHAPE[0], 2 * SHAPE[1]))
    assert coarse.lesion is not None
    assert fine.lesion is not None

    halved = fine.pixels.reshape(SHAPE[0], 2, SHAPE[1], 2).mean(axis=(1, 3))
    assert np.corrcoef(halved.ravel(), coarse.pixels.ravel())[0, 1] > 0.99
    assert fine.spacing_mm == pytest.approx(coarse.spacing_mm / 2)
    assert fine.lesion.row == pytest.approx(2 * coarse.lesion.row)


@pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
@pytest.mark.parametrize("laterality", [Laterality.LEFT, Laterality.RIGHT])
def test_its_dicom_file_is_valid_and_decodes_to_its_pixels_and_tags(
    view: ViewPosition, laterality: Laterality
) -> None:
    phantom = make_phantom(seed=8, view_position=view, laterality=laterality, shape=SHAPE)

    dataset = dicom_of(phantom)
    mammogram = decode(to_dicom(phantom))

    assert [keyword for keyword in TYPE_1 if keyword not in dataset or dataset[keyword].is_empty] == []
    assert [keyword for keyword in TYPE_2 if keyword not in dataset] == []
    assert dataset.SOPClassUID == UID("1.2.840.10008.5.1.4.1.1.1.2")
    assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
    assert (mammogram.laterality.value, mammogram.view_position.value) == (laterality, view)
    assert mammogram.spacing.value is not None
    assert mammogram.spacing.value.row_mm == pytest.approx(phantom.spacing_mm, rel=1e-6)
    # 12 bits are stored: the pixels agree to half a step.
    assert np.abs(mammogram.pixels.astype(int) - phantom.pixels).max() <= 65535 / 4095 / 2 + 1


def test_its_png_file_decodes_to_its_pixels() -> None:
    phantom = make_phantom(seed=8, shape=SHAPE)

    assert np.abs(decode(to_png(phantom)).pixels.astype(int) - phantom.pixels).max() <= 128


def test_a_view_that_no_phantom_has_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        make_phantom(seed=1, view_position=ViewPosition.ML)
