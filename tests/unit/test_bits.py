"""Pixels that use more bits than are declared are read in all their bits, with a notice."""

import numpy as np
import pytest

from mammo_core.imaging.decode import decode
from mammo_core.records import Notice
from tests.builders_images import make_dicom, ramp


def exceeded(declared: int, used: int) -> Notice:
    return Notice(
        "bits_stored_exceeded",
        f"BitsStored (0028,0101) is {declared}, but the pixels use {used} bits; all were read.",
    )


@pytest.mark.parametrize(("declared", "used"), [(10, 12), (12, 14), (8, 16), (1, 12)])
def test_a_bits_stored_that_is_too_small_does_not_wrap_bright_pixels_to_black(
    declared: int, used: int
) -> None:
    stored = ramp(levels=2**used) * np.uint16(max(1, 2**used // 5120))
    assert int(stored.max()).bit_length() == used

    mammogram = decode(make_dicom(stored, bits_stored=declared))

    np.testing.assert_array_equal(mammogram.pixels, np.rint(stored * (65535 / (2**used - 1))))
    assert mammogram.notices == (exceeded(declared, used),)


def test_a_window_keeps_its_meaning_in_stored_values() -> None:
    stored = ramp(levels=4096)

    mammogram = decode(make_dicom(stored, bits_stored=10, tags={"WindowCenter": 2048, "WindowWidth": 4096}))

    np.testing.assert_array_equal(mammogram.pixels, np.rint(stored * (65535 / 4095)))


def test_signed_values_outside_of_the_declared_bits_are_read_in_all_allocated_bits() -> None:
    stored = ramp(levels=4096).astype(np.int64) - 2048

    mammogram = decode(make_dicom(stored, bits_stored=10, signed=True))

    np.testing.assert_array_equal(mammogram.pixels, stored + 2**15)
    assert mammogram.notices == (exceeded(10, 16),)


@pytest.mark.parametrize("signed", [False, True])
def test_padding_outside_of_the_declared_bits_widens_nothing(signed: bool) -> None:
    stored = ramp(levels=1024).astype(np.int64)
    stored[0, 0] = 0x7FFF

    mammogram = decode(make_dicom(stored, bits_stored=12, signed=signed, tags={"PixelPaddingValue": 0x7FFF}))

    low = -2048 if signed else 0
    expected = np.rint((stored - low) * (65535 / 4095))
    expected[0, 0] = 0
    np.testing.assert_array_equal(mammogram.pixels, expected)
    assert mammogram.notices == ()


def test_bits_of_an_overlay_are_no_bits_of_the_pixels() -> None:
    stored = ramp(levels=1024)
    stored[3, :] |= 0x4000

    mammogram = decode(make_dicom(stored, bits_stored=12, overlay_bit=14))

    np.testing.assert_array_equal(mammogram.pixels, np.rint(ramp(levels=1024) * (65535 / 4095)))
    assert mammogram.notices == ()


def test_an_overlay_of_its_own_does_not_hide_a_wrong_bits_stored() -> None:
    mammogram = decode(make_dicom(ramp(levels=4096), bits_stored=10, overlay_bit=0))

    assert mammogram.notices == (exceeded(10, 12),)


def test_bits_below_the_stored_ones_stay_ignored() -> None:
    stored = (ramp(levels=1024).astype(np.int64) << 2) | 3

    mammogram = decode(make_dicom(stored, bits_stored=8, tags={"HighBit": 9}))

    used = ramp(levels=1024)
    np.testing.assert_array_equal(mammogram.pixels, np.rint(used * (65535 / 1023)))
    assert mammogram.notices == (exceeded(8, 10),)


def high_bit(high: int, stored: int = 12) -> Notice:
    return Notice(
        "high_bit_wrong",
        f"HighBit (0028,0102) is {high}, which does not go with BitsStored (0028,0101) {stored} or with the "
        "pixels; it was not followed.",
    )


@pytest.mark.parametrize(
    ("high", "signed"),
    # With 13 or 15, negative numbers have those bits: nothing contradicts.
    [*((high, False) for high in (15, 13, 10, 7, 16, 0)), *((high, True) for high in (10, 7, 16, 0))],
)
def test_a_high_bit_that_the_pixels_contradict_is_not_followed(high: int, signed: bool) -> None:
    stored = ramp(levels=4096).astype(np.int64) - (2048 if signed else 0)

    mammogram = decode(make_dicom(stored, signed=signed, tags={"HighBit": high}))

    np.testing.assert_array_equal(mammogram.pixels, np.rint(ramp(levels=4096) * (65535 / 4095)))
    assert mammogram.notices == (high_bit(high),)


def test_a_wrong_high_bit_and_a_wrong_bits_stored_are_told_both() -> None:
    mammogram = decode(make_dicom(ramp(levels=4096), bits_stored=10, tags={"HighBit": 8}))

    np.testing.assert_array_equal(mammogram.pixels, np.rint(ramp(levels=4096) * (65535 / 4095)))
    assert mammogram.notices == (high_bit(8, 10), exceeded(10, 12))


def test_a_high_bit_is_followed_where_the_pixels_have_it() -> None:
    stored = ramp(levels=4096) << 4

    mammogram = decode(make_dicom(stored, tags={"HighBit": 15}))

    np.testing.assert_array_equal(mammogram.pixels, np.rint(ramp(levels=4096) * (65535 / 4095)))
    assert mammogram.notices == ()
