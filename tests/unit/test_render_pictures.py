"""The pictures lie on one grid, and their heat is anchored, in its place and on the breast only."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mammo_core.geometry import Box, PixelTransform
from mammo_core.records import ColourAnchor, ColourMap, MapStatus, PictureName, PictureState
from mammo_core.render import colour, heatmap_only, original, overlay
from mammo_core.render.album import PictureOptions
from mammo_core.render.frame import Frame
from tests.unit.test_render_scene import (
    COLUMNS,
    ROWS,
    apart_from_text,
    hot_map,
    left_breast,
    pictures,
    pixels,
    scene,
    tissue,
)


class TestGrid:
    @pytest.mark.parametrize(
        ("shape", "max_side", "expected", "scale"),
        [
            ((300, 240), 1024, (300, 240), 1.0),
            ((300, 240), 150, (150, 120), 0.5),
            ((240, 300), 100, (80, 100), 1 / 3),
            ((333, 100), 111, (111, 33), 1 / 3),
        ],
    )
    def test_all_pictures_have_one_size_and_are_never_enlarged(
        self, shape: tuple[int, int], max_side: int, expected: tuple[int, int], scale: float
    ) -> None:
        shown = scene(tissue(shape), breast=left_breast(shape), saliency=hot_map(shape))
        made = pictures(shown, PictureOptions(max_side=max_side))
        for picture in made.values():
            assert pixels(picture).shape[:2] == expected == (picture.height, picture.width)
            assert picture.scale == pytest.approx(scale)

    def test_sixteen_bit_values_are_rounded_to_the_nearest_of_256_greys(self) -> None:
        values = np.array([[0, 128, 129, 257, 385, 386, 65406, 65407, 65535]], dtype=np.uint16)
        assert Frame(scene(values), 1024).grey.tolist() == [[0, 0, 1, 1, 1, 2, 254, 255, 255]]

    def test_shrinking_averages_the_pixels_it_leaves_out(self) -> None:
        checks = np.indices((300, 240)).sum(axis=0) % 2 * 65535
        grey = Frame(scene(checks.astype(np.uint16)), 100).grey
        assert grey.shape == (100, 80)
        assert np.abs(grey.astype(int) - 127).max() <= 16

    def test_the_original_at_scale_one_is_the_source_outside_the_notice(self) -> None:
        shown = scene()
        canvas = original.draw(Frame(shown, 1024))
        plain = apart_from_text(canvas)
        got = pixels(pictures(shown)[PictureName.ORIGINAL])
        expected = (tissue() // 257).astype(np.int16)
        assert (got[plain] == expected[plain][:, None]).all()
        assert (got[~plain] != expected[~plain][:, None]).any()

    def test_the_source_is_shrunk_once_for_all_pictures(self, monkeypatch: pytest.MonkeyPatch) -> None:
        calls: list[str] = []
        resize = Image.Image.resize

        def counted(self: Image.Image, size: tuple[int, int], *rest: object, **more: object) -> Image.Image:
            calls.extend(["source"] if self.size == (COLUMNS, ROWS) else [])
            return resize(self, size, *rest, **more)  # type: ignore[arg-type]  # as it came

        monkeypatch.setattr(Image.Image, "resize", counted)
        made = pictures(scene(), PictureOptions(max_side=150))
        assert all(picture.state is PictureState.OK for picture in made.values())
        assert calls == ["source"]


class TestHeat:
    def test_a_hundredth_of_the_evidence_changes_the_overlay_and_leaves_it_nearly_grey(self) -> None:
        strong, weak = (scene(saliency=hot_map(peak=peak)) for peak in (2.0, 0.02))
        plain = apart_from_text(overlay.draw(Frame(weak, 1024)))
        images = [pixels(pictures(shown)[PictureName.OVERLAY])[plain] for shown in (strong, weak)]
        grey = pixels(pictures(strong)[PictureName.ORIGINAL])[plain]
        assert np.abs(images[0] - grey).max() > 80
        assert 1 <= np.abs(images[1] - grey).max() <= 3

    def test_cold_pixels_of_the_overlay_are_the_original(self) -> None:
        shown = scene()
        frame = Frame(shown, 1024)
        cold = (frame.heat == 0) & apart_from_text(overlay.draw(frame))
        made = pictures(shown)
        got, grey = pixels(made[PictureName.OVERLAY]), pixels(made[PictureName.ORIGINAL])
        assert cold.mean() > 0.5
        assert (got[cold] == grey[cold]).all()
        assert (got[frame.heat > 30] != grey[frame.heat > 30]).any(axis=1).all()

    def test_there_is_no_heat_outside_the_breast(self) -> None:
        cells = np.full((6, 5), 2.0 / 30, dtype=np.float32)
        everywhere = replace(hot_map(), cells=cells)
        shown = scene(saliency=everywhere)
        frame = Frame(shown, 1024)
        assert (frame.heat[:, :160] == 255).all()
        assert (frame.heat[:, 160:] == 0).all()
        made = pictures(shown)
        outside = apart_from_text(heatmap_only.draw(frame)) & apart_from_text(overlay.draw(frame))
        outside[:, :170] = False  # the outline of the breast is drawn on both sides of its edge
        assert outside.any()
        assert (pixels(made[PictureName.HEATMAP_ONLY])[outside] == 0).all()
        same = pixels(made[PictureName.OVERLAY]) == pixels(made[PictureName.ORIGINAL])
        assert same[outside].all()

    def test_without_a_breast_nothing_is_cut_off(self) -> None:
        everywhere = replace(hot_map(), cells=np.full((6, 5), 1.0 / 30, dtype=np.float32))
        assert (Frame(scene(saliency=everywhere, breast=None), 1024).heat == 128).all()

    @pytest.mark.parametrize("max_side", [1024, 100])
    @pytest.mark.parametrize("flipped", [False, True])
    def test_the_hottest_pixel_is_where_it_was_planted(self, flipped: bool, max_side: int) -> None:
        cropped = PixelTransform.identity((ROWS, COLUMNS)).cropped(Box(30, 10, 270, 160))
        grid = (cropped.flipped_columns() if flipped else cropped).resized((6, 5))
        shown = scene(saliency=replace(hot_map(peak=1.9), transform=grid))
        # Cells of 40 × 30 pixels from row 30, column 10; mirrored, column 2 of 5 stays the middle one.
        assert grid.to_source(1.5, 2.5) == pytest.approx((90.0, 85.0))
        frame = Frame(shown, max_side)
        got = pixels(pictures(shown, PictureOptions(max_side=max_side))[PictureName.OVERLAY])
        tinted = np.abs(got[:, :, 0] - got[:, :, 2]) * apart_from_text(overlay.draw(frame))
        rows, columns = np.nonzero(frame.heat == frame.heat.max())
        centre = frame.transform.to_source(rows.mean() + 0.5, columns.mean() + 0.5)
        assert centre == pytest.approx((90.0, 85.0), abs=1.0 / frame.scale)
        assert tinted[rows, columns].max() > 60

    def test_a_flip_moves_the_heat_to_the_other_side(self) -> None:
        left = replace(hot_map(), cells=np.roll(hot_map().cells, -2, axis=1))
        mirrored = replace(
            left, transform=PixelTransform.identity((300, 240)).flipped_columns().resized((6, 5))
        )
        columns = [
            int(np.argmax(Frame(scene(saliency=s, breast=None), 1024).heat.max(axis=0)))
            for s in (left, mirrored)
        ]
        assert columns[0] < 48
        assert columns[1] >= 192

    @pytest.mark.parametrize("name", list(ColourMap))
    def test_every_colour_map_is_drawn_from_its_first_to_its_last_colour(self, name: ColourMap) -> None:
        table = colour.colour_table(name)
        assert table.shape == (256, 3)
        assert len(np.unique(table, axis=0)) > 200
        shown = scene(colour_map=name, saliency=hot_map(peak=2.2))
        got = pixels(pictures(shown)[PictureName.HEATMAP_ONLY])
        assert got[75, 120].tolist() == table[255].tolist()
        assert got[250, 60].tolist() == table[0].tolist()

    def test_the_unit_of_the_colour_bar_depends_on_the_map(self) -> None:
        logits, other = scene(), scene(saliency=replace(hot_map(), in_logits=False))
        images = [pixels(pictures(shown)[PictureName.HEATMAP_ONLY]) for shown in (logits, other)]
        assert (images[0] != images[1]).any()
        assert (images[0][100:, :160] == images[1][100:, :160]).all()

    @pytest.mark.parametrize("status", [MapStatus.NO_POSITIVE_EVIDENCE, MapStatus.DEGENERATE])
    def test_an_empty_map_is_drawn_without_heat_and_says_why(self, status: MapStatus) -> None:
        constant = replace(hot_map(), cells=np.full((6, 5), 3.0, dtype=np.float32), status=status)
        shown = scene(saliency=constant, saliency_reason="all cells are equal")
        canvas = overlay.draw(Frame(shown, 1024))
        made = pictures(shown)
        plain = apart_from_text(canvas)
        assert len(canvas.taken) == 2  # the notice and the caption
        assert made[PictureName.OVERLAY].reason == "all cells are equal"
        got, grey = pixels(made[PictureName.OVERLAY]), pixels(made[PictureName.ORIGINAL])
        assert (got[plain] == grey[plain]).all()
        assert made[PictureName.HEATMAP_ONLY].state is PictureState.OK

    def test_an_empty_map_needs_no_anchor_and_has_no_colour_bar(self) -> None:
        empty = scene(saliency=replace(hot_map(), status=MapStatus.NO_POSITIVE_EVIDENCE))
        taken = [len(heatmap_only.draw(Frame(s, 1024)).taken) for s in (empty, replace(empty, anchor=None))]
        assert taken == [3, 2]  # the notice, the caption, and the bar

    def test_a_weak_map_is_said_to_be_weak(self) -> None:
        taken = [
            len(overlay.draw(Frame(scene(saliency=hot_map(peak=p)), 1024)).taken) for p in (2.0, 0.2, 0.05)
        ]
        assert taken == [1, 1, 2]

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"anchor": None}, "colour anchor (expected a positive number, received none)"),
            (
                {"anchor": ColourAnchor(0.0, "manifest")},
                "colour anchor (expected a positive number, received 0)",
            ),
            (
                {"saliency": replace(hot_map(), cells=np.full((6, 5), np.nan, dtype=np.float32))},
                "heat (a cell of the map is not finite)",
            ),
        ],
    )
    def test_heat_that_cannot_be_coloured_costs_two_pictures(
        self, changes: dict[str, object], reason: str
    ) -> None:
        made = pictures(scene(None, **changes))
        failed = {name: p.reason for name, p in made.items() if p.state is not PictureState.OK}
        expected = f"could not be drawn: {reason}"
        assert failed == {PictureName.OVERLAY: expected, PictureName.HEATMAP_ONLY: expected}
