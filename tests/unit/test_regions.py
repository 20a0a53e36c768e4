"""Regions lie where the lesion is, on the breast and in the image, and their numbers add up."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mammo_core.anatomy.breast import find_breast
from mammo_core.anatomy.records import PectoralMuscle
from mammo_core.explain.saliency import colour_anchor, explain
from mammo_core.findings.regions import (
    MAX_REGIONS,
    evidence_on_tissue,
    find_regions,
    on_grid,
    tissue_on_grid,
)
from mammo_core.geometry import Box, PixelTransform
from mammo_core.imaging.preprocess import prepare
from mammo_core.models.manifest import Aspect, Crop, InputSpec, Orientation, Resampling, Scaling
from mammo_core.records import (
    BreastMask,
    CamMethod,
    ColourAnchor,
    MapStatus,
    ModelInput,
    PixelSpacing,
    Region,
    RegionLocation,
    SaliencyMap,
    Side,
    Sourced,
)
from mammo_core.testing import EVERYWHERE, MANIFEST, FakeModel
from tests.conftest import breast_pixels, make_anatomy, make_mammogram, make_map

WHITE = 62_000
GRID = PixelTransform.identity((40, 60)).resized((20, 30))
"""Model pixels of 2 × 2 source pixels; maps below have one cell for each."""
ANCHOR = ColourAnchor(1.0, "test")
ANY_PART = np.zeros(GRID.shape, dtype=np.bool_)
"""Regions are compared without their pixels."""


@dataclass(frozen=True)
class Analysed:
    """A picture of a breast as the fake model sees it."""

    model_input: ModelInput
    breast: BreastMask
    saliency: SaliencyMap
    regions: tuple[Region, ...]


def analysed(pixels: NDArray[np.uint16], spec: InputSpec, method: CamMethod = CamMethod.GRADCAM) -> Analysed:
    """Send pixels through the model that shows each bright spot."""
    mammogram, breast = make_mammogram(pixels), find_breast(pixels)
    assert breast is not None
    model_input = prepare(mammogram, spec, breast)
    manifest = MANIFEST.model_copy(update={"input": spec})
    evidence = FakeModel(manifest=manifest, square=EVERYWHERE).run(model_input).evidence
    assert evidence is not None
    saliency = explain(evidence, model_input, method)
    assert saliency.status is MapStatus.OK
    regions = find_regions(
        saliency,
        model_grid=model_input.transform,
        anatomy=make_anatomy(breast),
        exclude_pectoral=True,
        anchor=colour_anchor(saliency, MANIFEST.reference_logit),
        spacing=None,
    )
    return Analysed(model_input, breast, saliency, regions)


def with_lesion(pixels: NDArray[np.uint16], lesion: Box) -> NDArray[np.uint16]:
    planted = pixels.copy()
    part = slice(int(lesion.top), int(lesion.bottom)), slice(int(lesion.left), int(lesion.right))
    assert (planted[part] < WHITE).all(), "the lesion is brighter than what it lies on"
    planted[part] = WHITE
    return planted


def flat_breast(side: Sourced[Side], *, box: Box | None = None) -> BreastMask:
    """A mask of one cell: all tissue within the box."""
    extent = box or Box(0.0, 0.0, 40.0, 60.0)
    return BreastMask(
        inside=np.ones((1, 1), dtype=np.bool_),
        transform=PixelTransform.identity((40, 60)).cropped(extent).resized((1, 1)),
        fraction=1.0,
        box=extent,
        chest_wall=side,
        method="test",
    )


UNKNOWN: Sourced[Side] = Sourced.unknown("test")
LEFT = Sourced(Side.LEFT, "pixels")


def cells_with(*spots: tuple[slice, slice, float], rest: float = -1.0) -> NDArray[np.float64]:
    cells = np.full(GRID.shape, rest)
    for rows, columns, value in spots:
        cells[rows, columns] = value
    return cells


def regions_of(
    cells: NDArray[np.float64],
    *,
    breast: BreastMask | None = None,
    pectoral: PectoralMuscle | None = None,
    exclude_pectoral: bool = True,
    anchor: ColourAnchor = ANCHOR,
    spacing: PixelSpacing | None = None,
    grid: PixelTransform = GRID,
) -> tuple[Region, ...]:
    return find_regions(
        make_map(cells, grid),
        model_grid=grid,
        anatomy=make_anatomy(breast, pectoral=None if pectoral is None else Sourced(pectoral, "pixels")),
        exclude_pectoral=exclude_pectoral,
        anchor=anchor,
        spacing=spacing,
    )


def at_depth(third: str, detail: str) -> RegionLocation:
    """The location of a region on a view of which nothing but the breast is known."""
    return RegionLocation(
        depth=Sourced(third, "pixels", detail),
        vertical=Sourced.unknown("upper and lower are told on MLO views; the view is not known"),
        horizontal=Sourced.unknown("outer and inner are told on CC views; the view is not known"),
    )


def rounded(region: Region) -> Region:
    """The same region without the noise of 32-bit sums."""
    return replace(
        region,
        area_mm2=None if region.area_mm2 is None else round(region.area_mm2, 6),
        evidence=round(region.evidence, 5),
        share_of_evidence=round(region.share_of_evidence, 6),
        relative_peak=round(region.relative_peak, 6),
    )


SPECS = [
    pytest.param(
        InputSpec(
            rows=rows,
            columns=columns,
            channels=1,
            scaling=Scaling.UNIT,
            crop=crop,
            orientation=orientation,
            aspect=aspect,
            resampling=resampling,
        ),
        id=f"{rows}x{columns}-{crop}-{orientation}-{aspect}-{resampling}",
    )
    for (rows, columns), crop, orientation, aspect, resampling in product(
        [(128, 96), (96, 160)], Crop, Orientation, Aspect, [Resampling.BILINEAR, Resampling.LANCZOS]
    )
]
LESIONS = {
    Side.LEFT: [Box(130.0, 20.0, 180.0, 70.0), Box(200.0, 40.0, 240.0, 90.0)],
    Side.RIGHT: [Box(130.0, 170.0, 180.0, 220.0), Box(80.0, 150.0, 130.0, 190.0)],
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize(("side", "lesion"), [(side, box) for side in Side for box in LESIONS[side]])
def test_a_planted_lesion_lies_inside_the_first_region_through_crop_flip_resize_and_pad(
    spec: InputSpec, side: Side, lesion: Box
) -> None:
    found = analysed(with_lesion(breast_pixels(chest_wall=side), lesion), spec)
    first = found.regions[0]
    # Two cells of the fake's map, in source pixels: how far a border can be smeared.
    smeared = (
        2 * 8 / abs(found.model_input.transform.row.scale),
        2 * 8 / abs(found.model_input.transform.column.scale),
    )

    assert found.breast.chest_wall.value is side
    assert first.box.top <= lesion.top and lesion.bottom <= first.box.bottom
    assert first.box.left <= lesion.left and lesion.right <= first.box.right
    assert first.box.top >= lesion.top - smeared[0] and first.box.bottom <= lesion.bottom + smeared[0]
    assert first.box.left >= lesion.left - smeared[1] and first.box.right <= lesion.right + smeared[1]
    for row, column in (first.peak, first.centroid):
        assert lesion.top < row < lesion.bottom
        assert lesion.left < column < lesion.right


@pytest.mark.parametrize("method", CamMethod)
def test_every_method_s_peak_falls_into_the_planted_lesion(method: CamMethod) -> None:
    lesion = LESIONS[Side.RIGHT][0]

    found = analysed(with_lesion(breast_pixels(chest_wall=Side.RIGHT), lesion), MANIFEST.input, method)

    row, column = found.regions[0].peak
    assert lesion.top < row < lesion.bottom
    assert lesion.left < column < lesion.right


def test_a_mirrored_image_has_mirrored_regions() -> None:
    pixels = with_lesion(breast_pixels(), LESIONS[Side.LEFT][0])
    ours, mirrored = (
        analysed(p, MANIFEST.input).regions[0] for p in (pixels, np.ascontiguousarray(pixels[:, ::-1]))
    )

    columns = pixels.shape[1]
    box = ours.box
    assert mirrored.box == Box(box.top, columns - box.right, box.bottom, columns - box.left)
    assert mirrored.peak == pytest.approx((ours.peak[0], columns - ours.peak[1]))
    assert mirrored.evidence == pytest.approx(ours.evidence)


def test_a_bright_label_in_the_air_is_no_region_but_keeps_its_share_of_the_evidence() -> None:
    lesion, label = LESIONS[Side.LEFT][0], Box(4.0, 150.0, 60.0, 236.0)
    spec = MANIFEST.input.model_copy(update={"crop": Crop.NONE})
    pixels = with_lesion(with_lesion(breast_pixels(), lesion), label)
    pixels[4:60, 150:236] = 65_535

    found = analysed(pixels, spec)
    heat = on_grid(found.saliency, found.model_input.transform)
    tissue = tissue_on_grid(found.breast, found.model_input.transform)

    assert heat[~tissue].max() > heat[tissue].max(), "the label is the hottest"
    assert len(found.regions) == 1
    assert found.regions[0].box.right < label.left
    assert found.regions[0].relative_peak < 1.0
    share = evidence_on_tissue(found.saliency, model_grid=found.model_input.transform, breast=found.breast)
    assert share == pytest.approx(heat[tissue].sum() / heat.sum(), rel=1e-5)
    assert 0.5 < share < 1.0


class TestNumbers:
    TWO = cells_with((slice(4, 6), slice(2, 4), 3.0), (slice(10, 11), slice(20, 22), 2.0))
    """Four cells of 3 and two of 2: 16 of positive evidence."""

    def test_of_two_regions_are_those_of_a_hand(self) -> None:
        regions = regions_of(self.TWO, spacing=PixelSpacing(0.1, 0.2), breast=flat_breast(LEFT))

        assert tuple(rounded(r) for r in regions) == (
            Region(
                number=1,
                box=Box(8.0, 4.0, 12.0, 8.0),
                centroid=(10.0, 6.0),
                peak=(9.0, 5.0),
                area_px=16.0,
                area_mm2=0.32,
                evidence=12.0,
                share_of_evidence=0.75,
                relative_peak=1.0,
                location=at_depth("posterior", "0.10 of the breast's width from the chest wall"),
                part=ANY_PART,
            ),
            Region(
                number=2,
                box=Box(20.0, 40.0, 22.0, 44.0),
                centroid=(21.0, 42.0),
                peak=(21.0, 41.0),
                area_px=8.0,
                area_mm2=0.16,
                evidence=4.0,
                share_of_evidence=0.25,
                relative_peak=0.666667,
                location=at_depth("anterior", "0.70 of the breast's width from the chest wall"),
                part=ANY_PART,
            ),
        )
        assert sum(r.share_of_evidence for r in regions) == pytest.approx(1.0)
        assert sum(r.evidence for r in regions) == pytest.approx(np.maximum(self.TWO, 0.0).sum())

    def test_have_no_millimetres_without_a_spacing(self) -> None:
        assert [r.area_mm2 for r in regions_of(self.TWO)] == [None, None]

    def test_of_a_map_of_half_the_evidence_are_half_but_for_its_shape(self) -> None:
        whole, half = regions_of(self.TWO), regions_of(0.5 * self.TWO)

        assert [r.evidence for r in half] == pytest.approx([0.5 * r.evidence for r in whole])
        assert [replace(r, evidence=0.0) for r in half] == [replace(r, evidence=0.0) for r in whole]

    def test_of_a_map_of_a_hundredth_are_gone_with_the_heat(self) -> None:
        reference = ColourAnchor(float(3.0 * self.TWO.size), "test: the first region is fully hot")

        assert len(regions_of(self.TWO, anchor=reference)) == 2
        assert regions_of(0.01 * self.TWO, anchor=reference) == ()

    def test_of_a_map_of_a_hundredth_are_gone_also_without_a_reference(self) -> None:
        weak = make_map(0.01 * self.TWO, GRID)

        assert regions_of(0.01 * self.TWO, anchor=colour_anchor(weak, None)) == ()
        assert len(regions_of(self.TWO, anchor=colour_anchor(make_map(self.TWO, GRID), None))) == 2

    def test_of_a_visible_but_weaker_map_tell_that_it_is_weaker(self) -> None:
        reference = ColourAnchor(float(0.05 * self.TWO.size), "test")

        assert [r.evidence for r in regions_of(0.01 * self.TWO, anchor=reference)] == pytest.approx(
            [0.12, 0.04]
        )

    def test_are_weighted_by_the_heat_in_the_centroid(self) -> None:
        (region,) = regions_of(cells_with((slice(4, 5), slice(2, 3), 3.0), (slice(4, 5), slice(3, 4), 2.0)))

        # (3 · 5 + 2 · 7) / 5, in source pixels
        assert region.centroid == pytest.approx((9.0, 5.8))


class TestOrder:
    def test_begins_with_the_maximum_and_goes_on_by_share(self) -> None:
        regions = regions_of(
            cells_with(
                (slice(1, 2), slice(1, 2), 4.0),
                (slice(5, 6), slice(1, 4), 2.5),
                (slice(9, 10), slice(1, 6), 2.5),
            )
        )

        assert [r.number for r in regions] == [1, 2, 3]
        assert [r.evidence for r in regions] == pytest.approx([4.0, 12.5, 7.5])
        assert regions[0].relative_peak == 1.0

    def test_keeps_the_maximum_however_small_its_region(self) -> None:
        regions = regions_of(cells_with((slice(1, 2), slice(1, 2), 1.0), rest=0.4))

        assert len(regions) == 1
        assert regions[0].share_of_evidence < 0.02
        assert regions[0].box == Box(2.0, 2.0, 4.0, 4.0)

    def test_drops_other_regions_that_hold_next_to_nothing(self) -> None:
        regions = regions_of(
            cells_with((slice(1, 7), slice(1, 10), 1.0), (slice(12, 13), slice(12, 13), 0.9))
        )

        assert [r.box for r in regions] == [Box(2.0, 2.0, 14.0, 20.0)]

    def test_ends_after_the_most_that_are_named(self) -> None:
        spots = [(slice(2, 3), slice(4 * i, 4 * i + 1), 1.0 + 0.1 * i) for i in range(MAX_REGIONS + 2)]

        regions = regions_of(cells_with(*spots))

        assert MAX_REGIONS == 5
        assert [r.evidence for r in regions] == pytest.approx([1.6, 1.5, 1.4, 1.3, 1.2])

    def test_of_equal_maxima_is_always_the_same(self) -> None:
        cells = cells_with((slice(2, 3), slice(3, 4), 1.0), (slice(8, 9), slice(3, 4), 1.0))

        assert [r.peak for r in regions_of(cells)] == [(5.0, 7.0), (17.0, 7.0)]


class TestWhatIsOneRegion:
    def test_touches_by_an_edge_or_a_corner(self) -> None:
        cells = cells_with((slice(2, 3), slice(3, 4), 1.0), (slice(3, 4), slice(4, 5), 1.0))

        assert [r.box for r in regions_of(cells)] == [Box(4.0, 6.0, 8.0, 10.0)]

    def test_reaches_half_of_the_maximum(self) -> None:
        cells = cells_with((slice(2, 3), slice(3, 4), 1.0), (slice(2, 3), slice(4, 6), 0.49))

        assert [r.box for r in regions_of(cells)] == [Box(4.0, 6.0, 6.0, 8.0)]
        cells[2, 4:6] = 0.51
        assert [r.box for r in regions_of(cells)] == [Box(4.0, 6.0, 6.0, 12.0)]

    @pytest.mark.parametrize("status", [s for s in MapStatus if s is not MapStatus.OK])
    def test_needs_a_map_to_look_at(self, status: MapStatus) -> None:
        saliency = make_map(TestNumbers.TWO, GRID, status=status)

        found = find_regions(
            saliency,
            model_grid=GRID,
            anatomy=make_anatomy(),
            exclude_pectoral=True,
            anchor=ANCHOR,
            spacing=None,
        )

        assert found == ()


class TestPlace:
    MUSCLE = PectoralMuscle(
        inside=np.ones((1, 1), dtype=np.bool_),
        transform=PixelTransform.identity((40, 60)).cropped(Box(0.0, 0.0, 16.0, 16.0)).resized((1, 1)),
        box=Box(0.0, 0.0, 16.0, 16.0),
        share_of_breast=0.1,
        contrast=0.3,
        edge=((0.0, 16.0), (16.0, 0.0)),
    )
    """Where the first of the two regions lies."""

    def test_is_outside_of_the_pectoral_muscle(self) -> None:
        regions = regions_of(TestNumbers.TWO, breast=flat_breast(LEFT), pectoral=self.MUSCLE)

        assert [(r.number, r.box) for r in regions] == [(1, Box(20.0, 40.0, 22.0, 44.0))]

    def test_is_in_the_pectoral_muscle_too_if_that_is_asked_for(self) -> None:
        regions = regions_of(
            TestNumbers.TWO, breast=flat_breast(LEFT), pectoral=self.MUSCLE, exclude_pectoral=False
        )

        assert [(r.number, r.box) for r in regions] == [
            (1, Box(8.0, 4.0, 12.0, 8.0)),
            (2, Box(20.0, 40.0, 22.0, 44.0)),
        ]

    def test_is_on_the_breast(self) -> None:
        breast = flat_breast(LEFT, box=Box(0.0, 0.0, 40.0, 30.0))

        regions = regions_of(TestNumbers.TWO, breast=breast)

        assert [r.box for r in regions] == [Box(8.0, 4.0, 12.0, 8.0)]
        assert regions[0].share_of_evidence == pytest.approx(0.75)

    def test_is_judged_by_the_maximum_on_the_breast(self) -> None:
        breast = flat_breast(LEFT, box=Box(0.0, 30.0, 40.0, 60.0))
        cells = cells_with((slice(4, 6), slice(2, 4), 9.0), (slice(10, 11), slice(20, 22), 2.0))

        (region,) = regions_of(cells, breast=breast)

        assert region.box == Box(20.0, 40.0, 22.0, 44.0)
        assert region.relative_peak == pytest.approx(2 / 9)

    def test_of_evidence_only_outside_the_breast_is_nowhere(self) -> None:
        breast = flat_breast(LEFT, box=Box(0.0, 50.0, 40.0, 60.0))

        assert regions_of(TestNumbers.TWO, breast=breast) == ()
        assert evidence_on_tissue(make_map(TestNumbers.TWO, GRID), model_grid=GRID, breast=breast) == 0.0

    def test_is_never_in_the_padding_also_without_a_breast(self) -> None:
        padded = PixelTransform.identity((40, 60)).resized((20, 30)).padded(top=3, left=4, shape=(26, 40))
        cells = np.full(padded.shape, -1.0)
        cells[0:5, 0:10] = 2.0
        cells[10:12, 35:40] = 2.0

        regions = regions_of(cells, grid=padded)

        assert [r.box for r in regions] == [Box(0.0, 0.0, 4.0, 12.0)]
        assert regions[0].peak == (1.0, 1.0)

    @pytest.mark.parametrize("seed", range(20))
    def test_is_inside_the_image_whatever_the_map(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        grid = (
            PixelTransform.identity((40, 60))
            .cropped(Box(3.0, 5.0, 36.0, 60.0))
            .flipped_columns()
            .resized((29, 31))
            .padded(top=5, left=0, shape=(40, 32))
        )

        regions = regions_of(random.normal(size=(10, 8)), grid=grid)

        assert regions
        for region in regions:
            assert 0 <= region.box.top < region.box.bottom <= 40
            assert 0 <= region.box.left < region.box.right <= 60
            assert region.box == region.box.whole((40, 60))
            for row, column in (region.peak, region.centroid):
                assert region.box.top <= row <= region.box.bottom
                assert region.box.left <= column <= region.box.right

    def test_of_half_of_the_evidence_on_tissue_is_told(self) -> None:
        cells = cells_with((slice(4, 6), slice(2, 4), 1.0), (slice(4, 6), slice(20, 22), 1.0))
        breast = flat_breast(LEFT, box=Box(0.0, 0.0, 40.0, 30.0))

        assert evidence_on_tissue(make_map(cells, GRID), model_grid=GRID, breast=breast) == 0.5

    def test_of_no_evidence_on_tissue_is_none_of_it(self) -> None:
        cells = np.full(GRID.shape, -1.0)

        assert evidence_on_tissue(make_map(cells, GRID), model_grid=GRID, breast=flat_breast(LEFT)) == 0.0


class TestDepth:
    CELLS = cells_with((slice(4, 5), slice(5, 6), 1.0))
    """Its centre lies at column 11 of 60."""

    @pytest.mark.parametrize(
        ("side", "box", "third", "fraction"),
        [
            (Side.LEFT, Box(0.0, 0.0, 40.0, 60.0), "posterior", "0.18"),
            (Side.RIGHT, Box(0.0, 0.0, 40.0, 60.0), "anterior", "0.82"),
            (Side.LEFT, Box(0.0, 1.0, 40.0, 21.0), "middle", "0.50"),
            (Side.RIGHT, Box(0.0, 8.0, 40.0, 14.0), "middle", "0.50"),
            (Side.LEFT, Box(0.0, 0.0, 40.0, 14.0), "anterior", "0.79"),
        ],
    )
    def test_is_a_third_of_the_breast_from_the_chest_wall(
        self, side: Side, box: Box, third: str, fraction: str
    ) -> None:
        (region,) = regions_of(self.CELLS, breast=flat_breast(Sourced(side, "pixels"), box=box))

        assert region.location.depth == Sourced(
            third, "pixels", f"{fraction} of the breast's width from the chest wall"
        )

    @pytest.mark.parametrize("breast", [None, flat_breast(UNKNOWN)])
    def test_is_not_told_without_a_chest_wall(self, breast: BreastMask | None) -> None:
        (region,) = regions_of(self.CELLS, breast=breast)

        assert region.location.depth == Sourced.unknown("the chest-wall side is not known")


@given(st.integers(0, 10_000))
def test_no_share_is_more_than_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.random((int(rng.integers(2, 40)), int(rng.integers(2, 30)))) + 0.5
    grid = PixelTransform.identity((320, 240)).resized((160, 120))
    saliency = make_map(cells, grid)
    everywhere = BreastMask(
        inside=np.ones((32, 24), dtype=np.bool_),
        transform=PixelTransform.identity((320, 240)).resized((32, 24)),
        fraction=1.0,
        box=Box(0.0, 0.0, 320.0, 240.0),
        chest_wall=Sourced.unknown("a test"),
        method="a test",
    )

    share = evidence_on_tissue(saliency, model_grid=grid, breast=everywhere)
    regions = find_regions(
        saliency,
        model_grid=grid,
        anatomy=make_anatomy(everywhere),
        exclude_pectoral=True,
        anchor=ColourAnchor(0.001, "a test"),
        spacing=None,
    )

    assert 0.999 < share <= 1.0
    assert regions
    assert all(0.0 < region.share_of_evidence <= 1.0 for region in regions)
    assert all(0.0 < region.relative_peak <= 1.0 for region in regions)
