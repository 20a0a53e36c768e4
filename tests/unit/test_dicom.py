"""A DICOM file is one view for presentation or refused by name, and nothing else of it gets out."""

import logging
import struct
import sys
import traceback
import tracemalloc

import numpy as np
import pytest
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    RLELossless,
)

from mammo_core.errors import (
    InputError,
    MammoError,
    UnreadableImageError,
    UnsuitableImageError,
    UnsupportedMediaError,
)
from mammo_core.imaging.decode import Limits, decode
from mammo_core.imaging.dicom_reader import KEYWORDS, label
from mammo_core.imaging.dicom_tags import CID_4014, VIEW_CODES
from mammo_core.records import Laterality, Notice, PixelSpacing, Sourced, ViewPosition
from tests.builders_images import (
    FOR_PROCESSING,
    SECONDARY_CAPTURE,
    TOMOSYNTHESIS,
    make_code,
    make_dicom,
    make_lut,
    ramp,
)

CANARY = "KESTREL"
CHARACTER_SET = struct.pack("<HH2sH", 0x0008, 0x0005, b"CS", 0)
"""An element with which a bare data set begins."""


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
            {"HighBit": 10},
            UnreadableImageError,
            "HighBit (0028,0102): 11 to 15 is expected, received 10.",
        ),
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
        (JPEG2000Lossless, "JPEG 2000 Image Compression (Lossless Only)"),
        (JPEGLossless, "JPEG Lossless, Non-Hierarchical (Process 14)"),
        (RLELossless, "RLE Lossless"),
        (UID("1.2.3.4.5.6"), "one that is not in the standard's registry"),
    ],
)
def test_a_compressed_transfer_syntax_is_an_unsupported_medium_with_its_registered_name(
    syntax: UID, name: str
) -> None:
    data = make_dicom(transfer_syntax=JPEG2000Lossless)
    uid = JPEG2000Lossless.encode()
    assert data.count(uid) == 1

    with pytest.raises(UnsupportedMediaError) as caught:
        decode(data.replace(uid, syntax.encode().ljust(len(uid), b"\0")))

    assert str(caught.value) == (
        f"TransferSyntaxUID (0002,0010): an uncompressed transfer syntax is expected, received {name}."
    )


def test_a_tomosynthesis_that_is_compressed_is_called_unsuitable_first() -> None:
    data = make_dicom(transfer_syntax=JPEG2000Lossless, tags={"NumberOfFrames": 57})

    with pytest.raises(UnsuitableImageError):
        decode(data)


@pytest.mark.parametrize(
    ("pixel_data", "message"),
    [
        (bytes(10238), "PixelData (7FE0,0010): 10,240 bytes are expected, received 10,238 bytes."),
        (bytes(10242), "PixelData (7FE0,0010): 10,240 bytes are expected, received 10,242 bytes."),
        (b"", "PixelData (7FE0,0010): 10,240 bytes are expected, received 0 bytes."),
    ],
)
def test_pixel_data_of_the_wrong_length_are_unreadable(pixel_data: bytes, message: str) -> None:
    with pytest.raises(UnreadableImageError) as caught:
        decode(make_dicom(pixel_data=pixel_data))

    assert str(caught.value) == message


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


@pytest.mark.parametrize(
    ("tags", "codes_expected"),
    [
        ({}, []),
        ({"Modality": None}, ["modality_missing"]),
        ({"Modality": ""}, ["modality_missing"]),
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
    assert [notice.code for notice in decode(make_dicom(tags=tags)).notices] == codes_expected


NO_SPACING: Sourced[PixelSpacing] = Sourced(
    None,
    reason="the file has no positive ImagerPixelSpacing with a positive magnification factor, and no "
    "PixelSpacing that says how it was calibrated",
)
MAGNIFICATION_UNKNOWN = Notice(
    "magnification_unknown",
    "EstimatedRadiographicMagnificationFactor (0018,1114) is missing: lengths are those on the detector, a "
    "few per cent larger than in the breast.",
)


@pytest.mark.parametrize(
    ("tags", "expected", "notices"),
    [
        (
            {"ImagerPixelSpacing": [0.1, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
            Sourced(
                PixelSpacing(0.08, 0.16),
                "detector",
                "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor",
            ),
            (),
        ),
        (
            {"ImagerPixelSpacing": [0.1, 0.2]},
            Sourced(PixelSpacing(0.1, 0.2), "detector", "ImagerPixelSpacing, without magnification"),
            (MAGNIFICATION_UNKNOWN,),
        ),
        (
            {"PixelSpacing": [0.05, 0.06], "PixelSpacingCalibrationType": "GEOMETRY"},
            Sourced(PixelSpacing(0.05, 0.06), "calibrated", "PixelSpacing, calibrated by GEOMETRY"),
            (),
        ),
        (
            {
                "PixelSpacing": [0.05, 0.06],
                "PixelSpacingCalibrationType": "FIDUCIAL",
                "ImagerPixelSpacing": [0.1, 0.2],
            },
            Sourced(PixelSpacing(0.05, 0.06), "calibrated", "PixelSpacing, calibrated by FIDUCIAL"),
            (),
        ),
        ({}, NO_SPACING, ()),
        ({"PixelSpacing": [0.05, 0.06]}, NO_SPACING, ()),
        ({"PixelSpacing": [0.05, 0.06], "PixelSpacingCalibrationType": "OTHER"}, NO_SPACING, ()),
        ({"PixelSpacing": [0, 0.06], "PixelSpacingCalibrationType": "GEOMETRY"}, NO_SPACING, ()),
        ({"ImagerPixelSpacing": [0.1, -0.1]}, NO_SPACING, ()),
        ({"ImagerPixelSpacing": 0.1}, NO_SPACING, ()),
        ({"ImagerPixelSpacing": ""}, NO_SPACING, ()),
        (
            {"ImagerPixelSpacing": [0.1, 0.1], "EstimatedRadiographicMagnificationFactor": 0},
            NO_SPACING,
            (),
        ),
        ({"ImagerPixelSpacing": ["1e400", "0.1"]}, NO_SPACING, ()),
    ],
)
def test_spacing_is_that_at_the_breast_or_unknown(
    tags: dict[str, object], expected: Sourced[PixelSpacing], notices: tuple[Notice, ...]
) -> None:
    mammogram = decode(make_dicom(tags=tags))

    assert mammogram.spacing == expected
    assert mammogram.notices == notices


@pytest.mark.parametrize(
    ("tags", "value", "keyword"),
    [
        ({"ImageLaterality": "L"}, Laterality.LEFT, "ImageLaterality (0020,0062)"),
        ({"ImageLaterality": "R", "Laterality": "L"}, Laterality.RIGHT, "ImageLaterality (0020,0062)"),
        ({"ImageLaterality": "", "Laterality": "B"}, Laterality.BOTH, "Laterality (0020,0060)"),
        ({"ImageLaterality": "U", "Laterality": "L"}, Laterality.LEFT, "Laterality (0020,0060)"),
    ],
)
def test_laterality_comes_from_its_tag(tags: dict[str, object], value: Laterality, keyword: str) -> None:
    assert decode(make_dicom(tags=tags)).laterality == Sourced(value, "dicom_tag", keyword)


@pytest.mark.parametrize("tags", [{}, {"ImageLaterality": "U"}, {"Laterality": CANARY}])
def test_without_a_known_laterality_there_is_a_reason_and_no_default(tags: dict[str, object]) -> None:
    assert decode(make_dicom(tags=tags)).laterality == Sourced(
        None, reason="neither ImageLaterality nor Laterality is L, R or B"
    )


def test_the_view_codes_are_those_of_the_standard() -> None:
    concepts = codes.cid4014.concepts
    meanings = {code.value: code.meaning for code in concepts.values()}

    assert {concept for _, concept, _ in CID_4014} == set(meanings) - {"127457009"}  # no view: a specimen
    assert {concept: code for _, concept, code in CID_4014} == {
        concept: code for concept, code in mapping["SCT"].items() if concept in VIEW_OF
    }
    assert {view: meanings[concept] for view, concept, _ in CID_4014} == {
        ViewPosition.CC: "cranio-caudal",
        ViewPosition.MLO: "medio-lateral oblique",
        ViewPosition.ML: "medial-lateral",
        ViewPosition.LM: "latero-medial",
        ViewPosition.LMO: "latero-medial oblique",
        ViewPosition.XCCL: "cranio-caudal exaggerated laterally",
        ViewPosition.XCCM: "cranio-caudal exaggerated medially",
        ViewPosition.FB: "caudo-cranial",
        ViewPosition.SIO: "superolateral to inferomedial oblique",
        ViewPosition.ISO: "inferomedial to superolateral oblique",
    }
    assert {view for view, _, _ in CID_4014} == set(ViewPosition)


VIEW_OF = {concept: view for view, concept, _ in CID_4014}


@pytest.mark.parametrize(("scheme", "code"), VIEW_CODES)
def test_the_view_comes_from_its_code_in_the_new_and_in_the_old_scheme(scheme: str, code: str) -> None:
    mammogram = decode(
        make_dicom(tags={"ViewCodeSequence": [make_code(code, scheme)], "ViewPosition": CANARY})
    )

    assert mammogram.view_position == Sourced(
        VIEW_CODES[scheme, code], "dicom_tag", "ViewCodeSequence (0054,0220)"
    )


@pytest.mark.parametrize("sequence", [[], [make_code("R-10226", "SCT")], [make_code("1", "99LOCAL")]])
@pytest.mark.parametrize("view", ViewPosition)
def test_without_a_known_code_the_view_comes_from_its_string(
    sequence: list[Dataset], view: ViewPosition
) -> None:
    mammogram = decode(make_dicom(tags={"ViewCodeSequence": sequence, "ViewPosition": view.value}))

    assert mammogram.view_position == Sourced(view, "dicom_tag", "ViewPosition (0018,5101)")


@pytest.mark.parametrize("view", ["", "AP", CANARY])
def test_without_a_known_view_there_is_a_reason(view: str) -> None:
    assert decode(make_dicom(tags={"ViewPosition": view})).view_position == Sourced(
        None, reason="neither ViewCodeSequence nor ViewPosition names a known projection"
    )


def everything_said(data: bytes, caplog: pytest.LogCaptureFixture) -> str:
    """All text that can get out: the record or the error with its whole chain, and the log."""
    with caplog.at_level(logging.DEBUG):
        try:
            said = repr(decode(data))
        except InputError as error:
            said = "\n".join(traceback.format_exception(error))
            chain: list[BaseException | None] = [error, error.__cause__, error.__context__]
            said += "\n".join(repr(link) for link in chain)
            assert error.__context__ is None or error.__context__ is error.__cause__
    return said + caplog.text


def test_no_text_of_the_data_set_gets_out(caplog: pytest.LogCaptureFixture) -> None:
    texts = {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT"}
    tags = {
        keyword: CANARY
        for tag, (vr, _, _, _, keyword) in DicomDictionary.items()
        # Groups before 0008 are commands and file meta information, which the writer keeps elsewhere.
        if vr in texts and keyword and keyword not in KEYWORDS and tag >= 0x00080000
    }
    data = make_dicom(tags=tags)
    assert data.count(CANARY.encode()) > 500

    assert "laterality=Sourced" in everything_said(data, caplog)
    assert "is truncated" in everything_said(data[:-7], caplog)
    assert CANARY not in everything_said(data, caplog)
    assert CANARY not in everything_said(data[:-7], caplog)


def test_no_text_of_the_file_meta_information_gets_out(caplog: pytest.LogCaptureFixture) -> None:
    data = make_dicom(transfer_syntax=JPEG2000Lossless)
    meta = data.replace(JPEG2000Lossless.encode(), CANARY.encode().ljust(len(JPEG2000Lossless), b"\0"))
    assert meta.count(CANARY.encode()) == 1

    said = everything_said(meta, caplog)

    assert "is not in the standard's registry" in said
    assert CANARY not in said


@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("keyword", KEYWORDS)
def test_no_allow_listed_attribute_repeats_what_does_not_belong_into_it(
    keyword: str, implicit: bool, caplog: pytest.LogCaptureFixture
) -> None:
    sequence = "Sequence" in keyword
    data = make_dicom(
        transfer_syntax=ImplicitVRLittleEndian if implicit else UID("1.2.840.10008.1.2.1"),
        tags={
            "NumberOfFrames": 1,
            "ModalityLUTSequence": [make_lut([1, 2], first=0)] if keyword == "ModalityLUTSequence" else [],
        },
    )
    # The element goes to the front: pydicom keeps the last of two, so the true one is renamed.
    tag = struct.pack("<HH", int(label(keyword)[-10:-6], 16), int(label(keyword)[-5:-1], 16))
    data = data.replace(tag, struct.pack("<HH", 0x0009, 0x0010))
    value = CANARY.encode() + b" "
    vr = b"" if implicit else (b"SQ" if sequence else b"LO")
    element = (
        tag + vr + (struct.pack("<HI", 0, 8) if vr == b"SQ" else struct.pack("<I" if implicit else "<H", 8))
    )
    start = 144 + struct.unpack_from("<I", data, 140)[0]
    data = data[:start] + element + value + data[start:]
    assert data.count(CANARY.encode()) == 1

    assert CANARY not in everything_said(data, caplog)


def test_a_value_that_pydicom_cannot_convert_is_named_by_its_attribute_without_its_text() -> None:
    data = make_dicom()
    at = data.index(struct.pack("<HH2sH", 0x0028, 0x0010, b"US", 2))
    text = struct.pack("<HH2sH", 0x0028, 0x0010, b"US", 7) + CANARY.encode()

    with pytest.raises(UnreadableImageError) as caught:
        decode(data[:at] + text + data[at + 10 :])

    assert str(caught.value) == "Rows (0028,0010): an integer is expected, another value was received."
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("count", "message"),
    [(1_000, "PhotometricInterpretation"), (120_000, "The DICOM header .* has too many elements")],
)
def test_a_header_of_endless_items_is_given_up(count: int, message: str) -> None:
    start = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    items = struct.pack("<HHI", 0xFFFE, 0xE000, 0) * count
    end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)

    with pytest.raises(UnreadableImageError, match=message):
        decode(CHARACTER_SET + start + items + end)


def test_a_header_of_endless_depth_is_given_up() -> None:
    sequence = struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)

    with pytest.raises(UnreadableImageError, match="The DICOM header cannot be read") as caught:
        decode(CHARACTER_SET + (sequence + item) * sys.getrecursionlimit())

    assert str(caught.value.__cause__) == "pydicom raised RecursionError"


def test_an_attribute_of_endless_length_is_given_up() -> None:
    sequence = struct.pack("<HH2sHI", 0x0028, 0x3010, b"SQ", 0, 2**20 + 8)

    with pytest.raises(UnreadableImageError, match="The DICOM header cannot be read"):
        decode(CHARACTER_SET + sequence + bytes(2**20 + 8))


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_a_transfer_syntax_that_is_not_said_is_read_from_the_first_element(syntax: UID) -> None:
    stored = ramp(levels=4096)
    tags = {"VOILUTSequence": [make_lut([65535 - i for i in range(4096)])]}

    mammogram = decode(make_dicom(stored, transfer_syntax=syntax, preamble=False, tags=tags))

    np.testing.assert_array_equal(mammogram.pixels, 65535 - stored)


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
