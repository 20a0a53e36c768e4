"""What is measured of a region is where it should be, in millimetres, and depends on nothing else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.anatomy.breast import find_breast
from mammo_core.findings.region_features import measure
from mammo_core.findings.region_patch import GRID_MM, cut_out, distances, find_blob, middle
from mammo_core.records import PixelSpacing
from tests.conftest import breast_pixels

Floats = NDArray[np.float64]

FILM = PixelSpacing(0.2, 0.2)
SIDE_MM, CENTRE_MM = 70.0, (36.0, 34.0)
NAMES = [
    "log_blob_width_mm",
    "core_contrast",
    "blob_response",
    "core_spread",
    "edge_sharpness",
    "log_edge_radius_mm",
    "gradient_convergence",
    "gradient_size",
    "radial_lines",
    "tangential_lines",
    "line_strength",
    "log_specks",
    "log_brightest_speck",
    "fine_skewness",
    "log_fine_kurtosis",
    "texture_slope",
    "finest_octave",
    "coarsest_octave",
    "log_core_diameter_mm",
    "core_elongation",
    "outline_roughness",
    "core_parts",
]


def axes(spacing_mm: float) -> tuple[Floats, Floats]:
    """Distances of the pixel centres from the lesion's centre, in mm."""
    at = (np.arange(round(SIDE_MM / spacing_mm), dtype=np.float64) + 0.5) * spacing_mm
    return (at - CENTRE_MM[0])[:, None], (at - CENTRE_MM[1])[None, :]


def tissue(spacing_mm: float = 0.2) -> Floats:
    """Waves in place of a parenchyma: smooth, so that they look alike at each spacing."""
    down, across = axes(spacing_mm)
    waves = np.asarray(
        np.sin(down / 2.1) * np.cos(across / 1.7) + np.sin(across / 5.3 + down / 7.1), dtype=np.float64
    )
    return 0.3 + 0.03 * waves


def dome(radius_mm: float, soft_mm: float, spacing_mm: float = 0.2) -> Floats:
    """A disk that is 0.2 brighter than the tissue, fading over a length."""
    distance = np.hypot(*axes(spacing_mm))
    return 0.2 / (1.0 + np.exp((distance - radius_mm) / soft_mm))


def pixels_of(values: Floats) -> NDArray[np.uint16]:
    return np.rint(values * 65_535).astype(np.uint16)


def measured(values: Floats, spacing_mm: float = 0.2, off_mm: float = 0.0) -> dict[str, float]:
    point = ((CENTRE_MM[0] + off_mm) / spacing_mm, (CENTRE_MM[1] - off_mm) / spacing_mm)
    found = measure(pixels_of(values), point, PixelSpacing(spacing_mm, spacing_mm), None)
    assert found is not None
    return found


def test_the_features_have_fixed_names_and_none_is_a_place_or_a_number_of_a_region() -> None:
    assert list(measured(tissue() + dome(5.0, 0.4))) == NAMES


def test_a_disk_is_found_beside_the_point_and_measured_in_millimetres() -> None:
    values = tissue() + dome(5.0, 0.2)
    patch = cut_out(pixels_of(values), (CENTRE_MM[0] / 0.2 + 15, CENTRE_MM[1] / 0.2 - 15), FILM, None)
    assert patch is not None

    blob = find_blob(patch)

    assert blob is not None
    at = middle(patch)
    assert ((blob.row - at) * GRID_MM, (blob.column - at) * GRID_MM) == pytest.approx((-3.0, 3.0), abs=0.6)
    assert blob.radius_mm == pytest.approx(5.0, abs=0.1), "the width 3.5 mm is among those tried"
    assert distances(patch, at, at)[at, at + 10] == pytest.approx(2.0)
    features = measured(values)
    assert np.exp(features["log_core_diameter_mm"]) == pytest.approx(10.0, abs=0.5)
    assert np.exp(features["log_edge_radius_mm"]) == pytest.approx(5.0, abs=0.5)
    assert features["core_elongation"] == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("spacing_mm", [0.05, 0.1])
def test_a_finer_image_of_the_same_tissue_measures_the_same(spacing_mm: float) -> None:
    coarse = measured(tissue() + dome(5.0, 0.6))
    fine = measured(tissue(spacing_mm) + dome(5.0, 0.6, spacing_mm), spacing_mm)

    assert fine == pytest.approx(coarse, abs=0.15)
    assert fine["core_contrast"] == pytest.approx(coarse["core_contrast"], rel=0.02)


def test_grey_values_scaled_and_shifted_measure_the_same() -> None:
    values = tissue() + dome(5.0, 0.6)
    noisy = values + 0.004 * np.random.default_rng(1).standard_normal(values.shape)

    assert measured(0.5 * noisy + 0.1) == pytest.approx(measured(noisy), abs=0.02)


def test_a_mirrored_or_moved_region_measures_the_same() -> None:
    pixels = pixels_of(tissue() + dome(5.0, 0.6))
    row, column = 180.5, 170.5
    here = measure(pixels, (row, column), FILM, None)
    assert here is not None

    mirrored = measure(pixels[:, ::-1], (row, pixels.shape[1] - column), FILM, None)
    larger = np.pad(pixels, ((40, 0), (70, 0)), mode="edge")
    moved = measure(larger, (row + 40, column + 70), FILM, None)

    assert mirrored == pytest.approx(here, abs=1e-6)
    assert moved == pytest.approx(here, abs=1e-6)


def test_specks_are_counted() -> None:
    values = tissue() + 0.002 * np.random.default_rng(2).standard_normal(tissue().shape)
    values = values + dome(5.0, 0.6)
    without = measured(values)
    for row, column in ((170, 160), (180, 180), (190, 165), (176, 168)):
        values[row, column] += 0.15

    with_specks = measured(values)

    assert without["log_specks"] == 0.0
    assert with_specks["log_specks"] == pytest.approx(np.log(5.0))
    assert with_specks["log_brightest_speck"] > without["log_brightest_speck"] + 1.0


def test_lines_that_point_at_the_core_and_lines_around_it_are_told_apart() -> None:
    values = 0.3 + dome(4.0, 0.4)
    down, across = axes(0.2)
    distance, angle = np.hypot(down, across), np.arctan2(down, across)
    spicules = 0.05 * np.maximum(np.cos(10.0 * angle), 0.0) ** 8 * (distance > 4.0)
    shells = 0.05 * np.maximum(np.cos(2.0 * np.pi * distance / 4.0), 0.0) ** 4 * (distance > 5.0)

    spiculated, shelled = measured(values + spicules), measured(values + shells)

    assert spiculated["radial_lines"] > 0.8 > 0.2 > spiculated["tangential_lines"]
    assert shelled["tangential_lines"] > 0.8 > 0.2 > shelled["radial_lines"]


def test_a_sharp_edge_is_sharper_than_a_soft_one_and_a_bright_core_has_more_contrast() -> None:
    sharp, soft = measured(tissue() + dome(5.0, 0.2)), measured(tissue() + dome(5.0, 1.2))
    faint = measured(tissue() + 0.5 * dome(5.0, 0.2))

    assert sharp["edge_sharpness"] > 1.5 * soft["edge_sharpness"] > 0.0
    assert sharp["core_contrast"] > 1.5 * faint["core_contrast"] > 0.0


def test_what_lies_outside_the_breast_is_not_measured() -> None:
    pixels = breast_pixels((640, 480))
    breast = find_breast(pixels)
    assert breast is not None
    rng = np.random.default_rng(3)
    textured = (pixels + rng.integers(0, 900, pixels.shape)).astype(np.uint16)
    air = ~np.pad(breast.inside, 0)
    rows, columns = (
        np.clip(axis.forward(np.arange(size) + 0.5), 0, limit - 1).astype(int)
        for axis, size, limit in zip(
            (breast.transform.row, breast.transform.column), pixels.shape, breast.inside.shape, strict=True
        )
    )
    labelled = np.where(air[np.ix_(rows, columns)], np.uint16(65_000), textured)
    assert (labelled != textured).any()

    point = (320.0, 200.0)

    assert measure(labelled, point, FILM, breast) == measure(textured, point, FILM, breast)


@pytest.mark.parametrize(
    ("pixels", "point"),
    [
        (np.full((400, 400), 20_000, dtype=np.uint16), (200.0, 200.0)),
        (pixels_of(tissue()), (-200.0, -200.0)),
        (pixels_of(tissue())[:40, :40], (20.0, 20.0)),
    ],
    ids=["a blank image", "a point far outside", "a small piece of an image"],
)
def test_where_too_little_is_shown_nothing_is_measured(
    pixels: NDArray[np.uint16], point: tuple[float, float]
) -> None:
    assert measure(pixels, point, FILM, None) is None
