"""A model that is asked again is asked in small batches, counted, and not believed everything."""

import numpy as np
import pytest

from mammo_core.errors import InferenceError
from mammo_core.explain.probe import BATCH, Probe
from mammo_core.records import FloatArray
from mammo_core.testing import FakeModel
from tests.builders_maps import Brightness, make_subject, noise


@pytest.mark.parametrize(
    ("images", "batches"), [(0, []), (1, [1]), (BATCH, [BATCH]), (2 * BATCH + 3, [BATCH, BATCH, 3])]
)
def test_images_are_scored_in_batches_and_counted(images: int, batches: list[int]) -> None:
    model = Brightness()
    probe = Probe(model)

    scores = probe.scores(np.full((4, 3, 1), value, dtype=np.float32) for value in range(images))

    assert scores.tolist() == list(range(images))
    assert model.batches == batches
    assert probe.forwards == images


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_an_error_and_not_a_value(bad: float) -> None:
    class Broken(FakeModel):
        def explained_scores(self, images: FloatArray) -> FloatArray:
            return np.full(len(images), bad, dtype=np.float32)

    with pytest.raises(InferenceError, match="not a finite number"):
        Probe(Broken()).scores([np.zeros((128, 96, 1), dtype=np.float32)])


def test_each_pixel_lies_in_one_cell_of_the_map() -> None:
    subject = make_subject(noise((5, 4)), [[1.0, 2.0], [3.0, 4.0]], score=0.0)

    assert subject.cells().tolist() == [[0, 0, 1, 1]] * 3 + [[2, 2, 3, 3]] * 2
