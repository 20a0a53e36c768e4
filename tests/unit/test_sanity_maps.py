"""Maps are compared by rank, and over tissue only."""

import numpy as np
import pytest

from mammo_core.sanity.maps import alike, probes, tissue_cells
from mammo_core.sanity.results import Outcome, Report, Result
from tests.conftest import make_manifest


def test_a_constant_map_is_like_no_other() -> None:
    ramp = np.arange(4, dtype=np.float32)

    assert alike(ramp, 2 * ramp) == pytest.approx(1.0)
    assert alike(ramp, -ramp) == pytest.approx(-1.0)
    assert alike(ramp, np.ones(4, np.float32)) == 0.0


def test_cells_that_show_air_are_left_out() -> None:
    image = np.zeros((1, 8, 8, 1), np.float32)
    image[0, 2:, :6] = 0.8

    expected = [[0, 0, 0, 0], [1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0]]
    assert tissue_cells(image, (4, 4)).astype(int).tolist() == expected


def test_a_map_that_is_too_coarse_is_compared_as_a_whole() -> None:
    image = np.zeros((1, 8, 8, 1), np.float32)
    image[0, :, :4] = 1.0

    assert tissue_cells(image, (2, 2)).all()


def test_probes_are_both_views_with_and_without_a_mass_and_their_mirror_images() -> None:
    spec = make_manifest(rows=64, columns=52).input

    made = probes(spec)

    assert [probe.name for probe in made] == [
        "phantom 910000 CC with a mass",
        "phantom 910001 CC",
        "phantom 910002 MLO with a mass",
        "phantom 910003 MLO",
    ]
    for probe in made:
        tensor, mirrored = probe.model_input.tensor, probe.mirrored.tensor
        assert tensor.shape == (1, 64, 52, 1)
        assert not np.allclose(tensor, mirrored)
        assert np.allclose(tensor, mirrored[:, :, ::-1], atol=1e-5)


@pytest.mark.parametrize(
    ("outcomes", "passed"),
    [
        ([Outcome.PASSED, Outcome.REPORTED, Outcome.NOT_POSSIBLE], True),
        ([Outcome.PASSED, Outcome.FAILED], False),
    ],
)
def test_a_report_passes_if_no_check_failed(outcomes: list[Outcome], passed: bool) -> None:
    results = tuple(Result("c", outcome, "s", 1.0, 2.0, (("d", 3.0),)) for outcome in outcomes)

    report = Report("m", "1", "0" * 64, "keras", "t", "gradcam", ("p",), results)

    expected = [
        {
            "check": "c",
            "outcome": outcome,
            "summary": "s",
            "value": 1.0,
            "limit": 2.0,
            "details": [{"name": "d", "value": 3.0}],
        }
        for outcome in outcomes
    ]
    assert report.as_json() == {
        "model": "m",
        "version": "1",
        "sha256": "0" * 64,
        "backend": "keras",
        "target_layer": "t",
        "method": "gradcam",
        "inputs": ("p",),
        "results": tuple(expected),
        "passed": passed,
    }
