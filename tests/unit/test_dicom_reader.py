"""Nothing but allow-listed attributes leaves a DICOM file, and a hostile header costs little."""

import logging
import struct
import sys
import traceback
import warnings
from io import BytesIO

import numpy as np
import pydicom
import pytest
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataelem import DataElement
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)

from mammo_core.errors import (
    InputError,
    UnreadableImageError,
)
from mammo_core.imaging.decode import decode
from mammo_core.imaging.dicom_attributes import KEYWORDS, label
from tests.builders_images import (
    FOR_PRESENTATION,
    make_dicom,
    make_lut,
    ramp,
)

CANARY = "KESTREL"
CHARACTER_SET = struct.pack("<HH2sH", 0x0008, 0x0005, b"CS", 0)
"""An element with which a bare data set begins."""


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

    assert "one without a known name" in said
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

    # Since Python 3.12 pydicom gets to wrap it.
    assert str(caught.value.__cause__) in ("pydicom raised RecursionError", "pydicom raised OSError")


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


ODD_VRS = [
    ("Rows", "UL", 64),
    ("Rows", "IS", "64"),
    ("Rows", "SS", 64),
    ("Rows", "DS", "64.0"),
    ("Columns", "SL", 80),
    ("BitsStored", "LO", "12"),
    ("BitsAllocated", "FD", 16.0),
    ("PhotometricInterpretation", "LO", "MONOCHROME2"),
    ("Modality", "SH", "MG"),
    ("SOPClassUID", "LO", FOR_PRESENTATION),
    ("WindowCenter", "FD", 2048.0),
    ("WindowCenter", "SS", 2048),
    ("WindowWidth", "LO", "4096"),
    ("RescaleSlope", "FL", 1.0),
    ("RescaleIntercept", "SH", "0"),
    ("PixelPaddingValue", "SS", 0),
]


@pytest.mark.parametrize(("keyword", "vr", "value"), ODD_VRS, ids=lambda value: str(value)[:20])
def test_an_attribute_of_an_odd_value_representation_is_read_all_the_same(
    keyword: str, vr: str, value: object
) -> None:
    window = {"WindowCenter": 2048, "WindowWidth": 4096, "RescaleSlope": 1, "RescaleIntercept": 0}
    odd = odd_element(make_dicom(ramp(levels=4096), tags=window), keyword, vr, value)

    np.testing.assert_array_equal(
        decode(odd).pixels, np.rint(ramp(levels=4096).astype(np.float64) * (65535 / 4095))
    )


@pytest.mark.parametrize("keyword", ["Rows", "PhotometricInterpretation", "WindowWidth", "SOPClassUID"])
def test_an_attribute_of_unknown_representation_is_read_as_the_standard_defines_it(
    keyword: str,
) -> None:
    data = make_dicom(ramp(levels=4096), tags={"WindowCenter": 2048, "WindowWidth": 4096})
    tag = struct.pack("<HH", int(label(keyword)[-10:-6], 16), int(label(keyword)[-5:-1], 16))
    # The file meta information has tags of another group.
    at = data.index(tag)
    vr, length = data[at + 4 : at + 6], struct.unpack_from("<H", data, at + 6)[0]
    assert vr in (b"US", b"CS", b"DS", b"UI")

    unknown = data[: at + 4] + b"UN\0\0" + struct.pack("<I", length) + data[at + 8 :]

    np.testing.assert_array_equal(decode(unknown).pixels, decode(data).pixels)
    assert decode(unknown).notices == ()


def odd_element(data: bytes, keyword: str, vr: str, value: object) -> bytes:
    """The file with one element written in another value representation."""
    dataset = pydicom.dcmread(BytesIO(data))
    dataset.pop(keyword, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.add(DataElement(keyword, vr, value))
        buffer = BytesIO()
        dataset.save_as(buffer)
    return buffer.getvalue()
