"""Every kind of raster file gives the right grey values, or says which of its properties is in the way."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mammo_core.errors import UnsuitableImageError
from mammo_core.imaging.decode import decode
from mammo_core.records import Notice, Sourced
from tests.builders_images import (
    SHAPE,
    make_image,
    make_jpeg,
    make_png,
    make_raw_png,
    make_raw_tiff,
    make_tiff,
    ramp,
)

GREY = ramp().astype(np.uint8)
COLOUR_NOTICE = Notice("colour_converted", "The image is in colour; its ITU-R 601 luma was analysed.")


def filled(value: object, dtype: str) -> NDArray[np.generic]:
    """An image of one value."""
    return np.full(SHAPE, value, dtype=dtype)


def channels(red: object, green: object, blue: object) -> NDArray[np.generic]:
    """Three channels of 8 bits, each an array or a value."""
    return np.stack([np.broadcast_to(np.asarray(c, dtype=np.uint8), SHAPE) for c in (red, green, blue)], -1)


@pytest.mark.parametrize(
    "data",
    [
        make_png(GREY),
        make_tiff(GREY),
        make_tiff(GREY, compression="tiff_deflate"),
        make_image(Image.fromarray(GREY), "BMP"),
        make_png(channels(GREY, GREY, GREY)),
        make_png(np.dstack([GREY, GREY, GREY, np.full(SHAPE, 255, np.uint8)])),
        make_png(np.dstack([GREY, np.full(SHAPE, 255, np.uint8)])),
        make_image(Image.fromarray(GREY).convert("P"), "PNG"),
        make_image(Image.fromarray(channels(GREY, GREY, GREY)), "WEBP", lossless=True),
        make_raw_tiff(GREY.tobytes(), bits=8),
        make_image(Image.fromarray(channels(GREY, GREY, GREY)).convert("RGBX"), "TIFF"),
    ],
    ids=[
        "PNG",
        "TIFF",
        "deflated TIFF",
        "BMP",
        "RGB",
        "RGBA",
        "LA",
        "palette",
        "WebP",
        "raw TIFF",
        "RGBX",
    ],
)
def test_8_bit_values_are_kept_exactly_and_can_be_had_back(data: bytes) -> None:
    mammogram = decode(data)

    assert set(GREY.flat) == set(range(256))
    np.testing.assert_array_equal(mammogram.pixels, GREY.astype(np.uint16) * 257)
    np.testing.assert_array_equal(mammogram.pixels // 257, GREY)
    assert mammogram.steps[-1] == "8-bit values × 257"
    assert mammogram.notices == ()


def test_a_grey_jpeg_stays_within_its_own_loss() -> None:
    decoded = decode(make_jpeg(GREY, quality=95))

    difference = np.abs(decoded.pixels / 257 - GREY)
    assert float(difference.mean()) < 3.0
    assert decoded.notices == ()


def test_luminance_and_neutral_chroma_are_grey_to_one_level() -> None:
    scan = Image.fromarray(channels(GREY, GREY, GREY)).convert("YCbCr")

    mammogram = decode(make_image(scan, "TIFF"))

    np.testing.assert_allclose(mammogram.pixels / 257, GREY, atol=1)
    assert mammogram.notices == ()


def test_a_bilevel_image_is_black_and_white() -> None:
    bilevel = Image.fromarray(GREY).convert("1", dither=Image.Dither.NONE)

    mammogram = decode(make_image(bilevel, "PNG"))

    np.testing.assert_array_equal(mammogram.pixels, np.where(GREY >= 128, 65535, 0))


@pytest.mark.parametrize("value", [16384, 30000, 65535])
def test_16_bit_values_are_kept_as_they_are(value: int) -> None:
    pixels = ramp(levels=1000)
    pixels[0, 0] = value

    big_endian = make_tiff(pixels.astype(">u2"))
    assert big_endian.startswith(b"MM")

    for data in (make_png(pixels), make_tiff(pixels), big_endian, make_raw_tiff(pixels.tobytes(), bits=16)):
        mammogram = decode(data)

        np.testing.assert_array_equal(mammogram.pixels, pixels)
        assert (mammogram.steps, mammogram.notices) == (("16-bit values as they are",), ())


@pytest.mark.parametrize(
    ("largest", "bits", "value", "expected"),
    [
        (1, 8, 1, 257),  # 65535 / 255
        (255, 8, 128, 32896),  # 128 · 257
        (256, 10, 1, 64),  # 65535 / 1023 = 64.06
        (1023, 10, 512, 32800),  # 512 · 65535 / 1023 = 32799.53
        (1024, 12, 512, 8194),  # 512 · 65535 / 4095 = 8193.88
        (4095, 12, 4095, 65535),
        (4096, 14, 512, 2048),  # 512 · 65535 / 16383 = 2048.09
        (16383, 14, 16383, 65535),
    ],
)
def test_values_of_fewer_bits_are_brought_to_full_scale_and_it_is_said(
    largest: int, bits: int, value: int, expected: int
) -> None:
    pixels = ramp(levels=1)
    pixels[0, 0], pixels[0, 1] = largest, value

    mammogram = decode(make_png(pixels))

    assert (int(mammogram.pixels[0, 1]), int(mammogram.pixels[1, 0])) == (expected, 0)
    assert mammogram.steps == (f"{bits}-bit values to full scale: the largest value is {largest}",)
    assert mammogram.notices == (
        Notice(
            "bit_depth_inferred",
            f"The file has 16 bits per pixel but no value above {largest}; its values were read as "
            f"{bits}-bit.",
        ),
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_an_all_zero_image_stays_all_zero(dtype: str) -> None:
    mammogram = decode(make_tiff(filled(0, dtype)))

    assert not mammogram.pixels.any()
    assert mammogram.notices == ()


def test_a_tiff_that_declares_12_bits_needs_no_inference() -> None:
    packed = bytes([0x00, 0x03, 0xE8]) * (64 * 40)  # 0 and 1000, two values in three bytes

    mammogram = decode(make_raw_tiff(packed, bits=12))

    assert mammogram.pixels[0, :4].tolist() == [0, 16004, 0, 16004]  # 1000 · 65535 / 4095 = 16003.66
    assert mammogram.steps == ("12-bit values to full scale: BitsPerSample",)
    assert mammogram.notices == ()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make_raw_tiff(filled(55, "uint8").tobytes(), bits=8, photometric=0), 200 * 257),
        (make_raw_tiff(filled(20000, "uint16").tobytes(), bits=16, photometric=0), 45535),
        (make_raw_tiff(filled(1000, "uint16").tobytes(), bits=16, photometric=0), 1473),
        (make_raw_tiff(filled(0.25, "float32").tobytes(), bits=32, sample_format=3, photometric=0), 49151),
    ],
    ids=["8-bit", "16-bit", "10 of 16 bits", "floating point"],
)
def test_white_is_zero_is_turned_into_black_is_zero_whatever_the_depth(data: bytes, expected: int) -> None:
    assert set(decode(data).pixels.flat) == {expected}


def test_32_bit_integers_within_16_bits_are_kept() -> None:
    pixels = ramp(levels=4096).astype(np.int32)
    pixels[0, 0] = 40000

    np.testing.assert_array_equal(decode(make_tiff(pixels)).pixels, pixels)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (make_tiff(filled(65536, "int32")), "from 65536 to 65536"),
        (make_tiff(filled(-1, "int32")), "from -1 to -1"),
        (make_raw_tiff(filled(-5, "int16").tobytes(), bits=16, sample_format=2), "from -5 to -5"),
    ],
)
def test_integers_outside_16_bits_are_unsuitable(data: bytes, found: str) -> None:
    with pytest.raises(
        UnsuitableImageError, match=f"Grey values from 0 to 65535 are expected; .* has values {found}"
    ):
        decode(data, accept_unsuitable=True)


def test_floating_point_values_from_0_to_1_are_brought_to_full_scale() -> None:
    pixels = filled(0.0, "float32")
    pixels[0, :3] = [0.25, 0.5, 1.0]

    mammogram = decode(make_tiff(pixels))

    assert mammogram.pixels[0, :4].tolist() == [16384, 32768, 65535, 0]  # 16383.75, 32767.5 to even
    assert mammogram.steps == ("floating-point values 0 to 1 to full scale",)


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_floating_point_values_without_a_known_range_are_unsuitable(value: float) -> None:
    pixels = filled(0.5, "float32")
    pixels[3, 3] = value

    with pytest.raises(UnsuitableImageError, match="Floating-point values from 0 to 1 are expected"):
        decode(make_tiff(pixels))


def test_colour_is_unsuitable_unless_it_is_asked_for_and_then_its_luma_is_taken() -> None:
    data = make_png(channels(255, 0, 0))

    with pytest.raises(UnsuitableImageError, match=r"this PNG file is in colour: 100\.0% of its pixels"):
        decode(data)
    mammogram = decode(data, accept_unsuitable=True)

    assert set(mammogram.pixels.flat) == {76 * 257}  # 0.299 · 255 = 76.2
    assert mammogram.steps == ("three channels to one: ITU-R 601 luma", "8-bit values × 257")
    assert mammogram.notices == (COLOUR_NOTICE,)


@pytest.mark.parametrize(
    ("pixels", "is_grey"),
    [
        (channels(100, 102, 98), False),  # every pixel differs by 4: a mean of 3 or more is a tint
        (channels(100, 101, 99), True),
        (channels(np.where(ramp(levels=5120) < 5, 112, 100), 100, 100), True),
        (channels(np.where(ramp(levels=5120) < 5, 200, 100), 100, 100), True),  # 5 of 5,120 pixels
        (channels(np.where(ramp(levels=5120) < 6, 113, 100), 100, 100), False),
    ],
    ids=["tint", "rounding", "noise", "thin mark", "mark"],
)
def test_channels_may_differ_as_in_a_grey_scan_but_not_as_in_colour(
    pixels: NDArray[np.generic], is_grey: bool
) -> None:
    data = make_png(pixels)

    notices = decode(data, accept_unsuitable=True).notices

    assert notices == (() if is_grey else (COLOUR_NOTICE,))
    if not is_grey:
        with pytest.raises(UnsuitableImageError, match="is in colour"):
            decode(data)


@pytest.mark.parametrize("quality", [10, 50, 95])
def test_a_grey_image_in_a_lossy_colour_file_is_grey(quality: int) -> None:
    scan = channels(GREY, GREY, GREY)

    assert decode(make_jpeg(scan, quality=quality)).notices == ()
    assert decode(make_image(Image.fromarray(scan), "WEBP", quality=quality)).notices == ()


def test_a_palette_of_colours_is_colour() -> None:
    palette = Image.fromarray(channels(GREY, 0, 0)).quantize(16)

    with pytest.raises(UnsuitableImageError, match="is in colour"):
        decode(make_image(palette, "PNG"))


@pytest.mark.parametrize(
    "data",
    [
        make_png(np.dstack([GREY, np.where(ramp() == 9, 254, 255).astype(np.uint8)])),
        make_png(np.dstack([GREY, GREY, GREY, np.where(ramp() == 9, 0, 255).astype(np.uint8)])),
        make_png(GREY, transparency=9),
        make_png(channels(GREY, GREY, GREY), transparency=(9, 9, 9)),
        make_png(ramp(levels=4096), transparency=9),
        make_image(Image.fromarray(GREY).convert("P"), "PNG", transparency=9),
        make_image(
            Image.fromarray(np.dstack([GREY, GREY, GREY, 255 - GREY])), "WEBP", lossless=True, exact=True
        ),
    ],
    ids=["LA", "RGBA", "grey value", "RGB value", "16-bit value", "palette entry", "WebP"],
)
def test_transparent_pixels_are_unsuitable(data: bytes) -> None:
    with pytest.raises(
        UnsuitableImageError, match=r"An opaque image is expected; this .* transparent pixels"
    ):
        decode(data, accept_unsuitable=True)


def test_a_transparent_value_that_no_pixel_has_is_no_transparency() -> None:
    pixels = ramp(levels=200)

    assert decode(make_png(pixels.astype(np.uint8), transparency=250)).notices == ()
    assert int(decode(make_png(pixels, transparency=250)).pixels.max()) == 51143  # 199 · 257


def test_16_bit_colour_channels_are_read_as_8_bits_and_it_is_said() -> None:
    row = b"".join(bytes([grey, 0x77]) * 3 for grey in range(80))

    mammogram = decode(make_raw_png([row] * 64, bits=16, colour_type=2))

    np.testing.assert_array_equal(mammogram.pixels[0], np.arange(80) * 257)
    assert mammogram.steps == (
        "16-bit channels read as 8-bit",
        "three channels to one: ITU-R 601 luma",
        "8-bit values × 257",
    )


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (make_image(Image.fromarray(GREY).convert("CMYK"), "JPEG"), "print colours"),
        (make_image(Image.fromarray(GREY).convert("CMYK"), "TIFF"), "print colours"),
        (make_image(Image.new("LAB", SHAPE[::-1]), "TIFF"), "channels of a kind that is not read"),
    ],
)
def test_print_colours_and_other_colour_spaces_are_unsuitable(data: bytes, kind: str) -> None:
    with pytest.raises(UnsuitableImageError, match=f"A grey image is expected; this .* file has {kind}"):
        decode(data, accept_unsuitable=True)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "WebP"])
@pytest.mark.parametrize("count", [2, 5])
def test_several_frames_or_pages_are_unsuitable_and_counted(image_format: str, count: int) -> None:
    frames = [Image.fromarray(np.roll(GREY, shift)) for shift in range(count)]
    data = make_image(frames[0], image_format, save_all=True, append_images=frames[1:], lossless=True)

    with pytest.raises(
        UnsuitableImageError,
        match=f"A file with one image is expected; this {image_format} file has {count} frames or pages",
    ):
        decode(data, accept_unsuitable=True)


def test_a_jpeg_of_two_pictures_is_unsuitable() -> None:
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    data = make_image(frames[0], "MPO", save_all=True, append_images=frames[1:])

    with pytest.raises(UnsuitableImageError, match="this JPEG file has 2 frames or pages"):
        decode(data)


def test_pages_are_not_counted_for_ever() -> None:
    with pytest.raises(UnsuitableImageError, match="has at least 1000 frames or pages"):
        decode(make_raw_tiff(GREY.tobytes(), bits=8, pages=1200))


UPRIGHT = {
    2: np.fliplr(GREY),
    3: np.rot90(GREY, 2),
    4: np.flipud(GREY),
    5: GREY.T,
    6: np.rot90(GREY, -1),
    7: np.rot90(GREY, 2).T,
    8: np.rot90(GREY),
}
WORDS = {
    2: "mirrored left to right",
    3: "rotated by 180°",
    4: "mirrored top to bottom",
    5: "mirrored along the main diagonal",
    6: "rotated by 90° clockwise",
    7: "mirrored along the other diagonal",
    8: "rotated by 90° anticlockwise",
}


@pytest.mark.parametrize("orientation", UPRIGHT)
@pytest.mark.parametrize(
    ("image_format", "options"),
    [("PNG", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}), ("WEBP", {"lossless": True})],
    ids=["PNG", "TIFF", "LZW", "WebP"],
)
def test_the_orientation_tag_is_applied_once_and_told(
    image_format: str, options: dict[str, object], orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation

    mammogram = decode(make_image(Image.fromarray(GREY), image_format, exif=exif, **options))

    np.testing.assert_array_equal(mammogram.pixels // 257, UPRIGHT[orientation])
    assert mammogram.steps[0] == f"{WORDS[orientation]}: orientation tag {orientation}"


def test_the_orientation_of_a_jpeg_is_applied() -> None:
    pixels = np.zeros(SHAPE, dtype=np.uint8)
    pixels[:32, :40] = 255
    exif = Image.Exif()
    exif[0x0112] = 6

    mammogram = decode(make_jpeg(pixels, exif=exif))

    np.testing.assert_allclose(mammogram.pixels / 257, np.rot90(pixels, -1), atol=2)


def test_orientation_applies_to_16_bit_images_too_and_the_usual_one_is_not_mentioned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = decode(make_png(ramp(levels=5120) + 20000, exif=exif))
    exif[0x0112] = 1
    usual = decode(make_png(ramp(levels=5120) + 20000, exif=exif))

    np.testing.assert_array_equal(turned.pixels, np.rot90(usual.pixels, -1))
    assert usual.steps == ("16-bit values as they are",)


def test_laterality_view_and_spacing_are_unknown_and_the_reason_helps() -> None:
    mammogram = decode(make_png(dpi=(300, 300)))

    assert mammogram.laterality == Sourced(
        None, reason="PNG files carry no laterality; pass laterality in the request"
    )
    assert mammogram.view_position == Sourced(
        None, reason="PNG files carry no view; pass view in the request"
    )
    assert mammogram.spacing == Sourced(None, reason="PNG files carry no trusted pixel spacing")
