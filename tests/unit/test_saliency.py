"""A map tells its state, what the record leaves unexplained, and the colour that it deserves."""

import numpy as np
import pytest
from numpy.typing import ArrayLike

from mammo_core.errors import InferenceError
from mammo_core.explain.methods import METHODS
from mammo_core.explain.saliency import DEFAULT_REFERENCE, colour_anchor, completeness_residual, explain
from mammo_core.geometry import Box, PixelTransform
from mammo_core.models.manifest import ReferenceLogit
from mammo_core.records import CamMethod, ColourAnchor, Evidence, MapStatus, ModelInput, SaliencyMap
from tests.conftest import make_map

GRID = PixelTransform.identity((100, 80)).cropped(Box(10.0, 0.0, 90.0, 80.0)).resized((40, 20))
REFERENCE = ReferenceLogit(value=8.0, source="median peak of a test")


def evidence_of(
    activations: ArrayLike, gradients: ArrayLike = 1.0, *, score: float = 0.0, bias: float = 0.0
) -> Evidence:
    """One channel; a number stands for gradients that are the same in each cell."""
    values = np.array(activations, dtype=np.float32)[..., None]
    slopes = np.broadcast_to(np.array(gradients, dtype=np.float32), values.shape[:2])[..., None].copy()
    return Evidence("layer", values, slopes, score, bias)


def explained(activations: ArrayLike, gradients: ArrayLike = 1.0) -> SaliencyMap:
    tensor = np.zeros((1, *GRID.shape, 1), dtype=np.float32)
    return explain(evidence_of(activations, gradients), ModelInput(tensor, GRID, ()), CamMethod.GRADCAM)


class TestStatus:
    @pytest.mark.parametrize(
        ("activations", "status"),
        [
            ([[1.0, 2.0], [0.0, 0.0]], MapStatus.OK),
            ([[1.0, -2.0], [-3.0, -4.0]], MapStatus.OK),
            ([[1.0, 1.00001], [1.0, 1.0]], MapStatus.OK),
            ([[-1.0, -2.0], [0.0, -4.0]], MapStatus.NO_POSITIVE_EVIDENCE),
            ([[0.0, 0.0], [0.0, 0.0]], MapStatus.NO_POSITIVE_EVIDENCE),
            ([[-3.0, -3.0], [-3.0, -3.0]], MapStatus.NO_POSITIVE_EVIDENCE),
            ([[3.0, 3.0], [3.0, 3.0]], MapStatus.DEGENERATE),
            ([[3.0]], MapStatus.DEGENERATE),
        ],
    )
    def test_says_whether_there_is_something_to_look_at(
        self, activations: ArrayLike, status: MapStatus
    ) -> None:
        saliency = explained(activations)

        assert saliency.status is status
        assert saliency.cells.tolist() == np.array(activations, dtype=np.float32).tolist()

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
    def test_there_is_no_map_of_numbers_that_are_none(self, bad: float) -> None:
        with pytest.raises(InferenceError, match="not finite"):
            explained([[1.0, bad], [0.0, 2.0]], 1000.0)

    @pytest.mark.parametrize("method", CamMethod)
    def test_there_is_no_map_of_gradients_that_are_none(self, method: CamMethod) -> None:
        tensor = np.zeros((1, *GRID.shape, 1), dtype=np.float32)
        evidence = evidence_of([[1.0, 2.0], [0.0, 2.0]], [[1.0, np.inf], [np.nan, 1.0]])

        with pytest.raises(InferenceError, match="not finite"):
            explain(evidence, ModelInput(tensor, GRID, ()), method)


class TestFaithfulness:
    UNEVEN = np.full((4, 4), 2.0)
    """Gradients; Σ G⊙A and the sum of Grad-CAM's cells have other signs."""
    UNEVEN[0, 0] = -8.0
    ONE_CELL = np.zeros((4, 4))
    ONE_CELL[0, 0] = 1.0

    def explained(self, gradients: ArrayLike, method: CamMethod) -> SaliencyMap:
        tensor = np.zeros((1, *GRID.shape, 1), dtype=np.float32)
        return explain(evidence_of(self.ONE_CELL, gradients), ModelInput(tensor, GRID, ()), method)

    def test_gradcam_of_an_uneven_gradient_warns_names_hirescam_and_is_no_logit(self) -> None:
        gradcam = self.explained(self.UNEVEN, CamMethod.GRADCAM)
        hirescam = self.explained(self.UNEVEN, CamMethod.HIRESCAM)

        assert gradcam.cells.sum() == 1.375
        assert hirescam.cells.sum() == -8.0
        assert [notice.code for notice in gradcam.notices] == ["gradcam_not_faithful"]
        assert "hirescam" in gradcam.notices[0].message
        assert not gradcam.in_logits
        assert hirescam.in_logits
        assert hirescam.notices == ()

    @pytest.mark.parametrize("method", [CamMethod.GRADCAM, CamMethod.HIRESCAM, CamMethod.XGRADCAM])
    def test_of_an_even_gradient_there_is_nothing_to_warn_of(self, method: CamMethod) -> None:
        saliency = self.explained(2.0, method)

        assert saliency.cells.sum() == 2.0
        assert saliency.in_logits
        assert saliency.notices == ()


def test_the_cells_cover_the_whole_input_of_the_model() -> None:
    saliency = explained(np.arange(8.0).reshape(4, 2))

    assert saliency.transform.source_shape == (100, 80)
    assert saliency.transform.shape == (4, 2)
    assert saliency.transform.box_to_source(Box(0.0, 0.0, 4.0, 2.0)) == Box(10.0, 0.0, 90.0, 80.0)
    assert saliency.transform.box_to_source(Box(1.0, 1.0, 2.0, 2.0)) == Box(30.0, 40.0, 50.0, 80.0)


@pytest.mark.parametrize("method", CamMethod)
def test_a_map_tells_its_method_and_unit(method: CamMethod) -> None:
    tensor = np.zeros((1, *GRID.shape, 1), dtype=np.float32)

    saliency = explain(evidence_of([[1.0, 2.0]]), ModelInput(tensor, GRID, ()), method)

    assert (saliency.method, saliency.in_logits) == (method, METHODS[method].in_logits)


class TestCompleteness:
    A, G = [[1.0, 2.0], [3.0, 4.0]], [[1.0, -1.0], [0.5, 2.0]]
    """Σ G⊙A = 1 − 2 + 1.5 + 8 = 8.5"""

    def test_is_exact_where_the_record_accounts_for_the_score(self) -> None:
        assert completeness_residual(evidence_of(self.A, self.G, score=8.0, bias=-0.5)) == 0.0

    def test_falls_short_by_what_a_wrong_gradient_adds(self) -> None:
        wrong = evidence_of(self.A, np.multiply(self.G, 1.1), score=8.0, bias=-0.5)

        assert completeness_residual(wrong) == pytest.approx(0.1 * 8.5 / 8.0, rel=1e-6)

    def test_is_relative_to_the_score_but_not_to_a_small_one(self) -> None:
        assert completeness_residual(evidence_of(self.A, self.G, score=-17.0)) == 25.5 / 17.0
        assert completeness_residual(evidence_of(self.A, self.G, score=0.5)) == 8.0

    def test_is_told_with_the_map(self) -> None:
        assert explained(self.A, self.G).completeness_residual == 8.5

    def test_is_not_told_of_numbers_that_are_none(self) -> None:
        assert completeness_residual(evidence_of(self.A, self.G, score=1.0, bias=np.nan)) is None


class TestColourAnchor:
    STRONG = np.array([[3.0, 1.0], [-5.0, 0.0]])
    """Positive evidence 4 in all; local evidence is 4 cells × 3 = 12 at the peak."""

    def test_is_the_manifest_s_reference(self) -> None:
        anchor = colour_anchor(make_map(self.STRONG, GRID), REFERENCE)

        assert anchor == ColourAnchor(8.0, "manifest: median peak of a test")

    def test_is_not_the_manifest_s_for_a_map_of_another_unit(self) -> None:
        anchor = colour_anchor(make_map(self.STRONG, GRID, in_logits=False), REFERENCE)

        assert anchor.value == 12.0
        assert anchor.source.startswith("default")

    def test_without_a_reference_is_the_peak_of_a_map_with_enough_evidence(self) -> None:
        anchor = colour_anchor(make_map(self.STRONG, GRID), None)

        assert anchor == ColourAnchor(
            12.0, "default: this map's peak, at 2 or more of positive evidence in all"
        )

    @pytest.mark.parametrize(
        ("factor", "brightness"), [(100.0, 1.0), (1.0, 1.0), (0.5, 1.0), (0.25, 0.5), (0.01, 0.02)]
    )
    def test_without_a_reference_leaves_a_weak_map_weak(self, factor: float, brightness: float) -> None:
        saliency = make_map(factor * self.STRONG, GRID)

        anchor = colour_anchor(saliency, None)

        assert saliency.local_evidence.max() / anchor.value == pytest.approx(brightness, rel=1e-5)

    def test_with_a_reference_a_map_of_a_hundredth_has_a_hundredth_of_the_brightness(self) -> None:
        peaks = [
            saliency.local_evidence.max() / colour_anchor(saliency, REFERENCE).value
            for saliency in (make_map(self.STRONG, GRID), make_map(0.01 * self.STRONG, GRID))
        ]

        assert peaks == pytest.approx([1.5, 0.015], rel=1e-6)

    @pytest.mark.parametrize("reference", [None, REFERENCE])
    def test_of_an_empty_map_is_still_positive(self, reference: ReferenceLogit | None) -> None:
        anchor = colour_anchor(
            make_map(-self.STRONG.clip(0), GRID, status=MapStatus.NO_POSITIVE_EVIDENCE), reference
        )

        assert anchor.value == (DEFAULT_REFERENCE if reference is None else 8.0)


def test_local_evidence_does_not_depend_on_the_fineness_of_the_map() -> None:
    coarse = make_map([[4.0, 0.0], [0.0, 0.0]], GRID)
    fine = make_map(np.kron([[4.0, 0.0], [0.0, 0.0]], np.ones((3, 3))) / 9, GRID)

    assert coarse.local_evidence.max() == fine.local_evidence.max() == 16.0
    assert coarse.local_evidence.mean() == pytest.approx(fine.local_evidence.mean())
