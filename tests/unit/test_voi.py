"""Stored DICOM values become the display values that the standard's formulas give, worked out by hand."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi, apply_windowing
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from mammo_core.errors import UnreadableImageError
from mammo_core.imaging.decode import decode
from mammo_core.imaging.window import WINDOWS
from mammo_core.records import Notice
from tests.builders_images import make_dicom, make_lut, ramp

SYNTAXES = (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
)
UNUSABLE = Notice(
    "window_unusable",
    "WindowCenter, WindowWidth or VOILUTFunction is invalid; the full range is shown instead.",
)
NARROW: dict[str, object] = {"WindowCenter": 1000, "WindowWidth": 101}  # (x - 999.5) / 100 + 0.5
EXACT: dict[str, object] = {"WindowCenter": 1000, "WindowWidth": 100, "VOILUTFunction": "LINEAR_EXACT"}
SIGMOID: dict[str, object] = {"WindowCenter": 1000, "WindowWidth": 100, "VOILUTFunction": "SIGMOID"}
ONE: dict[str, object] = {"PhotometricInterpretation": "MONOCHROME1"}


@dataclass(frozen=True)
class Case:
    """Pixels as their bits are stored, and the display value of each."""

    stored: tuple[int, ...]
    expected: tuple[int, ...]
    bits: int = 12
    allocated: int = 16
    signed: bool = False
    overlay_bit: int | None = None
    tags: Mapping[str, object] = field(default_factory=dict)


CASES = {
    # The full range: v · 65535 / (2^bits - 1).
    "8 bits": Case((0, 100, 255), (0, 25700, 65535), bits=8, allocated=8),
    "8 bits, MONOCHROME1": Case((0, 100, 255), (65535, 39835, 0), bits=8, allocated=8, tags=ONE),
    "8 of 16 bits": Case((0, 100, 255), (0, 25700, 65535), bits=8),
    "10 bits": Case((0, 512, 1023), (0, 32800, 65535), bits=10),
    "10 bits, MONOCHROME1": Case((0, 512, 1023), (65535, 32735, 0), bits=10, tags=ONE),
    "12 bits": Case((0, 1000, 4095), (0, 16004, 65535)),
    "12 bits, MONOCHROME1": Case((0, 1000, 4095), (65535, 49531, 0), tags=ONE),
    "14 bits": Case((0, 8000, 16383), (0, 32001, 65535), bits=14),
    "14 bits, MONOCHROME1": Case((0, 8000, 16383), (65535, 33534, 0), bits=14, tags=ONE),
    "16 bits": Case((0, 12345, 65535), (0, 12345, 65535), bits=16),
    "16 bits, MONOCHROME1": Case((0, 12345, 65535), (65535, 53190, 0), bits=16, tags=ONE),
    # Signed: the lowest value is black.
    "8 bits, signed": Case((-128, 0, 127), (0, 32896, 65535), bits=8, allocated=8, signed=True),
    "12 bits, signed": Case((-2048, -1, 0, 2047), (0, 32759, 32776, 65535), signed=True),
    "12 bits, signed, MONOCHROME1": Case((-2048, 0, 2047), (65535, 32759, 0), signed=True, tags=ONE),
    "16 bits, signed": Case((-32768, 0, 32767), (0, 32768, 65535), bits=16, signed=True),
    # Windows.
    "LINEAR": Case((949, 950, 1000, 1050), (0, 328, 33095, 65535), tags=NARROW),
    "LINEAR, MONOCHROME1": Case((949, 950, 1000, 1050), (65535, 65207, 32440, 0), tags=NARROW | ONE),
    "LINEAR, 16 bits": Case((949, 950, 1000, 1050), (0, 328, 33095, 65535), bits=16, tags=NARROW),
    "LINEAR, signed": Case(
        (-51, -50, 0, 50), (0, 328, 33095, 65535), signed=True, tags={"WindowCenter": 0, "WindowWidth": 101}
    ),
    "LINEAR, whole range": Case(
        (0, 2048, 4095), (0, 32776, 65535), tags={"WindowCenter": 2048, "WindowWidth": 4096}
    ),
    "LINEAR, width 1": Case((999, 1000), (0, 65535), tags={"WindowCenter": 1000, "WindowWidth": 1}),
    "LINEAR_EXACT": Case((950, 975, 1000, 1050), (0, 16384, 32768, 65535), tags=EXACT),
    "LINEAR_EXACT, width 0.5": Case(
        (999, 1000, 1001),
        (0, 32768, 65535),
        tags={"WindowCenter": 1000, "WindowWidth": 0.5, "VOILUTFunction": "LINEAR_EXACT"},
    ),
    "SIGMOID": Case((1000, 1025), (32768, 47910), tags=SIGMOID),  # 1 / (1 + 1/e) = 0.731059
    "SIGMOID, MONOCHROME1": Case((1000, 1025), (32768, 17625), tags=SIGMOID | ONE),
    "SIGMOID, far away": Case((0, 4095), (0, 65535), tags=SIGMOID),
    "the first of two windows": Case(
        (1000,), (33095,), tags={"WindowCenter": [1000, 7], "WindowWidth": [101, 9]}
    ),
    "fewer widths than centres": Case(
        (1000,), (33095,), tags={"WindowCenter": [1000, 7, 8], "WindowWidth": 101}
    ),
    "an empty function is LINEAR": Case((1000,), (33095,), tags=NARROW | {"VOILUTFunction": ""}),
    # Modality before value of interest.
    "rescaled, then LINEAR": Case(
        (1000,), (33095,), tags=NARROW | {"RescaleSlope": 2, "RescaleIntercept": -1000}
    ),
    "rescaled": Case((0, 1000, 4095), (0, 16004, 65535), tags={"RescaleSlope": 2, "RescaleIntercept": 7}),
    "rescaled by −1": Case(
        (0, 1000, 4095), (65535, 49531, 0), tags={"RescaleSlope": -1, "RescaleIntercept": 4095}
    ),
    "modality table": Case(
        (0, 1000, 4095),
        (0, 16000, 65520),
        tags={"ModalityLUTSequence": [make_lut([16 * i for i in range(4096)])]},
    ),
    "modality table, then LINEAR": Case(
        (500,), (33095,), tags=NARROW | {"ModalityLUTSequence": [make_lut([2 * i for i in range(4096)])]}
    ),
    "modality table clamps": Case(
        (50, 100, 101, 4000),
        (5, 5, 60000, 60000),
        tags={"ModalityLUTSequence": [make_lut([5, 60000], first=100)]},
    ),
    # A table of the value of interest.
    "VOI table": Case(
        (0, 1000, 4095),
        (65535, 49531, 0),
        tags={"VOILUTSequence": [make_lut([4095 - i for i in range(4096)], bits=12)]},
    ),
    "VOI table, MONOCHROME1": Case(
        (0, 1000, 4095),
        (0, 16004, 65535),
        tags=ONE | {"VOILUTSequence": [make_lut([4095 - i for i in range(4096)], bits=12)]},
    ),
    "VOI table before window": Case(
        (7,), (30000,), tags=NARROW | {"VOILUTSequence": [make_lut([30000] * 4096)]}
    ),
    "the first of two VOI tables": Case(
        (7,), (1,), tags={"VOILUTSequence": [make_lut([1] * 4096), make_lut([2] * 4096)]}
    ),
    "VOI table of 8 bits with 1024 entries": Case(
        (1000,),
        (64250,),
        bits=10,
        tags={"VOILUTSequence": [make_lut([i // 4 for i in range(1024)], bits=8)]},
    ),
    "VOI table, signed": Case(
        (-101, -100, 0, 100, 101),
        (0, 0, 30000, 60000, 60000),
        signed=True,
        tags={"VOILUTSequence": [make_lut([300 * i for i in range(201)], first=-100)]},
    ),
    "VOI table, signed, from an unsigned descriptor": Case(
        (-101, -100, 0, 100, 101),
        (0, 0, 30000, 60000, 60000),
        signed=True,
        tags={"VOILUTSequence": [make_lut([300 * i for i in range(201)], first=65436)]},
    ),
    "VOI table, unsigned, from a signed descriptor": Case(
        (39999, 40000, 40100, 40101),
        (0, 0, 60000, 60000),
        bits=16,
        tags={"VOILUTSequence": [make_lut([600 * i for i in range(101)], first=40000 - 65536)]},
    ),
    "VOI table with more bits than declared": Case(
        (7, 8), (65535, 32776), tags={"VOILUTSequence": [make_lut([4095] * 8 + [2048] * 4088, bits=8)]}
    ),
    # Polarity: one inversion, whether one attribute asks for it or both.
    "MONOCHROME1 and INVERSE": Case((1000,), (49531,), tags=ONE | {"PresentationLUTShape": "INVERSE"}),
    "MONOCHROME1 and IDENTITY": Case((1000,), (49531,), tags=ONE | {"PresentationLUTShape": "IDENTITY"}),
    "INVERSE": Case((1000,), (49531,), tags={"PresentationLUTShape": "INVERSE"}),
    "IDENTITY": Case((1000,), (16004,), tags={"PresentationLUTShape": "IDENTITY"}),
    # Padding is black.
    "padding": Case((4095, 4094), (0, 65519), tags={"PixelPaddingValue": 4095}),
    "padding, MONOCHROME1": Case((0, 1), (0, 65519), tags=ONE | {"PixelPaddingValue": 0}),
    "padding range": Case(
        (999, 1000, 1003, 1004),
        (49547, 0, 0, 49467),
        tags=ONE | {"PixelPaddingValue": 1003, "PixelPaddingRangeLimit": 1000},
    ),
    "padding, signed": Case(
        (-2000, -1999), (0, 784), signed=True, tags={"PixelPaddingValue": -2000}
    ),  # 49 · 65535 / 4095 = 784.2
    "padding outside the stored bits": Case(
        (0xF000, 0, 4095), (0, 65535, 0), tags=ONE | {"PixelPaddingValue": 0xF000}
    ),
    "padding is a stored value, whatever the bits below": Case(
        (160 << 4, 160, 0xFFF0), (0, 160, 65535), tags={"PixelPaddingValue": 160, "HighBit": 15}
    ),  # 160 is 10 and no padding: 10 · 65535 / 4095 = 160.04
    # Bits that are not stored are ignored if the file says what they are for.
    "overlays above the stored bits": Case((0xF3E8, 0x03E8), (16004, 16004), overlay_bit=12),
    "overlays above the stored bits, signed": Case(
        (0x7FFF, 0x0FFF), (32759, 32759), signed=True, overlay_bit=12
    ),
    "sign below and above the stored bits": Case((-1, 0x0FFF, 0), (32759, 32759, 32776), signed=True),
    "junk below the stored bits": Case((0x3E8A, 0x3E80), (16004, 16004), tags={"HighBit": 15}),
}


def file_of(case: Case, transfer_syntax: UID = ExplicitVRLittleEndian) -> bytes:
    stored: NDArray[np.int64] = np.zeros((64, 80), dtype=np.int64)
    stored[0, : len(case.stored)] = case.stored
    return make_dicom(
        stored,
        bits_stored=case.bits,
        bits_allocated=case.allocated,
        signed=case.signed,
        transfer_syntax=transfer_syntax,
        overlay_bit=case.overlay_bit,
        tags=case.tags,
    )


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("name", CASES)
def test_stored_values_become_the_display_values_of_the_standard(name: str, syntax: UID) -> None:
    case = CASES[name]

    mammogram = decode(file_of(case, syntax))

    assert tuple(mammogram.pixels[0, : len(case.stored)].tolist()) == case.expected


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize(("bits", "allocated"), [(8, 8), (16, 16)])
def test_pixels_are_read_in_the_order_in_which_pydicom_reads_them(
    syntax: UID, bits: int, allocated: int
) -> None:
    data = make_dicom(
        ramp((65, 81), levels=2**bits), bits_stored=bits, bits_allocated=allocated, transfer_syntax=syntax
    )

    decoded = decode(data).pixels // (257 if bits == 8 else 1)

    np.testing.assert_array_equal(decoded, pydicom.dcmread(BytesIO(data)).pixel_array)
    np.testing.assert_array_equal(decoded, ramp((65, 81), levels=2**bits))


@pytest.mark.parametrize("function", WINDOWS)
@pytest.mark.parametrize("width", [1, 2, 3.5, 400, 4096, 1e6])
@pytest.mark.parametrize("centre", [-50, 0, 1000.5, 2048])
def test_windows_agree_with_those_of_pydicom(function: str, centre: float, width: float) -> None:
    dataset = Dataset()
    dataset.PhotometricInterpretation, dataset.BitsStored, dataset.PixelRepresentation = "MONOCHROME2", 12, 0
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = centre, width, function
    stored: NDArray[np.float64] = np.arange(4096, dtype=np.float64)

    ours = WINDOWS[function](stored, centre, width)
    with np.errstate(over="ignore"):  # pydicom's sigmoid
        theirs = apply_windowing(stored, dataset) / 4095

    np.testing.assert_allclose(ours, theirs, atol=1e-12)
    assert (np.diff(ours) >= 0).all()
    assert ours.min() >= 0
    assert ours.max() <= 1


def test_tables_agree_with_those_of_pydicom() -> None:
    modality = make_lut([3 * i for i in range(4096)], first=0)
    interest = make_lut([65535 - 5 * i for i in range(12000)], first=100)
    tags = {"ModalityLUTSequence": [modality], "VOILUTSequence": [interest]}
    data = make_dicom(ramp(levels=4096), tags=tags)
    dataset = pydicom.dcmread(BytesIO(data))

    expected = apply_voi(apply_modality_lut(dataset.pixel_array, dataset), dataset)

    assert len(np.unique(expected)) > 3000
    np.testing.assert_array_equal(decode(data).pixels, expected)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        (
            "12 bits",
            (
                "stored values: 12 of 16 bits, unsigned",
                "full range 0 to 4095: no window and no look-up table",
            ),
        ),
        (
            "LINEAR, MONOCHROME1",
            (
                "stored values: 12 of 16 bits, unsigned",
                "window 1000/101 (LINEAR) from WindowCenter/WindowWidth",
                "inverted: MONOCHROME1",
            ),
        ),
        (
            "the first of two windows",
            (
                "stored values: 12 of 16 bits, unsigned",
                "window 1000/101 (LINEAR) from WindowCenter/WindowWidth, the first of 2",
            ),
        ),
        (
            "rescaled, then LINEAR",
            (
                "stored values: 12 of 16 bits, unsigned",
                "rescaled: × 2 + -1000 from RescaleSlope/RescaleIntercept",
                "window 1000/101 (LINEAR) from WindowCenter/WindowWidth",
            ),
        ),
        (
            "modality table, then LINEAR",
            (
                "stored values: 12 of 16 bits, unsigned",
                "look-up table of 16 bits from ModalityLUTSequence",
                "window 1000/101 (LINEAR) from WindowCenter/WindowWidth",
            ),
        ),
        (
            "VOI table, signed",
            ("stored values: 12 of 16 bits, signed", "look-up table of 16 bits from VOILUTSequence"),
        ),
        (
            "MONOCHROME1 and INVERSE",
            (
                "stored values: 12 of 16 bits, unsigned",
                "full range 0 to 4095: no window and no look-up table",
                "inverted: MONOCHROME1 and PresentationLUTShape INVERSE",
            ),
        ),
        (
            "padding",
            (
                "stored values: 12 of 16 bits, unsigned",
                "full range 0 to 4095: no window and no look-up table",
                "padding set to black: PixelPaddingValue",
            ),
        ),
    ],
)
def test_the_steps_say_what_was_done_in_order(name: str, steps: tuple[str, ...]) -> None:
    mammogram = decode(file_of(CASES[name]))

    assert (mammogram.steps, mammogram.notices) == (steps, ())


@pytest.mark.parametrize(
    "tags",
    [
        {"WindowCenter": 1000, "WindowWidth": 0.5},
        {"WindowCenter": 1000, "WindowWidth": 0},
        {"WindowCenter": 1000, "WindowWidth": -100, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 1000, "WindowWidth": 0, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": 1000, "WindowWidth": 100, "VOILUTFunction": "CUBIC"},
        {"WindowCenter": 1000},
        {"WindowWidth": 100},
        {"WindowCenter": ["", 1000], "WindowWidth": [100, 100]},
    ],
)
def test_an_invalid_window_is_left_out_with_a_notice(tags: dict[str, object]) -> None:
    mammogram = decode(file_of(Case((1000,), (16004,), tags=tags)))

    assert int(mammogram.pixels[0, 0]) == 16004
    assert mammogram.notices == (UNUSABLE,)


def test_a_window_that_is_no_number_is_left_out_with_a_notice() -> None:
    data = file_of(Case((1000,), (16004,), tags={"WindowCenter": "1234.5", "WindowWidth": 100}))
    assert data.count(b"1234.5") == 1

    for text in (b"inf   ", b"nan   ", b"a word"):
        assert decode(data.replace(b"1234.5", text)).notices == (UNUSABLE,)


@pytest.mark.parametrize(
    "tags",
    [
        {"WindowCenter": "", "WindowWidth": ""},
        {"VOILUTFunction": "", "PresentationLUTShape": "", "PresentationIntentType": ""},
        {"VOILUTSequence": [], "ModalityLUTSequence": []},
        {"RescaleSlope": "", "RescaleIntercept": ""},
        {"RescaleSlope": 1, "RescaleIntercept": 0},
        {"HighBit": None},
    ],
)
def test_empty_attributes_are_as_good_as_absent_ones(tags: dict[str, object]) -> None:
    mammogram = decode(file_of(Case((1000,), (16004,), tags=tags)))

    assert int(mammogram.pixels[0, 0]) == 16004
    assert mammogram.steps[1:] == ("full range 0 to 4095: no window and no look-up table",)
    assert mammogram.notices == ()


def broken_lut(**changes: object) -> Dataset:
    item = make_lut(list(range(4096)), bits=12)
    for keyword, value in changes.items():
        setattr(item, keyword, value)
    return item


@pytest.mark.parametrize("sequence", ["VOILUTSequence", "ModalityLUTSequence"])
@pytest.mark.parametrize(
    ("item", "message"),
    [
        (broken_lut(LUTDescriptor=[4096, 0, 7]), r"^LUTDescriptor \(0028,3002\): three numbers, the third"),
        (broken_lut(LUTDescriptor=[4096, 0, 17]), r"^LUTDescriptor \(0028,3002\): three numbers, the third"),
        (broken_lut(LUTDescriptor=[4096, 0]), r"^LUTDescriptor \(0028,3002\): three numbers"),
        (broken_lut(LUTDescriptor=[4097, 0, 12]), r"^LUTData \(0028,3006\): 4097 entries are expected"),
        (broken_lut(LUTDescriptor=[4095, 0, 12]), r"^LUTData \(0028,3006\): 4095 entries are expected"),
        (broken_lut(LUTData=[1, 2, 3]), r"^LUTData \(0028,3006\): 4096 entries are expected"),
        (Dataset(), r"^LUTDescriptor \(0028,3002\): three numbers"),
    ],
)
def test_a_broken_table_is_unreadable(sequence: str, item: Dataset, message: str) -> None:
    with pytest.raises(UnreadableImageError, match=message):
        decode(make_dicom(tags={sequence: [item]}))


def word_lut(data: bytes, entries: int, bits: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [entries, 0, bits])
    item.add_new("LUTData", "OW", data)
    return item


@pytest.mark.parametrize(
    ("item", "syntax"),
    [
        (word_lut(b"\x0a\0\x14\0\x1e\0\x28\0", 4, 8), ExplicitVRLittleEndian),
        (word_lut(b"\0\x0a\0\x14\0\x1e\0\x28", 4, 8), ExplicitVRBigEndian),
        (word_lut(b"\x0a\x14\x1e\x28", 4, 8), ExplicitVRLittleEndian),
        (word_lut(b"\x14\x0a\x28\x1e", 4, 8), ExplicitVRBigEndian),
    ],
    ids=["words", "big-endian words", "bytes", "bytes in big-endian words"],
)
def test_a_table_may_be_stored_in_words_or_packed_in_bytes(item: Dataset, syntax: UID) -> None:
    data = file_of(Case((0, 1, 2, 3), (), tags={"VOILUTSequence": [item]}), syntax)

    assert decode(data).pixels[0, :4].tolist() == [2570, 5140, 7710, 10280]


def test_a_table_of_65536_entries_declares_zero() -> None:
    table = word_lut(np.arange(65535, -1, -1).astype("<u2").tobytes(), 0, 16)

    data = file_of(Case((0, 40000, 65535), (), bits=16, tags={"VOILUTSequence": [table]}))

    assert decode(data).pixels[0, :3].tolist() == [65535, 25535, 0]


def test_a_packed_table_that_is_too_short_is_unreadable() -> None:
    with pytest.raises(UnreadableImageError, match="4 entries are expected"):
        decode(make_dicom(tags={"VOILUTSequence": [word_lut(b"\x0a\x14", 4, 8)]}))


def test_a_packed_table_whose_last_pair_is_cut_off_is_unreadable() -> None:
    table = word_lut(b"\x14\x0a\x28\x1e\x32\0", 5, 8)
    data = make_dicom(transfer_syntax=ExplicitVRBigEndian, tags={"VOILUTSequence": [table]})
    head = struct.pack(">HH2sHI", 0x0028, 0x3006, b"OW", 0, 6)
    assert data.count(head) == 1
    odd = struct.pack(">HH2sHI", 0x0028, 0x3006, b"OW", 0, 5)
    at = data.index(head) + len(head)

    with pytest.raises(UnreadableImageError, match="6 bytes are expected, received 5"):
        decode(data[: at - len(head)] + odd + data[at : at + 5] + data[at + 6 :])


@pytest.mark.parametrize(
    ("slope", "intercept"), [("0", "5"), ("1e308", "0"), ("1", "1e999"), ("1e-320", "1")]
)
def test_a_rescale_that_loses_the_image_is_unreadable(slope: str, intercept: str) -> None:
    with pytest.raises(
        UnreadableImageError,
        match=r"^RescaleSlope \(0028,1053\) and RescaleIntercept \(0028,1052\): finite numbers and a slope",
    ):
        decode(make_dicom(tags={"RescaleSlope": slope, "RescaleIntercept": intercept}))
