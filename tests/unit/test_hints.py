"""A file's name gives two words at most, and none where it is ambiguous."""

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
