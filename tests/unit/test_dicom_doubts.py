"""How a view was taken becomes notices, none of which repeats what the file says in words."""

import pytest
from pydicom.dataset import Dataset
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes
from pydicom.uid import JPEGBaseline8Bit

from mammo_core.imaging.decode import decode
from mammo_core.imaging.dicom_doubts import CID_4015, MODIFIERS
from mammo_core.records import Notice
from tests.builders_dicom import SYNTAXES, make_dicom_in, pattern
from tests.builders_images import make_code, make_dicom


def view_code(*modifiers: Dataset) -> Dataset:
    """An item of View Code Sequence."""
    view = make_code("399162004", "SCT")
    view.ViewModifierCodeSequence = list(modifiers)
    return view


def notices_of(tags: dict[str, object]) -> tuple[Notice, ...]:
    return decode(make_dicom(tags=tags)).notices


def test_the_modifier_codes_are_those_of_the_standard() -> None:
    meanings = {code.value: code.meaning.lower() for code in codes.cid4015.concepts.values()}

    assert {concept: name for name, concept, _ in CID_4015} == meanings
    assert {concept: code for _, concept, code in CID_4015} == {
        concept: code for concept, code in mapping["SCT"].items() if concept in meanings
    }


@pytest.mark.parametrize(("scheme", "code"), MODIFIERS)
def test_a_view_modifier_is_a_notice_of_its_own(scheme: str, code: str) -> None:
    name = MODIFIERS[scheme, code]

    notices = notices_of({"ViewCodeSequence": [view_code(make_code(code, scheme))]})

    assert notices == (
        Notice(
            f"view_modifier_{name.replace(' ', '_').replace('-', '_')}",
            f"ViewModifierCodeSequence (0054,0222): the view has the modifier {name}.",
        ),
    )


def test_several_modifiers_are_told_once_each_and_an_unknown_one_without_its_text() -> None:
    spot, magnified = make_code("399055006", "SCT"), make_code("399163009", "SCT")
    local = make_code("KESTREL", "99LOCAL")

    notices = notices_of({"ViewCodeSequence": [view_code(spot, magnified, spot, local)]})

    assert [notice.code for notice in notices] == [
        "view_modifier_spot_compression",
        "view_modifier_magnification",
        "view_modifier_unknown",
    ]
    assert "KESTREL" not in repr(notices)


@pytest.mark.parametrize(
    ("keyword", "notice"),
    [
        (
            "BreastImplantPresent",
            Notice(
                "implant_present",
                "BreastImplantPresent (0028,1300) is YES: the breast has an implant, which hides tissue.",
            ),
        ),
        (
            "PartialView",
            Notice(
                "partial_view", "PartialView (0028,1350) is YES: the image shows a part of the breast only."
            ),
        ),
        (
            "BurnedInAnnotation",
            Notice(
                "burned_in_annotation",
                "BurnedInAnnotation (0028,0301) is YES: the pixels may show text, even of the patient; the "
                "pictures show it too.",
            ),
        ),
    ],
)
def test_what_is_yes_is_told_and_what_is_not_is_not(keyword: str, notice: Notice) -> None:
    assert notices_of({keyword: "YES"}) == (notice,)
    for other in ("NO", "", "KESTREL"):
        assert notices_of({keyword: other}) == ()


LOSS = Notice(
    "lossy_compression",
    "The pixels were compressed with loss at some time; the finest detail may be missing or made up.",
)


def test_loss_is_told_whether_a_tag_or_the_transfer_syntax_says_so() -> None:
    baseline = next(syntax for syntax in SYNTAXES if syntax.uid == JPEGBaseline8Bit)

    assert notices_of({"LossyImageCompression": "01"}) == (LOSS,)
    assert notices_of({"LossyImageCompression": "00"}) == ()
    assert decode(make_dicom_in(baseline, pattern(8))).notices == (LOSS,)
