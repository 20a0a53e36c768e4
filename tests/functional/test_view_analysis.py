"""What an answer says of the view itself: each value with its source, or null with its reason."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mammo_core.anatomy.view import ASSUMED
from mammo_core.phantom.files import to_dicom, to_png
from mammo_core.phantom.synthesis import Phantom, make_phantom
from mammo_core.records import Laterality, ViewPosition
from mammo_core.testing import FakeModel
from tests.conftest import breast_pixels
from tests.doors import client_of, service_with

SHAPE = (512, 416)
CC, MLO = ViewPosition.CC, ViewPosition.MLO
L, R = Laterality.LEFT, Laterality.RIGHT


def body_of(data: bytes, name: str = "x.png", query: str = "") -> dict[str, Any]:
    client = client_of(service_with(FakeModel()))
    answer = client.post(
        f"/analyze?images=&quality_checks=off{query}",
        files={"file": (name, data, "application/octet-stream")},
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def view_of(data: bytes, name: str = "x.png", query: str = "") -> dict[str, Any]:
    view: dict[str, Any] = body_of(data, name, query)["view_analysis"]
    return view


def known(value: object, source: str, detail: str | None = None) -> dict[str, Any]:
    return {"value": value, "source": source, "detail": detail, "reason": None}


def unknown(reason: str) -> dict[str, Any]:
    return {"value": None, "source": None, "detail": None, "reason": reason}


def phantom(view: ViewPosition = CC, side: Laterality = L, seed: int = 3) -> Phantom:
    return make_phantom(seed=seed, view_position=view, laterality=side, shape=SHAPE)


def mirrored(made: Phantom) -> Phantom:
    """Pixels mirrored, tags as they were."""
    return replace(made, pixels=made.pixels[:, ::-1].copy())


def codes(body: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in body["warnings"]]


def test_a_craniocaudal_view_without_tags_is_described_by_its_pixels() -> None:
    view = view_of(to_png(phantom()))

    quality, mask = view.pop("image_quality"), view.pop("breast_mask")
    density = view.pop("density_index")
    assert view == {
        "view_position": known("CC", "pixels", "the breast does not reach the top edge"),
        "laterality": known("L", "pixels", f"chest wall at the left edge; {ASSUMED}"),
        "orientation": unknown("it takes a laterality of L or R that does not come from the pixels"),
        "pectoral_muscle": unknown("the breast does not touch the top edge of the image"),
    }
    assert mask["value"]["chest_wall_side"]["value"] == "left"
    assert 0.0 < density["value"] < 1.0
    assert density["source"] == "pixels"
    assert {name: (part["source"], part["reason"]) for name, part in quality["value"].items()} == {
        "clipped_white": ("pixels", None),
        "clipped_black": ("pixels", None),
        "contrast": ("pixels", None),
        "sharpness": ("pixels", None),
        "cut_off": ("pixels", None),
        "pectoral_visible": (None, "a pectoral muscle is expected on MLO, this is CC"),
    }
    assert quality["value"]["cut_off"]["value"] == []
    assert all(0.0 <= quality["value"][name]["value"] <= 1.0 for name in ("clipped_white", "contrast"))


@pytest.mark.parametrize("side", [L, R])
def test_an_oblique_view_shows_its_pectoral_muscle_in_source_pixels(side: Laterality) -> None:
    view = view_of(to_png(phantom(MLO, side)))

    muscle = view["pectoral_muscle"]["value"]
    assert (view["view_position"]["value"], view["laterality"]["value"]) == ("MLO", side)
    assert view["image_quality"]["value"]["pectoral_visible"]["value"] is True
    box = muscle["bbox"]
    assert box["y1"] == 0
    assert (box["x1"] == 0) is (side is L)
    assert (box["x2"] == SHAPE[1]) is (side is R)
    assert 0.0 < muscle["share_of_breast"] < 0.5
    assert muscle["contrast"] > 0.06
    assert muscle["edge"][0]["y"] == pytest.approx(0.0, abs=8)
    assert muscle["edge"][0]["x"] == pytest.approx(box["x2"] if side is L else box["x1"], abs=12)


def test_tags_are_used_and_agree_with_the_pixels() -> None:
    body = body_of(to_dicom(phantom(MLO, R)), name="x.dcm")

    view = body["view_analysis"]
    assert (view["laterality"]["value"], view["laterality"]["source"]) == ("R", "dicom_tag")
    assert (view["view_position"]["value"], view["view_position"]["source"]) == ("MLO", "dicom_tag")
    assert view["orientation"] == known("standard", "pixels", "laterality R, chest wall at the right edge")
    assert "known spacing" in view["density_index"]["detail"]
    assert codes(body) == []


def test_a_mirrored_image_keeps_its_tag_and_warns() -> None:
    body = body_of(to_dicom(mirrored(phantom(CC, R))), name="x.dcm")

    view = body["view_analysis"]
    assert (view["laterality"]["value"], view["laterality"]["source"]) == ("R", "dicom_tag")
    assert view["orientation"]["value"] == "mirrored"
    assert [(w["code"], w["message"]) for w in body["warnings"]] == [
        (
            "orientation_mismatch",
            "The chest wall is at the left edge, where a breast of laterality R does not have it as "
            "mammograms are hung: the image is mirrored, or the laterality is wrong.",
        )
    ]


def test_a_view_tag_that_the_pixels_contradict_is_used_and_warned_about() -> None:
    oblique = phantom(MLO)
    body = body_of(to_dicom(replace(oblique, view_position=CC)), name="x.dcm")

    view = body["view_analysis"]
    assert (view["view_position"]["value"], view["view_position"]["source"]) == ("CC", "dicom_tag")
    assert view["pectoral_muscle"] == unknown("a pectoral muscle is not looked for on CC views")
    assert codes(body) == ["view_position_mismatch"]


class TestAFileName:
    def test_gives_what_neither_tag_nor_request_say(self) -> None:
        view = view_of(to_png(phantom(MLO, R)), name="R-MLO.png")

        assert view["laterality"] == known("R", "file_name")
        assert view["view_position"] == known("MLO", "file_name")
        assert view["orientation"]["value"] == "standard"

    def test_loses_to_the_request_with_a_warning(self) -> None:
        body = body_of(to_png(phantom(MLO, R)), name="L-CC.png", query="&laterality=R&view=MLO")

        assert body["view_analysis"]["laterality"] == known("R", "request")
        assert body["view_analysis"]["view_position"] == known("MLO", "request")
        assert codes(body) == ["laterality_mismatch", "view_position_mismatch"]

    def test_loses_to_a_tag_with_a_warning(self) -> None:
        body = body_of(to_dicom(phantom(CC, L)), name="RCC.dcm")

        assert body["view_analysis"]["laterality"]["source"] == "dicom_tag"
        assert codes(body) == ["laterality_mismatch"]

    def test_is_nowhere_in_the_answer(self) -> None:
        client = client_of(service_with(FakeModel()))
        name = "QUETZALCOATL-L-CC.png"

        answer = client.post("/analyze?images=", files={"file": (name, to_png(phantom()), "image/png")})

        assert answer.json()["view_analysis"]["laterality"] == known("L", "file_name")
        assert "QUETZALCOATL" not in answer.text

    def test_counts_on_the_command_line_too(self) -> None:
        from pathlib import Path
        from tempfile import TemporaryDirectory

        from mammo_core.batch import Job, run
        from mammo_core.options import AnalysisOptions

        with TemporaryDirectory() as folder:
            path = Path(folder) / "left_mlo.png"
            path.write_bytes(to_png(phantom(MLO)))
            done = run(
                Job(path, "left_mlo"),
                service=service_with(FakeModel()),
                options=AnalysisOptions(images=()),
            )

        assert done.answer is not None
        view = done.answer.view_analysis
        assert (view.laterality.value, view.laterality.source) == (L, "file_name")
        assert (view.view_position.value, view.view_position.source) == (MLO, "file_name")


def test_laterality_and_view_are_null_where_they_cannot_be_known() -> None:
    half = breast_pixels((320, 120), reach=0.9)
    symmetric = np.concatenate([half[:, ::-1], half], axis=1)

    view = view_of(_png(symmetric), query="&accept_unsuitable=true")

    assert view["laterality"] == unknown("both ends of the breast mask are equally straight")
    assert view["view_position"] == unknown("the chest-wall side is not known")
    assert view["pectoral_muscle"] == unknown("the chest-wall side is not known")


def test_without_a_breast_everything_is_null_with_its_reason() -> None:
    view = view_of(_png(np.zeros((256, 256), dtype=np.uint16)), query="&accept_unsuitable=true")

    reasons = {name: (value["value"], value["reason"]) for name, value in view.items()}
    nothing = (None, "no breast was found")
    assert reasons == {
        "view_position": nothing,
        "laterality": nothing,
        "orientation": (None, "it takes a laterality of L or R that does not come from the pixels"),
        "breast_mask": nothing,
        "pectoral_muscle": nothing,
        "density_index": nothing,
        "image_quality": nothing,
    }


def test_density_is_not_always_the_same() -> None:
    values = {view_of(to_png(phantom(seed=seed)))["density_index"]["value"] for seed in range(4)}

    assert None not in values
    assert len(values) == 4


def test_a_step_that_breaks_takes_its_own_value_and_leaves_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("text that may hold anything")

    monkeypatch.setattr("mammo_core.anatomy.density.density_index", broken)

    body = body_of(to_png(phantom()))

    assert body["view_analysis"]["density_index"] == unknown(
        "the density index could not be made: RuntimeError"
    )
    assert body["view_analysis"]["image_quality"]["value"] is not None
    assert 0.0 < body["confidence"] < 1.0
    assert "the density index could not be made: RuntimeError" in capsys.readouterr().err


class TestTheGate:
    def test_refuses_what_is_no_mammogram_with_what_was_measured(self) -> None:
        client = client_of(service_with(FakeModel()))

        answer = client.post("/analyze", content=_disc())

        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "unsuitable_image")
        assert problem["detail"].startswith(
            "The image does not look like a mammogram: no side looks like a chest wall ("
        )

    def test_is_overridden_on_request_and_the_answer_says_so(self) -> None:
        body = body_of(_disc(), query="&accept_unsuitable=true")

        (warning,) = [w for w in body["warnings"] if w["code"] == "accepted_unsuitable"]
        assert warning["message"].startswith(
            "Analysed on request, although not like a mammogram: no side looks like a chest wall ("
        )


class TestARegion:
    @pytest.mark.parametrize(("view", "key"), [(CC, "horizontal"), (MLO, "vertical")])
    def test_lies_where_one_view_can_tell_and_in_no_quadrant(self, view: ViewPosition, key: str) -> None:
        body = body_of(to_dicom(phantom(view)), name="x.dcm")

        (region,) = body["findings"]["regions"]
        location = region["location"]
        assert set(location) == {"depth", "vertical", "horizontal"}
        assert location["depth"]["value"] in {"anterior", "middle", "posterior"}
        other = "vertical" if key == "horizontal" else "horizontal"
        assert location[other]["value"] is None
        told = location[key]
        assert told["value"] in {"upper", "lower", "outer", "inner"} or told["reason"]

    def test_in_the_muscle_is_left_out_unless_it_is_asked_for(self) -> None:
        from mammo_core.geometry import Box

        made = to_png(phantom(MLO))
        model = FakeModel(square=Box(8.0, 16.0, 16.0, 24.0))
        client = client_of(service_with(model))

        without = client.post("/analyze?images=", content=made).json()
        with_muscle = client.post("/analyze?images=&exclude_pectoral=false", content=made).json()

        muscle = without["view_analysis"]["pectoral_muscle"]["value"]["bbox"]
        (region,) = with_muscle["findings"]["regions"]
        assert region["peak_xy"]["x"] < muscle["x2"]
        assert region["peak_xy"]["y"] < muscle["y2"]
        assert region["peak_xy"] not in [r["peak_xy"] for r in without["findings"]["regions"]]


def _png(pixels: np.ndarray[Any, np.dtype[np.uint16]]) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray((pixels >> 8).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def _disc() -> bytes:
    """A bright, uneven disc in the middle of darkness."""
    rows, columns = np.mgrid[0:256, 0:256] / 256
    radius = np.hypot(rows - 0.5, columns - 0.5)
    return _png(np.where(radius < 0.3, 65_535 * (0.9 - radius), 0.0).astype(np.uint16))
