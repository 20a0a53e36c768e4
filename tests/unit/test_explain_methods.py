"""Every CAM method gives the numbers that a hand computes on a 4 × 4 map of two channels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.explain.methods import METHODS, gradcam
from mammo_core.records import CamMethod, FloatArray

ACTIVATIONS = np.stack([np.arange(16.0).reshape(4, 4), 8.0 * np.eye(4)], axis=-1).astype(np.float32)
"""Channel 0 counts the cells, channel 1 is 8 on the diagonal."""
GRADIENTS = np.zeros((4, 4, 2), dtype=np.float32)
GRADIENTS[:, :2, 0] = 1.0  # the left half: mean 1/2
GRADIENTS[0, :, 1] = -1.0  # the top row: mean −1/4

THIRTEEN_30THS, FOUR_61STS = 13 / 30, 4 / 61
BY_HAND = {
    # ½ · channel 0 − ¼ · channel 1
    CamMethod.GRADCAM: [
        [-2.0, 0.5, 1.0, 1.5],
        [2.0, 0.5, 3.0, 3.5],
        [4.0, 4.5, 3.0, 5.5],
        [6.0, 6.5, 7.0, 5.5],
    ],
    # channel 0 in the left half, less channel 1 in the top row
    CamMethod.HIRESCAM: [
        [-8.0, 1.0, 0.0, 0.0],
        [4.0, 5.0, 0.0, 0.0],
        [8.0, 9.0, 0.0, 0.0],
        [12.0, 13.0, 0.0, 0.0],
    ],
    # channel 0: a = 1 / (2 + 120) in the 8 cells of the left half, so w = 8/122; channel 1: no G > 0
    CamMethod.GRADCAM_PLUS_PLUS: [
        [0.0, FOUR_61STS, 2 * FOUR_61STS, 3 * FOUR_61STS],
        [4 * FOUR_61STS, 5 * FOUR_61STS, 6 * FOUR_61STS, 7 * FOUR_61STS],
        [8 * FOUR_61STS, 9 * FOUR_61STS, 10 * FOUR_61STS, 11 * FOUR_61STS],
        [12 * FOUR_61STS, 13 * FOUR_61STS, 14 * FOUR_61STS, 15 * FOUR_61STS],
    ],
    # channel 0 in the left half
    CamMethod.LAYERCAM: [
        [0.0, 1.0, 0.0, 0.0],
        [4.0, 5.0, 0.0, 0.0],
        [8.0, 9.0, 0.0, 0.0],
        [12.0, 13.0, 0.0, 0.0],
    ],
    # channel 0 times 52/120, the mean of its gradient weighted by itself; channel 1 times −8/32
    CamMethod.XGRADCAM: [
        [-2.0, THIRTEEN_30THS, 2 * THIRTEEN_30THS, 3 * THIRTEEN_30THS],
        [4 * THIRTEEN_30THS, 5 * THIRTEEN_30THS - 2.0, 6 * THIRTEEN_30THS, 7 * THIRTEEN_30THS],
        [8 * THIRTEEN_30THS, 9 * THIRTEEN_30THS, 10 * THIRTEEN_30THS - 2.0, 11 * THIRTEEN_30THS],
        [12 * THIRTEEN_30THS, 13 * THIRTEEN_30THS, 14 * THIRTEEN_30THS, 15 * THIRTEEN_30THS - 2.0],
    ],
}
IN_LOGITS = {
    CamMethod.GRADCAM: True,
    CamMethod.GRADCAM_PLUS_PLUS: False,
    CamMethod.HIRESCAM: True,
    CamMethod.LAYERCAM: False,
    CamMethod.XGRADCAM: True,
}


def random_layer(seed: int = 0) -> FloatArray:
    values: NDArray[np.float64] = np.random.default_rng(seed).normal(size=(5, 7, 6))
    return values.astype(np.float32)


def test_every_method_has_its_row_and_its_function() -> None:
    assert set(BY_HAND) == set(IN_LOGITS) == set(METHODS) == set(CamMethod)


def test_the_methods_differ_on_this_layer() -> None:
    assert len({str(row) for row in BY_HAND.values()}) == len(BY_HAND)


@pytest.mark.parametrize("method", CamMethod)
def test_a_method_gives_what_a_hand_computes(method: CamMethod) -> None:
    cells = METHODS[method].function(ACTIVATIONS, GRADIENTS)

    assert cells == pytest.approx(np.array(BY_HAND[method]), rel=1e-6, abs=1e-12)
    assert cells.dtype == np.float32
    assert METHODS[method].in_logits is IN_LOGITS[method]


@pytest.mark.parametrize("method", CamMethod)
def test_a_method_changes_nothing_that_it_was_given(method: CamMethod) -> None:
    activations, gradients = ACTIVATIONS.copy(), GRADIENTS.copy()
    activations.flags.writeable = gradients.flags.writeable = False

    METHODS[method].function(activations, gradients)

    assert np.array_equal(activations, ACTIVATIONS)
    assert np.array_equal(gradients, GRADIENTS)


@pytest.mark.parametrize("method", [m for m in CamMethod if IN_LOGITS[m]])
def test_cells_in_logits_add_up_to_the_score_of_a_network_that_averages(method: CamMethod) -> None:
    activations, weights = random_layer(), np.linspace(-2.0, 3.0, 6)
    gradients = np.broadcast_to(weights / 35, activations.shape).astype(np.float32)
    score = float(activations.mean(axis=(0, 1), dtype=np.float64) @ weights)

    cells = METHODS[method].function(activations, gradients)

    assert abs(score) > 0.1
    assert float(cells.sum(dtype=np.float64)) == pytest.approx(score, abs=1e-5)
    assert cells == pytest.approx(gradcam(activations, gradients), abs=1e-5)


def test_gradcam_plus_plus_and_xgradcam_leave_out_what_has_no_weight() -> None:
    activations = np.array([[[1.0, 1.0], [-1.0, 2.0]]], dtype=np.float32)
    gradients = np.array([[[1.0, 0.0], [1.0, 0.0]]], dtype=np.float32)

    # Channel 0 adds up to 0, channel 1 has no gradient: neither has a weighted mean.
    assert METHODS[CamMethod.XGRADCAM].function(activations, gradients).tolist() == [[0.0, 0.0]]
    # a = 1 / (2 + 0) twice for channel 0, 0 / 0 for channel 1.
    assert METHODS[CamMethod.GRADCAM_PLUS_PLUS].function(activations, gradients).tolist() == [[1.0, -1.0]]


@pytest.mark.parametrize("method", sorted(set(CamMethod) - {CamMethod.GRADCAM_PLUS_PLUS}))
def test_evidence_grows_with_the_gradient(method: CamMethod) -> None:
    activations, gradients = random_layer(), random_layer(1)

    once = METHODS[method].function(activations, gradients)
    thrice = METHODS[method].function(activations, 3 * gradients)

    assert np.abs(once).max() > 0.1
    assert thrice == pytest.approx(3 * once, rel=1e-4, abs=1e-5)
