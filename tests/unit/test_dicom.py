"""A DICOM file is one mammographic view for presentation, or refused by the name of an attribute."""

import struct
import tracemalloc

import numpy as np
import pytest
from pydicom.uid import (
    HTJ2K,
    JPEG2000MC,
    MPEG2MPML,
    UID,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
)

from mammo_core.errors import (
    MammoError,
    UnreadableImageError,
    UnsuitableImageError,
    UnsupportedMediaError,
)
from mammo_core.imaging.decode import Limits, decode
from mammo_core.imaging.dicom_gate import FOR_PROCESSING as FOR_PROCESSING_CLASSES
from mammo_core.records import Notice
from tests.builders_images import (
    FOR_PROCESSING,
    SECONDARY_CAPTURE,
    TOMOSYNTHESIS,
    make_dicom,
    ramp,
)


@pytest.mark.parametrize(
    ("tags", "error", "message"),
    [
        ({"Modality": "CT"}, UnsuitableImageError, "Modality (0008,0060): MG is expected, received CT."),
        (
            {"Modality": "KESTREL"},
            UnsuitableImageError,
            "Modality (0008,0060): MG is expected, received another value.",
        ),
        ({"Modality": "OT"}, UnsuitableImageError, "Modality (0008,0060): MG is expected, received OT."),
        (
            {"Modality": "CT", "SOPClassUID": SECONDARY_CAPTURE},
            UnsuitableImageError,
            "Modality (0008,0060): MG is expected, received CT.",
        ),
        (
            # The root of secondary capture is no prefix: this is VL photographic image storage.
            {"Modality": "OT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.77.1.4"},
            UnsuitableImageError,
            "Modality (0008,0060): MG is expected, received OT.",
        ),
        (
            {"SOPClassUID": TOMOSYNTHESIS},
            UnsuitableImageError,
            "SOPClassUID (0008,0016): one two-dimensional view is expected, received "
            "Breast Tomosynthesis Image Storage.",
        ),
        (
            {"NumberOfFrames": 57},
            UnsuitableImageError,
            "NumberOfFrames (0028,0008): 1 is expected, received 57.",
        ),
        (
            {"PresentationIntentType": "FOR PROCESSING"},
            UnsuitableImageError,
            "PresentationIntentType (0008,0068): FOR PRESENTATION is expected, received FOR PROCESSING; "
            "its values are not meant to be looked at.",
        ),
        (
            {"SOPClassUID": FOR_PROCESSING, "PresentationIntentType": None},
            UnsuitableImageError,
            "SOPClassUID (0008,0016): FOR PRESENTATION is expected, received FOR PROCESSING; "
            "its values are not meant to be looked at.",
        ),
        (
            {"SamplesPerPixel": 3},
            UnsuitableImageError,
            "SamplesPerPixel (0028,0002): 1 (grey) is expected, received 3 (colour).",
        ),
        (
            {"PhotometricInterpretation": "PALETTE COLOR"},
            UnsuitableImageError,
            "PhotometricInterpretation (0028,0004): MONOCHROME1 or MONOCHROME2 is expected, "
            "received another value.",
        ),
        (
            {"PhotometricInterpretation": None},
            UnreadableImageError,
            "PhotometricInterpretation (0028,0004): MONOCHROME1 or MONOCHROME2 is expected, "
            "no value was received.",
        ),
        (
            {"Rows": None},
            UnreadableImageError,
            "Rows (0028,0010): an integer is expected, no value was received.",
        ),
        (
            {"BitsAllocated": 32},
            UnreadableImageError,
            "BitsAllocated (0028,0100): 8 or 16 is expected, received 32.",
        ),
        (
            {"BitsStored": 17},
            UnreadableImageError,
            "BitsStored (0028,0101): 1 to 16 is expected, received 17.",
        ),
        ({"BitsStored": 0}, UnreadableImageError, "BitsStored (0028,0101): 1 to 16 is expected, received 0."),
        (
            {"PixelRepresentation": 2},
            UnreadableImageError,
            "PixelRepresentation (0028,0103): 0 or 1 is expected, received 2.",
        ),
        ({"PixelData": None}, UnreadableImageError, "PixelData (7FE0,0010) is missing."),
    ],
)
def test_what_is_no_view_for_presentation_is_refused_by_the_name_of_the_attribute(
    tags: dict[str, object], error: type[MammoError], message: str
) -> None:
    data = make_dicom(tags=tags)

    for accept_unsuitable in (False, True):
        with pytest.raises(error) as caught:
            decode(data, accept_unsuitable=accept_unsuitable)
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("syntax", "name"),
    [
        (MPEG2MPML, "MPEG2 Main Profile / Main Level"),
        (JPEG2000MC, "JPEG 2000 Part 2 Multi-component Image Compression"),
        (UID("1.2.3.4.5.6"), "one without a known name"),
    ],
)
def test_a_transfer_syntax_without_a_decoder_is_an_unsupported_medium_with_its_registered_name(
    syntax: UID, name: str
) -> None:
    data = make_dicom(transfer_syntax=HTJ2K)  # the longest UID
    uid = HTJ2K.encode()
    assert data.count(uid) == 1

    with pytest.raises(UnsupportedMediaError) as caught:
        decode(data.replace(uid, syntax.encode().ljust(len(uid), b"\0")))

    assert str(caught.value) == (
        "TransferSyntaxUID (0002,0010): uncompressed, RLE, JPEG, JPEG-LS or JPEG 2000 is expected, "
        f"received {name}."
    )


@pytest.mark.parametrize("uid", FOR_PROCESSING_CLASSES)
def test_a_sop_class_for_processing_is_enough_to_be_refused(uid: str) -> None:
    assert UID(uid).name.endswith("X-Ray Image Storage - For Processing")
    with pytest.raises(UnsuitableImageError, match="received FOR PROCESSING"):
        decode(make_dicom(tags={"SOPClassUID": uid, "PresentationIntentType": None}))


def test_a_presentation_intent_in_lower_case_is_no_way_around() -> None:
    data = make_dicom()
    assert data.count(b"FOR PRESENTATION") == 1

    with pytest.raises(UnsuitableImageError, match="received FOR PROCESSING"):
        decode(data.replace(b"FOR PRESENTATION", b"For Processing  "))


def test_a_tomosynthesis_that_is_compressed_is_called_unsuitable_first() -> None:
    data = make_dicom(transfer_syntax=JPEG2000Lossless, tags={"NumberOfFrames": 57})

    with pytest.raises(UnsuitableImageError):
        decode(data)


@pytest.mark.parametrize(
    ("pixel_data", "message"),
    [
        (bytes(10238), "PixelData (7FE0,0010): 10,240 bytes are expected, received 10,238 bytes."),
        (bytes(10400), "PixelData (7FE0,0010): 10,240 bytes are expected, received 10,400 bytes."),
        (bytes(20480), "PixelData (7FE0,0010): 10,240 bytes are expected, received 20,480 bytes."),
        (b"", "PixelData (7FE0,0010): 10,240 bytes are expected, received 0 bytes."),
    ],
)
def test_pixel_data_of_the_wrong_length_are_unreadable(pixel_data: bytes, message: str) -> None:
    with pytest.raises(UnreadableImageError) as caught:
        decode(make_dicom(pixel_data=pixel_data))

    assert str(caught.value) == message


@pytest.mark.parametrize("more", [2, 158])
def test_less_than_a_row_of_bytes_behind_the_pixels_is_ignored_with_a_notice(more: int) -> None:
    stored = ramp(levels=4096)
    data = make_dicom(pixel_data=stored.tobytes() + b"\xff" * more)

    mammogram = decode(data)

    np.testing.assert_array_equal(mammogram.pixels, decode(make_dicom(stored)).pixels)
    assert mammogram.notices == (
        Notice(
            "pixel_data_longer",
            f"PixelData (7FE0,0010): 10,240 bytes are expected, received {10_240 + more:,}; the rest was "
            "ignored.",
        ),
    )


def test_truncated_pixel_data_are_unreadable() -> None:
    with pytest.raises(UnreadableImageError) as caught:
        decode(make_dicom()[:-100])

    assert str(caught.value) == (
        "PixelData (7FE0,0010) is truncated: 10,240 bytes are expected, received 10,140."
    )


def test_encapsulated_pixel_data_in_an_uncompressed_transfer_syntax_are_unreadable() -> None:
    data = make_dicom()
    at = data.index(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, 10240)) + 8
    changed = data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :]

    with pytest.raises(UnreadableImageError, match="10,240 bytes are expected, received an undefined length"):
        decode(changed)


def test_an_odd_number_of_bytes_may_come_with_or_without_its_padding() -> None:
    stored = ramp((65, 65))
    padded = make_dicom(stored, bits_stored=8, bits_allocated=8, pixel_vr="OB")
    length = padded.index(struct.pack("<I", 4226))
    bare = padded[:length] + struct.pack("<I", 4225) + padded[length + 4 : -1]

    for data in (padded, bare):
        np.testing.assert_array_equal(decode(data).pixels, stored * 257)


def test_the_last_of_an_odd_number_of_bytes_in_big_endian_words_needs_its_whole_word() -> None:
    stored = ramp((65, 65))
    padded = make_dicom(stored, bits_stored=8, bits_allocated=8, transfer_syntax=ExplicitVRBigEndian)
    length = padded.index(struct.pack(">I", 4226))
    bare = padded[:length] + struct.pack(">I", 4225) + padded[length + 4 : -1]

    np.testing.assert_array_equal(decode(padded).pixels, stored * 257)
    with pytest.raises(UnreadableImageError, match="4,226 bytes are expected, received 4,225"):
        decode(bare)


@pytest.mark.parametrize(
    ("tags", "codes_expected"),
    [
        ({}, []),
        ({"Modality": None}, ["modality_missing"]),
        ({"Modality": ""}, ["modality_missing"]),
        ({"SOPClassUID": None}, ["sop_class_missing"]),
        ({"Modality": None, "SOPClassUID": None}, ["modality_missing", "sop_class_missing"]),
        ({"Modality": "OT", "SOPClassUID": SECONDARY_CAPTURE}, ["secondary_capture"]),
        ({"Modality": "SC", "SOPClassUID": f"{SECONDARY_CAPTURE}.3"}, ["secondary_capture"]),
        ({"Modality": "MG", "SOPClassUID": SECONDARY_CAPTURE}, ["secondary_capture"]),
        ({"Modality": None, "SOPClassUID": SECONDARY_CAPTURE}, ["modality_missing", "secondary_capture"]),
        ({"NumberOfFrames": 1, "SamplesPerPixel": None, "PresentationIntentType": None}, []),
    ],
)
def test_what_is_accepted_with_a_doubt_carries_a_notice(
    tags: dict[str, object], codes_expected: list[str]
) -> None:
    # Without file meta information, which repeats the SOP class.
    data = make_dicom(preamble="SOPClassUID" not in tags or tags["SOPClassUID"] is not None, tags=tags)

    assert [notice.code for notice in decode(data).notices] == codes_expected


def test_a_full_view_costs_little_more_than_its_pixels() -> None:
    stored = np.zeros((4096, 3328), dtype=np.uint16)
    stored[1000:3000, 500:2500] = 3000
    data = make_dicom(stored, tags={"WindowCenter": 2048, "WindowWidth": 4096})
    assert len(data) > 27_000_000
    decode(make_dicom())  # imports

    tracemalloc.start()
    mammogram = decode(data, limits=Limits())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert mammogram.shape == (4096, 3328)
    assert int(mammogram.pixels[2000, 1000]) == 48011  # 3000 · 65535 / 4095 = 48010.99
    assert peak < 60 * 2**20
