"""A file's name gives two words at most, and none where it is ambiguous."""

import hashlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.hints import NO_HINTS, Hints, hints_of
from mammo_core.records import Laterality, ViewPosition

L, R = Laterality.LEFT, Laterality.RIGHT
CC, MLO = ViewPosition.CC, ViewPosition.MLO


@pytest.mark.parametrize(
    ("name", "view", "laterality"),
    [
        ("L-CC.png", CC, L),
        ("R_CC", CC, R),
        ("RMLO.png", MLO, R),
        ("left_mlo.jpg", MLO, L),
        ("MLO Right.tiff", MLO, R),
        ("1-LCC_2.dcm", CC, L),
        ("mlo_r.png", MLO, R),
        ("ccl.png", CC, L),
        ("case 12 MLO (L).png", MLO, L),
        ("phantom-3-R-MLO-mass.png", MLO, R),
        ("lt-cc.png", CC, L),
        ("R-XCCL.png", ViewPosition.XCCL, R),
        ("RML.png", ViewPosition.ML, R),
        ("L_LM.png", ViewPosition.LM, L),
        ("LLMO.png", ViewPosition.LMO, L),
        ("mlo.png", MLO, None),
        ("left.png", None, L),
        ("R_CC_01.dcm", CC, R),
        ("lcc1.png", CC, L),
        ("RMLO_2.png", MLO, R),
        ("2LMLO.png", MLO, L),
        ("CC12.png", CC, None),
        ("L2 CC2.png", CC, L),
        ("20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm", CC, R),
        ("R-CC_0f0e7a51-cc12-4c1c-8f00-1cc2cc3fbcc1.png", CC, R),
        ("studies/R-CC/L-MLO.png", MLO, L),
        ("C:\\films\\R-CC.png", CC, R),
    ],
)
def test_a_name_says_view_and_laterality(
    name: str, view: ViewPosition | None, laterality: Laterality | None
) -> None:
    assert hints_of(name) == Hints(view, laterality)


@pytest.mark.parametrize(
    "name",
    [
        *(
            None,
            "",
            "x.png",
            "mdb003.png",
            "R_Smith.png",
            "Becca Cameron.png",
            "lm.png",
            "iso_400.png",
            "fb.png",
        ),
        *("1cc2.png", "cc1234.png", "a1b2cc.png", "12cc.png", "x1cc.png", "r1cc2.png", "MLOcc3b.png"),
        *("Décc.png", "De\u0301cc.png", "\uff23\uff23.png", "\u017fcc.png"),
        *("left/0001.png", "L.png", "CT.png", "image.dcm", "QUETZALCOATL.dcm"),
    ],
)
def test_a_name_that_says_nothing_gives_nothing(name: str | None) -> None:
    assert hints_of(name) == NO_HINTS


@pytest.mark.parametrize(
    ("name", "hints"),
    [
        ("L_R_CC.png", Hints(CC, None)),
        ("left-right.png", NO_HINTS),
        ("CC-MLO.png", NO_HINTS),
        ("RCC LMLO.png", NO_HINTS),
    ],
)
def test_a_name_that_says_two_things_says_nothing_of_them(name: str, hints: Hints) -> None:
    assert hints_of(name) == hints


@given(st.text())
def test_any_text_gives_enumerated_words_and_no_error(name: str) -> None:
    hints = hints_of(name)

    assert isinstance(hints.view, ViewPosition | None)
    assert isinstance(hints.laterality, Laterality | None)


CRAFTED = st.tuples(*(st.text("c123fb", min_size=n, max_size=n) for n in (8, 4, 4, 4, 12))).map("-".join)
"""Many more of them have a part such as ``cc12`` than by chance."""
UUIDS = st.uuids(version=4).map(str) | st.uuids(version=4).map(lambda uuid: uuid.hex) | CRAFTED
DIGESTS = st.binary(max_size=9).map(lambda data: hashlib.sha256(data).hexdigest())


@given(st.sampled_from(["", "IMG_", "study-", "case 12 "]), UUIDS | DIGESTS, st.booleans())
def test_uuids_and_digests_say_nothing(prefix: str, name: str, upper: bool) -> None:
    assert hints_of(f"{prefix}{name.upper() if upper else name}.dcm") == NO_HINTS


@given(UUIDS | DIGESTS)
def test_uuids_and_digests_hide_nothing(name: str) -> None:
    assert hints_of(f"{name}_R_CC.dcm") == hints_of(f"R-CC_{name}.dcm") == Hints(CC, R)


def test_a_part_of_a_uuid_would_be_a_word() -> None:
    assert hints_of("cc12") == Hints(CC, None)
    assert hints_of(str(UUID("0f0e7a51-cc12-4c1c-8f00-1cc2cc3fbcc1"))) == NO_HINTS
