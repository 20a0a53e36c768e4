"""What looks like a mammogram passes; the rest is refused with what was seen, unless the caller insists."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image

from mammo_core.anatomy.breast import breast_on
from mammo_core.anatomy.gate import NO_BREAST, doubts, suitable
from mammo_core.anatomy.polarity import upright
from mammo_core.anatomy.reduce import reduced
from mammo_core.errors import UnsuitableImageError
from mammo_core.imaging.decode import decode
from mammo_core.phantom.sample import make_sample
from mammo_core.phantom.synthesis import make_phantom
from mammo_core.records import FULL_SCALE, Laterality, Notice, ViewPosition
from tests.conftest import make_mammogram

SIDE = 256
ROWS, COLUMNS = np.mgrid[0:SIDE, 0:SIDE] / SIDE
RADIUS = np.hypot(ROWS - 0.5, COLUMNS - 0.5)
BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"


def doubts_of(pixels: NDArray[np.uint16]) -> tuple[str, ...]:
    """What the gate has against pixels, after inverted films were turned."""
    values, transform = reduced(upright(make_mammogram(pixels)).pixels)
    return doubts(values, breast_on(values, transform))


def drawn(image: NDArray[np.floating]) -> NDArray[np.uint16]:
    """Values from 0 to 1 as pixels."""
    pixels: NDArray[np.uint16] = np.rint(np.clip(image, 0.0, 1.0) * FULL_SCALE).astype(np.uint16)
    return pixels


class TestAMammogramPasses:
    @pytest.mark.parametrize("view", [ViewPosition.CC, ViewPosition.MLO])
    @pytest.mark.parametrize("side", [Laterality.LEFT, Laterality.RIGHT])
    @pytest.mark.parametrize("seed", range(5))
    def test_a_phantom(self, seed: int, side: Laterality, view: ViewPosition) -> None:
        assert doubts_of(make_phantom(seed=seed, view_position=view, laterality=side).pixels) == ()

    def test_the_sample_of_the_package(self) -> None:
        assert doubts_of(make_sample().pixels) == ()

    def test_an_inverted_film(self) -> None:
        assert doubts_of(FULL_SCALE - make_phantom(seed=3).pixels) == ()

    def test_a_film_with_a_label_and_a_scanner_border(self) -> None:
        pixels = np.pad(make_phantom(seed=3, shape=(512, 416)).pixels, ((0, 0), (40, 40)))
        pixels[20:70, 380:430] = 60_000
        pixels[:, -6:] = 62_000

        assert doubts_of(pixels) == ()

    @pytest.mark.parametrize("insist", [False, True])
    def test_without_a_word(self, *, insist: bool) -> None:
        values, transform = reduced(make_phantom(seed=3).pixels)

        assert suitable(values, breast_on(values, transform), accept_unsuitable=insist) == ()


GENERATED = {
    "noise": np.random.default_rng(0).random((SIDE, SIDE)),
    "black": np.zeros((SIDE, SIDE)),
    "white": np.ones((SIDE, SIDE)),
    "ramp across": COLUMNS,
    "ramp down": ROWS,
    "radial ramp": 1.0 - RADIUS,
    "page of text": np.where((ROWS * 40).astype(int) % 2 * (np.sin(COLUMNS * 300) > 0) > 0, 0.1, 1.0),
    "white text": np.where((ROWS * 40).astype(int) % 2 * (np.sin(COLUMNS * 300) > 0) > 0, 0.9, 0.0),
    "checkerboard": ((ROWS * 8).astype(int) + (COLUMNS * 8).astype(int)) % 2 * 0.8,
    "disc": (RADIUS < 0.3) * 0.7,
    "disc at the edge": (np.hypot(ROWS - 0.5, COLUMNS) < 0.3) * 0.7,
    "ring": ((RADIUS > 0.2) & (RADIUS < 0.35)) * 0.7,
    "rectangle": ((np.abs(ROWS - 0.5) < 0.3) & (COLUMNS < 0.5)) * 0.7,
    "stripes": (COLUMNS * 12).astype(int) % 2 * 0.7,
    "frame": (np.maximum(np.abs(ROWS - 0.5), np.abs(COLUMNS - 0.5)) > 0.4) * 0.7,
    "triangle": (ROWS > COLUMNS) * 0.7,
}


@pytest.mark.parametrize("name", GENERATED)
def test_a_drawing_is_refused(name: str) -> None:
    assert doubts_of(drawn(GENERATED[name])) != ()


def bundled_planes() -> dict[str, NDArray[np.float64]]:
    """CT, MR, US, PET and others that come with pydicom, as grey pictures without their tags."""
    planes = {}
    for name in (
        *("CT_small", "MR_small", "examples_overlay", "examples_palette", "examples_rgb_color"),
        *("examples_ybr_color", "image_dfl", "liver_1frame", "SC_rgb_rle"),
    ):
        values = np.asarray(pydicom.dcmread(BUNDLED / f"{name}.dcm").pixel_array, dtype=np.float64)
        plane = values[0] if values.ndim == 4 else values
        planes[name] = plane.mean(axis=-1) if plane.ndim == 3 else plane
    return planes


@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom on its own files
def test_other_modalities_are_refused_by_their_pixels_alone() -> None:
    planes = bundled_planes()
    assert all(min(plane.shape) >= 64 for plane in planes.values())

    passed = [
        name for name, plane in planes.items() if not doubts_of(drawn((plane - plane.min()) / np.ptp(plane)))
    ]

    assert passed == []


def test_a_photograph_of_a_person_is_refused_in_grey() -> None:
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    buffer = BytesIO()
    with Image.open(path) as image:
        image.convert("L").save(buffer, "PNG")

    assert doubts_of(decode(buffer.getvalue()).pixels) != ()


class TestARefusal:
    def test_says_what_was_measured_and_what_was_expected(self) -> None:
        values, transform = reduced(drawn(GENERATED["disc"]))

        with pytest.raises(UnsuitableImageError) as caught:
            suitable(values, breast_on(values, transform), accept_unsuitable=False)

        assert caught.value.message == (
            "The image does not look like a mammogram: the bright part shows no tissue (its values span 0.0% "
            "of white); no side looks like a chest wall (34% of the rows end in line, 70% expected); no side "
            "looks like skin (the straighter is 1.0 times as straight as the other)."
        )

    def test_without_a_breast_has_one_reason(self) -> None:
        values, _ = reduced(drawn(GENERATED["black"]))

        with pytest.raises(UnsuitableImageError) as caught:
            suitable(values, None, accept_unsuitable=False)

        assert caught.value.message == f"The image does not look like a mammogram: {NO_BREAST}."

    def test_is_waived_on_request_and_the_answer_says_so(self) -> None:
        values, _ = reduced(drawn(GENERATED["black"]))

        assert suitable(values, None, accept_unsuitable=True) == (
            Notice(
                "accepted_unsuitable", f"Analysed on request, although not like a mammogram: {NO_BREAST}."
            ),
        )
