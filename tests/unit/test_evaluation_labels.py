"""The table of labels: what is read from it, and how its mistakes are named."""

import hashlib

import pytest

from mammo_core.errors import InvalidRequestError
from mammo_core.evaluation.labels import Case, LabelTable, Reading, read_labels
from mammo_core.evaluation.lesions import Circle, Rectangle
from mammo_core.geometry import Box
from mammo_core.records import Laterality, PixelSpacing, ViewPosition

FILM = """image,patient,view,laterality,label,lesion_type,x,y,r,tissue
a.webp,p7,MLO,R,normal,NORM,,,,D
b.webp,p7,MLO,L,benign,CIRC,300,40,12.5,G
c.webp,p9,AT,,malignant,SPIC,10,20,5,F
c.webp,p9,AT,,malignant,MISC,90,80,7,F
"""
SCREENING = """image,patient,view,cancer,machine
1.webp,s1,CC,0,29
2.webp,s2,MLO,1,29
"""


def read(text: str, **reading: object) -> LabelTable:
    return read_labels(text.encode(), Reading(**reading))  # type: ignore[arg-type] # any option


def case(row: int, image: str, **known: object) -> Case:
    usual: dict[str, object] = {
        "positive": False,
        "patient": 0,
        "targets": (),
        "others": (),
        "spacing": None,
        "view": None,
        "laterality": None,
    }
    return Case(row, image, **(usual | known))  # type: ignore[arg-type] # the fields above


def test_a_table_with_circles_is_read_without_an_option() -> None:
    table = read(FILM)
    mlo = ViewPosition.MLO
    assert table.cases == (
        case(2, "a.webp", view=mlo, laterality=Laterality.RIGHT),
        case(3, "b.webp", view=mlo, laterality=Laterality.LEFT, targets=(Circle(40.0, 300.0, 12.5),)),
        case(
            4,
            "c.webp",
            positive=True,
            patient=1,
            targets=(Circle(20.0, 10.0, 5.0), Circle(80.0, 90.0, 7.0)),
        ),
    )
    assert (table.rows, table.left_out, table.annotated) == (4, 0, True)
    assert (table.label_column, table.patient_column) == ("label", "patient")
    assert table.sha256 == hashlib.sha256(FILM.encode()).hexdigest()


def test_a_table_with_a_column_cancer_is_read_without_an_option() -> None:
    table = read(SCREENING)
    assert [each.positive for each in table.cases] == [False, True]
    assert (table.label_column, table.annotated) == ("cancer", False)


def test_the_callers_labels_replace_the_usual_ones() -> None:
    assert [each.positive for each in read(FILM, positive=("BENIGN", "Malignant")).cases] == [
        False,
        True,
        True,
    ]


def test_rows_that_are_neither_positive_nor_negative_are_left_out() -> None:
    table = read(FILM, positive=("malignant",), negative=("normal",))
    assert [each.image for each in table.cases] == ["a.webp", "c.webp"]
    assert table.left_out == 1


def test_lesions_of_negative_rows_may_be_no_target() -> None:
    _, benign, malignant = read(FILM, positive_lesions_only=True).cases
    assert (benign.targets, benign.others) == ((), (Circle(40.0, 300.0, 12.5),))
    assert len(malignant.targets) == 2


def test_boxes_and_spacings_are_read() -> None:
    (only,) = read("image,label,x1,y1,x2,y2,spacing_mm\na.png,1,10,20,30,60,0.1\n").cases
    assert only.targets == (Rectangle(Box(top=20.0, left=10.0, bottom=60.0, right=30.0)),)
    assert only.spacing == PixelSpacing(0.1, 0.1)


def test_other_columns_may_have_the_names_of_parts_of_a_circle() -> None:
    (only,) = read("image,label,x\na.png,1,word\n").cases
    assert only.targets == ()


def test_without_a_patient_column_each_image_is_its_own_patient() -> None:
    table = read("image,label\na.png,1\nb.png,0\na.png,1\n")
    assert [(each.image, each.patient) for each in table.cases] == [("a.png", 0), ("b.png", 1)]
    assert table.patient_column is None


def test_columns_may_be_named() -> None:
    text = "file,who,truth,label\na.png,x,1,0\nb.png,x,0,1\n"
    table = read(text, image_column="file", label_column="truth", patient_column="who")
    assert [(each.image, each.positive, each.patient) for each in table.cases] == [
        ("a.png", True, 0),
        ("b.png", False, 0),
    ]


def test_a_byte_order_mark_blanks_and_empty_lines_do_no_harm() -> None:
    table = read_labels("\ufeffimage , label\n\n a.png , 1 \r\n".encode(), Reading())
    assert [(each.row, each.image) for each in table.cases] == [(3, "a.png")]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no column 'label' or 'cancer'"),
        ("image;label\na.png;1\n", "no column 'label' or 'cancer'"),
        ("picture,label\na.png,1\n", "no column 'image'"),
        ("image,label,label\na.png,1,1\n", "Row 1"),
        ("image,label\na.png,1,2\n", "Row 2 of the table has 3 fields"),
        ("image,label\na.png,\n", "Row 2 of the table, 'label': expected a value"),
        ("image,label\n,1\n", "Row 2 of the table, 'image': expected a value"),
        ("image,label\na.png,0\n", "No row has a positive label in the column 'label'"),
        ("image,label,x,y,r\na.png,1,1,1,1\nb.png,1,Doe,1,1\n", "Row 3 of the table, 'x': expected a number"),
        ("image,label,x,y,r\na.png,1,nan,1,1\n", "Row 2 of the table, 'x': expected a number"),
        ("image,label,x,y,r\na.png,1,1,1,\n", "Row 2 of the table, 'x', 'y', 'r': expected all of them"),
        ("image,label,x,y,r\na.png,1,1,1,0\n", "expected r to be positive"),
        ("image,label,x1,y1,x2,y2\na.png,1,5,5,5,9\n", "expected x1 < x2 and y1 < y2"),
        ("image,label,spacing_mm\na.png,1,0\n", "'spacing_mm': expected a number above 0"),
        (
            "image,label,patient\na.png,1,Doe\na.png,1,Roe\n",
            "Row 2 of the table and others of the same image",
        ),
        ('image,label\n"a.png,1\n', "not UTF-8 text of comma-separated values"),
    ],
)
def test_a_mistake_is_named_by_row_and_column_and_never_by_its_value(text: str, named: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read(text)
    assert named in caught.value.message
    assert "Doe" not in caught.value.message


def test_what_is_no_text_is_no_table() -> None:
    with pytest.raises(InvalidRequestError, match="not UTF-8 text"):
        read_labels(b"\xff\xfe\x00", Reading())


@pytest.mark.parametrize("option", ["image_column", "label_column", "patient_column"])
def test_a_column_that_the_caller_names_must_be_there(option: str) -> None:
    with pytest.raises(InvalidRequestError, match="no column 'nowhere'"):
        read(FILM, **{option: "nowhere"})
