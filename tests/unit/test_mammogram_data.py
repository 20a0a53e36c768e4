"""What the default model learns from is what the service would show it, and lesions are where targets say."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mammo_core.anatomy.breast import find_breast
from mammo_core.anatomy.polarity import upright
from mammo_core.imaging.decode import decode
from mammo_core.imaging.preprocess import prepare
from tests.training_views import collection, write_digital, write_films
from training.mammogram.augment import Strength, Warp, coverage, regrade
from training.mammogram.batches import Mix, Source
from training.mammogram.catalogue import entries
from training.mammogram.controls import shuffled
from training.mammogram.folds import fold_of
from training.mammogram.ground import Ground, breast_range
from training.mammogram.inputs import GRID, SPEC, STRIDE
from training.mammogram.lesions import Kind, Planted, draw, synthetic
from training.mammogram.planting import plant
from training.mammogram.prepare import prepare_folder
from training.mammogram.runs import split
from training.mammogram.transplants import lifted, redrawn, transplants
from training.mammogram.views import Spot, read


def ground() -> Ground:
    views = collection()
    return Ground(views.image(views.views[1]), views.tissue_of(views.views[1]), 0.4, "rsna")


def test_cached_views_are_the_inputs_of_the_service_with_lesions_in_place(tmp_path: Path) -> None:
    films = write_films(tmp_path / "films")
    write_digital(tmp_path / "digital")
    counts = [prepare_folder(tmp_path / name, tmp_path / "cache" / name) for name in ("films", "digital")]

    cached = read([tmp_path / "cache" / name for name in ("films", "digital")])

    assert counts == [3, 2]
    assert prepare_folder(tmp_path / "films", tmp_path / "cache" / "films") == 0, "done already"
    known = {view.patient: (view.source, view.positive, view.healthy) for view in cached.views}
    assert known == {
        "a": ("mini-mias", False, True),
        "b": ("mini-mias", True, False),
        "c": ("mini-mias", None, False),
        "d": ("rsna", True, False),
        "e": ("rsna", False, False),
    }, "a benign finding is neither cancer nor health, and a biopsy found something"
    mammogram = upright(decode((tmp_path / "films" / "2.png").read_bytes()))
    served = prepare(mammogram, SPEC, find_breast(mammogram.pixels))
    view = cached.views[1]
    assert np.abs(cached.image(view) - served.tensor[0, :, :, 0]).max() < 1e-5
    assert view.place.transform == served.transform
    lesion = films["2.png"].lesion
    assert lesion is not None
    (spot,) = view.spots
    assert (spot.row, spot.column) == pytest.approx(served.transform.to_grid(lesion.row, lesion.column))
    assert view.mm == pytest.approx(0.2 / served.transform.row.scale)
    assert spot.down == pytest.approx(
        lesion.radius_mm / films["2.png"].spacing_mm * served.transform.row.scale
    )


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,patient,cancer,biopsy\na.png,1,1,0\n", "no column machine"),
        ("image,patient,cancer,biopsy,machine\na.png,1,maybe,0,49\n", "row 2, column cancer: one of 1"),
        ("image,patient,cancer,biopsy,machine\na.png,1,0,?,49\n", "row 2, column biopsy"),
        ("image,patient,cancer,biopsy,machine\na.png,,0,0,49\n", "row 2, column patient: something"),
        ("image,patient,label\na.png,1,benign\n", "no column x, y, r"),
        (
            "image,patient,label,x,y,r\na.png,1,benign,,,\nb.png,2,cyst,,,\n",
            "row 3, column label: one of normal",
        ),
        ("image,patient,label,x,y,r\na.png,1,benign,left,9,9\n", "row 2, column x: a number"),
    ],
)
def test_a_table_that_would_be_misread_is_refused_by_row_and_column(
    table: str, message: str, tmp_path: Path
) -> None:
    (tmp_path / "labels.csv").write_text(table)
    with pytest.raises(ValueError, match=message) as caught:
        entries(tmp_path)
    assert "maybe" not in str(caught.value)


def test_tables_as_others_write_them_mean_the_same(tmp_path: Path) -> None:
    header = "image,patient,cancer,biopsy,machine"
    (tmp_path / "labels.csv").write_text(f"{header}\na.png,1,1.0,1,x\nb.png,2,No,FALSE,x\nc.png,3,0,true,x\n")
    assert [(entry.positive, entry.healthy) for entry in entries(tmp_path)] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    rows = ["a.png,1,MALIGNANT,9,9,5", "b.png,2,BENIGN_WITHOUT_CALLBACK,,,", "c.png,3,Normal,,,"]
    (tmp_path / "labels.csv").write_text("\n".join(["image,patient,label,x,y,r", *rows]) + "\n")
    assert [(entry.positive, entry.healthy, entry.circles) for entry in entries(tmp_path)] == [
        (True, False, ((9.5, 9.5, 5.0),)),
        (None, False, ()),
        (False, True, ()),
    ]


def test_preparing_tells_what_it_made_and_what_it_left_out(tmp_path: Path) -> None:
    write_films(tmp_path)
    Image.new("L", (260, 320)).save(tmp_path / "3.png")
    told: list[str] = []
    assert prepare_folder(tmp_path, tmp_path / "cache", tell=told.append) == 2
    assert told == [
        "row 4 is left out: no breast was found, the service would refuse it",
        "1 with cancer, 1 without, 0 with a benign finding; 1 healthy, 1 with circles; 2 patients",
    ]
    (tmp_path / "2.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"labels.csv, row 3: the image cannot be read"):
        prepare_folder(tmp_path, tmp_path / "other")


def test_folds_share_no_patient_and_spread_machines_and_labels() -> None:
    views = collection(60).views
    folds = fold_of(views)

    learnt, measured = split(views, 1)

    assert {view.patient for view in learnt} & {view.patient for view in measured} == set()
    assert sorted([*learnt, *measured], key=lambda view: view.number) == list(views)
    strata = {view.stratum for view in views}
    for stratum in strata:
        sizes = np.bincount([folds[v.patient] for v in views if v.stratum == stratum], minlength=3)
        assert np.ptp(sizes) <= 1
    assert fold_of(reversed(views)) == folds, "the order of the table does not matter"


@pytest.mark.parametrize("kind", Kind)
def test_a_lesion_is_bright_within_its_radius_and_the_same_for_the_same_seed(kind: Kind) -> None:
    lesion = draw(kind, np.random.default_rng(4), mm=0.4, stretch=1.0)
    again = draw(kind, np.random.default_rng(4), mm=0.4, stretch=1.0)

    assert np.array_equal(lesion.values, again.values)
    assert np.isfinite(lesion.values).all()
    assert 0.3 < lesion.values.max() < 4.0
    half = lesion.values.shape[0] // 2
    rows, columns = np.ogrid[-half : half + 1, -half : half + 1]
    inside = np.hypot(rows, columns) * 0.4 <= lesion.radius_mm
    assert np.abs(lesion.values[inside]).mean() > 2.0 * np.abs(lesion.values[~inside]).mean()


def test_planted_lesions_change_the_breast_where_they_say_and_leave_air_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("training.mammogram.planting.DECOYS", 0.0)
    healthy = ground()

    image, spots = plant(healthy, np.random.default_rng(1), count=2)
    nothing, none = plant(healthy, np.random.default_rng(1), count=0)

    assert len(spots) == 2
    assert none == ()
    assert np.array_equal(nothing, healthy.image)
    changed = np.abs(image - healthy.image)
    shares, weights = coverage(spots)
    covered = np.kron(shares > 0.0, np.ones((STRIDE, STRIDE)))
    assert changed[covered > 0].mean() > 20.0 * changed[covered == 0].mean()
    assert changed[healthy.image == 0.0].max() == 0.0
    assert weights.sum() > 0.0


def test_a_lesion_is_lifted_out_of_its_film_and_planted_elsewhere() -> None:
    healthy = ground()
    rows, columns = np.ogrid[: SPEC.rows, : SPEC.columns]
    bright = healthy.image + np.float32(0.3) * (np.hypot(rows - 200, columns - 120) <= 20.0)
    spot = Spot(200.5, 120.5, 20.0, 20.0)

    lesion = lifted(replace(healthy, image=bright.astype(np.float32)), spot)
    assert lesion is not None
    half = lesion.values.shape[0] // 2
    assert half == 25
    span = breast_range(healthy)
    assert lesion.values[half - 5 : half + 6, half - 5 : half + 6].mean() * span == pytest.approx(
        0.3, abs=0.03
    )
    assert lesion.values[0].max() == 0.0
    assert lesion.radius_mm == 8.0
    larger = redrawn(lesion, np.random.default_rng(0), zoom=1.5, stretch=1.0)
    assert larger.values.shape[0] % 2 == 1
    assert larger.radius_mm * 1.5 / lesion.radius_mm == pytest.approx(larger.values.shape[0] / 51.0, rel=0.05)
    assert lifted(healthy, Spot(200.5, 4.0, 20.0, 20.0)) is None, "cut off by the edge"


def test_a_lesion_that_was_lifted_out_is_as_wide_as_its_target() -> None:
    rows, columns = np.ogrid[-30:31, -30:31]
    disc = Planted((np.hypot(rows, columns) <= 20.0).astype(np.float32), radius_mm=8.0)
    wide = redrawn(disc, np.random.default_rng(0), zoom=1.0, stretch=1.4)
    down, across = (np.flatnonzero(wide.values.max(axis) > 0.5) for axis in (1, 0))
    assert np.ptp(across) / np.ptp(down) == pytest.approx(1.4, rel=0.06)
    assert np.ptp(down) / 2.0 == pytest.approx(wide.radius_mm / 0.4, abs=1.0)
    assert (down.mean(), across.mean()) == (wide.values.shape[0] // 2,) * 2, "a patch has a middle"


def test_without_a_share_nothing_is_transplanted() -> None:
    views = collection()
    none = transplants(views, views.views, share=0.0)(np.random.default_rng(1), 0.4, 1.0)
    assert np.array_equal(none.values, synthetic(np.random.default_rng(1), 0.4, 1.0).values)
    films = [view for view in views.views if view.spots]
    some = transplants(views, films, share=1.0)(np.random.default_rng(1), 0.4, 1.0)
    assert some.contrast == (0.7, 1.2)


def test_a_lesion_four_times_as_large_weighs_twice_as_much() -> None:
    small, large = (coverage((Spot(256.0, 160.0, radius, radius),))[1] for radius in (20.0, 40.0))
    assert large.sum() == pytest.approx(2.0 * small.sum(), rel=0.05)
    assert coverage((Spot(256.0, 160.0, 16.0, 16.0),))[1].sum() == pytest.approx(1.0, rel=0.1)


def test_a_lesion_outside_of_the_picture_covers_nothing() -> None:
    shares, weights = coverage((Spot(-80.0, 40.0, 10.0, 10.0),))
    assert shares.max() == weights.max() == 0.0
    assert coverage(())[0].shape == GRID


def test_a_warp_moves_pixels_and_lesions_alike() -> None:
    image = np.zeros((SPEC.rows, SPEC.columns), dtype=np.float32)
    image[150:155, 120:125] = 1.0
    for seed in range(12):
        warp = Warp.drawn(np.random.default_rng(seed), Strength())
        moved, spot = warp.image(image), warp.spot(Spot(152.5, 122.5, 10.0, 10.0))
        rows, columns = np.nonzero(moved > 0.4)
        assert (rows.mean() + 0.5, columns.mean() + 0.5) == pytest.approx((spot.row, spot.column), abs=0.8)


def test_without_strength_nothing_changes_and_with_it_the_range_stays() -> None:
    image = ground().image
    assert np.array_equal(regrade(image, np.random.default_rng(0), 0.0), image)
    warp = Warp.drawn(np.random.default_rng(0), Strength(0.0))
    assert np.array_equal(warp.image(image), image)
    graded = [regrade(image, np.random.default_rng(seed), 1.0) for seed in range(6)]
    assert all(0.0 <= each.min() <= each.max() <= 1.0 for each in graded)
    assert all(each.dtype == np.float32 and np.abs(each - image).max() > 0.01 for each in graded)


def test_a_batch_is_the_same_for_the_same_step_and_knows_what_is_known() -> None:
    views = collection()
    source = Source(views, views.views, Mix(2, 1, 2, 1, 1), seed=5, strength=Strength(0.5, 0.5))

    first, second = list(source.batches(0, 2))
    (resumed,) = source.batches(1, 2)

    assert np.array_equal(second.images, resumed.images)
    assert not np.array_equal(first.images, second.images)
    assert first.images.shape == (7, SPEC.rows, SPEC.columns, 1)
    assert {np.asarray(array).dtype for array in asdict(first).values()} == {np.dtype(np.float32)}
    assert first.located.tolist() == [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0]
    assert first.labelled.tolist() == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0], "planted lesions are no cancers"
    assert first.labels.tolist()[3:] == [0.0, 1.0, 1.0, 0.0], "a normal film teaches no cancer"
    assert [shares.max() for shares in first.shares[5:]] == [1.0, 0.0]


def test_stage_1_learns_the_score_from_what_is_planted() -> None:
    views = collection()
    (batch,) = Source(views, views.views, Mix(12, 4), seed=5).batches(0, 1)
    assert batch.labelled.tolist() == [1.0] * 16
    assert batch.labels.tolist() == [float(shares.any()) for shares in batch.shares]
    assert 0.0 < batch.labels.mean() < 1.0


def test_shuffled_labels_are_as_many_and_mean_nothing() -> None:
    views = [replace(view, number=number) for number, view in enumerate(collection(40).views)]

    dealt = shuffled(views, seed=3)

    assert [replace(view, positive=None) for view in dealt] == [
        replace(view, positive=None) for view in views
    ]
    digital = [number for number, view in enumerate(views) if view.source == "rsna"]
    before, after = ([bool(each[number].positive) for number in digital] for each in (views, dealt))
    assert sorted(before) == sorted(after)
    assert 0 < sum(a != b for a, b in zip(before, after, strict=True)) < len(digital)
    films = [number for number, view in enumerate(views) if view.source != "rsna"]
    assert all(dealt[number] is views[number] for number in films)
    assert shuffled(views, seed=3) == dealt != shuffled(views, seed=4)


def test_as_many_digital_views_are_woven_as_asked_and_they_resume() -> None:
    views = collection()

    def images(woven: float) -> list[np.ndarray[Any, np.dtype[np.float32]]]:
        mix = Mix(planted=3, planted_film=2)
        source = Source(views, views.views, mix, seed=5, strength=Strength(0.0, 0.0), woven=woven)
        whole = list(source.batches(0, 2))
        (resumed,) = source.batches(1, 2)
        assert np.array_equal(whole[1].images, resumed.images)
        return [image[:, :, 0] for batch in whole for image in batch.images]

    digital = [views.image(view) for view in views.views if view.source == "rsna"]
    films = [views.image(view) for view in views.views if view.source == "mini-mias"]

    def alike(image: np.ndarray[Any, np.dtype[np.float32]], others: list[Any]) -> float:
        return max(
            float(np.corrcoef(image[100:400:2, 40:200:2].ravel(), each[100:400:2, 40:200:2].ravel())[0, 1])
            for each in others
        )

    none, every = images(0.0), images(1.0)
    assert all(alike(image, digital) > 0.3 for n, image in enumerate(none) if n % 5 < 3)
    assert all(alike(image, digital) < 0.1 for n, image in enumerate(every) if n % 5 < 3)
    assert all(alike(image, films) > 0.3 for n, image in enumerate(every) if n % 5 >= 3), "films are not"
