"""One failing part of the rendering costs the pictures that need it, and no other: the founding incident."""

import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageFont

from mammo_core.records import Picture, PictureFormat, PictureName, PictureState
from mammo_core.render import encode
from mammo_core.render.album import RENDERERS, PictureOptions, make_pictures
from mammo_core.render.colour import colour_table
from mammo_core.render.scene import Scene
from tests.unit.test_render_scene import hot_map, left_breast, scene

SECRET = "/home/somebody/DOE^JANE.dcm"


def noise(shape: tuple[int, int]) -> Scene:
    """A scene that cannot be compressed."""
    values = np.random.default_rng(1).integers(0, 65536, shape, dtype=np.uint16)
    return scene(values, breast=left_breast(shape), saliency=hot_map(shape))


def states(pictures: tuple[Picture, ...]) -> dict[str, str]:
    return {picture.name.value: picture.state.value for picture in pictures}


ALL_OK = {name.value: "ok" for name in PictureName}


@pytest.fixture(autouse=True)
def _fresh_colour_tables() -> Iterator[None]:
    colour_table.cache_clear()
    yield
    colour_table.cache_clear()


def _fails(*_: object, **__: object) -> None:
    raise RuntimeError(SECRET)


class TestFailures:
    def test_nothing_fails_and_nothing_is_told_when_all_is_well(self) -> None:
        made = make_pictures(scene(), PictureOptions())
        assert states(made) == ALL_OK
        assert [picture.reason for picture in made] == [None] * 5
        assert [picture.where for picture in made] == [None] * 5

    @pytest.mark.parametrize("name", list(PictureName))
    def test_a_broken_renderer_costs_its_own_picture(
        self, name: PictureName, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = make_pictures(scene(), PictureOptions())
        monkeypatch.setattr(import_module(RENDERERS[name]), "draw", _fails)
        made = make_pictures(scene(), PictureOptions())
        assert states(made) == {**ALL_OK, name.value: "failed"}
        for old, new in zip(before, made, strict=True):
            reason = "could not be drawn: renderer (RuntimeError)"
            if new.name is name:
                assert new.where is not None
                assert new == Picture(name, PictureState.FAILED, reason, new.where)
                assert new.where.startswith(f"{__name__}:")
                assert SECRET not in repr(new)
            else:
                assert new == old

    @pytest.mark.parametrize("name", list(PictureName))
    def test_a_missing_module_costs_its_own_picture(
        self, name: PictureName, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, RENDERERS[name], None)
        made = make_pictures(scene(), PictureOptions())
        assert states(made) == {**ALL_OK, name.value: "failed"}
        expected = f"could not be drawn: renderer (ModuleNotFoundError: {RENDERERS[name]})"
        assert made[list(PictureName).index(name)].reason == expected

    def test_without_matplotlib_exactly_the_two_heat_pictures_fail(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        made = make_pictures(scene(), PictureOptions())
        assert states(made) == {**ALL_OK, "overlay": "failed", "heatmap_only": "failed"}
        expected = "could not be drawn: colour map inferno (ModuleNotFoundError: matplotlib)"
        assert {picture.reason for picture in made} == {None, expected}
        assert [picture.where is not None for picture in made] == [False, True, True, False, False]

    def test_without_pillow_all_fail_and_nothing_is_raised(self) -> None:
        script = (
            "import sys; sys.modules['PIL'] = None\n"
            "from types import SimpleNamespace as N\n"
            "from mammo_core.render.album import PictureOptions, make_pictures\n"
            "scene = N(mammogram=N(shape=(9, 9)), saliency=N(status='ok'), regions=())\n"
            "for p in make_pictures(scene, PictureOptions()): print(p.state, p.reason)\n"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        line = "failed could not be drawn: renderer (ModuleNotFoundError: PIL)"
        assert done.stdout.splitlines() == [line] * 5

    def test_a_font_that_fails_is_replaced_and_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = make_pictures(scene(), PictureOptions())
        monkeypatch.setattr(ImageFont, "load_default", _fails)
        made = make_pictures(scene(), PictureOptions())
        assert states(made) == ALL_OK
        expected = "font (RuntimeError): drawn with the bitmap font"
        assert all((picture.reason or "").startswith(expected) for picture in made)
        assert all(old.data != new.data for old, new in zip(before, made, strict=True))

    def test_without_any_font_no_picture_is_drawn_without_its_notice(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(ImageFont, "load_default", _fails)
        monkeypatch.setattr(ImageFont, "load_default_imagefont", _fails)
        made = make_pictures(scene(), PictureOptions())
        assert {picture.reason for picture in made} == {"could not be drawn: bitmap font (RuntimeError)"}

    def test_an_encoder_that_fails_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(encode, "encode", _fails)
        made = make_pictures(scene(), PictureOptions(picture_format=PictureFormat.WEBP))
        expected = "could not be drawn: encoding as webp (RuntimeError)"
        assert [(p.state, p.reason) for p in made] == [(PictureState.FAILED, expected)] * 5

    def test_a_broken_breast_mask_costs_the_heat_only(self) -> None:
        whole = scene()
        assert whole.breast is not None
        broken = replace(whole.breast, inside=np.ones((3, 3), np.bool_))
        made = make_pictures(replace(whole, breast=broken), PictureOptions())
        assert states(made) == {**ALL_OK, "overlay": "failed", "heatmap_only": "failed"}
        assert made[0].reason == "breast mask (ValueError): text placed without it"
        assert made[1].reason == "could not be drawn: breast mask (ValueError)"


class TestStates:
    def test_what_could_not_be_computed_is_unavailable_with_its_reason(self) -> None:
        blind = replace(scene(), saliency=None, saliency_reason="no target layer", regions=None,
                        regions_reason="no map")  # fmt: skip
        made = make_pictures(blind, PictureOptions())
        heat, regions = (
            (PictureState.UNAVAILABLE, "no target layer"),
            (PictureState.UNAVAILABLE, "no map"),
        )
        assert [(p.state, p.reason) for p in made] == [(PictureState.OK, None), heat, heat, regions, regions]

    def test_what_was_not_asked_for_is_not_drawn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(import_module(RENDERERS[PictureName.BBOX]), "draw", _fails)
        made = make_pictures(scene(), PictureOptions(names=(PictureName.OVERLAY,)))
        assert states(made) == {**dict.fromkeys(ALL_OK, "not_requested"), "overlay": "ok"}

    def test_the_same_scene_gives_the_same_bytes(self) -> None:
        for picture_format in PictureFormat:
            options = PictureOptions(picture_format=picture_format)
            assert make_pictures(scene(), options) == make_pictures(scene(), options)


class TestLimit:
    @pytest.mark.parametrize("picture_format", list(PictureFormat))
    def test_noise_is_drawn_smaller_until_it_fits(self, picture_format: PictureFormat) -> None:
        shown, options = noise((500, 400)), PictureOptions(picture_format=picture_format)
        free = make_pictures(shown, options)
        needed = sum(len(picture.data or b"") for picture in free)
        limit = needed // 2
        made = make_pictures(shown, replace(options, max_total_bytes=limit))
        assert states(made) == ALL_OK
        assert 0.5 * limit < sum(len(picture.data or b"") for picture in made) <= limit
        (size,) = {(picture.width, picture.height) for picture in made}
        assert size[1] is not None
        assert size[1] < 500
        for picture in made:
            note = f"side lowered from 500 to {size[1]} px"
            assert note in (picture.reason or "")
            assert picture.scale == pytest.approx(size[1] / 500)
            assert Image.open(BytesIO(picture.data or b"")).size == size

    def test_quality_follows_when_a_lower_side_is_not_enough(self) -> None:
        shown, options = noise((700, 560)), PictureOptions(picture_format=PictureFormat.JPEG)
        at_512 = make_pictures(shown, replace(options, max_side=512))
        limit = sum(len(picture.data or b"") for picture in at_512) - 1
        made = make_pictures(shown, replace(options, max_total_bytes=limit))
        assert sum(len(picture.data or b"") for picture in made) <= limit
        changes = "side lowered from 700 to 512 px and quality lowered from 90 to 75"
        assert made[0].reason == f"{changes} to keep the answer below its limit"

    def test_an_impossible_limit_gives_up_pictures_not_the_limit(self) -> None:
        made = make_pictures(scene(), PictureOptions(max_total_bytes=5_000))
        assert 0 < sum(len(picture.data or b"") for picture in made) <= 5_000
        given_up = [picture for picture in made if picture.state is PictureState.FAILED]
        assert given_up
        assert all("larger than the answer has room for" in (p.reason or "") for p in given_up)
        assert all(p.where == "mammo_core.render.album" for p in given_up)
        nothing = make_pictures(scene(), PictureOptions(max_total_bytes=-1))
        assert [picture.data for picture in nothing] == [None] * 5


def test_a_png_holds_pixels_and_nothing_else() -> None:
    for picture in make_pictures(scene(), PictureOptions()):
        data, kinds, at = picture.data or b"", [], 8
        while at < len(data):
            (length,) = struct.unpack_from(">I", data, at)
            kinds.append(data[at + 4 : at + 8])
            at += length + 12
        assert set(kinds) <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
