"""What shows no breast is refused, unless the caller insists."""

import pytest

from mammo_core.anatomy.breast import find_breast
from mammo_core.anatomy.gate import REASON, suitable
from mammo_core.errors import UnsuitableImageError
from mammo_core.records import Notice
from tests.conftest import breast_pixels


@pytest.mark.parametrize("insist", [False, True])
def test_a_breast_passes_without_a_word(*, insist: bool) -> None:
    breast = find_breast(breast_pixels())

    assert breast is not None
    assert suitable(breast, accept_unsuitable=insist) == ()


def test_no_breast_is_refused_with_the_reason() -> None:
    with pytest.raises(UnsuitableImageError) as caught:
        suitable(None, accept_unsuitable=False)

    assert caught.value.message == f"The image does not look like a mammogram: {REASON}."


def test_no_breast_is_analysed_on_request_and_the_answer_says_so() -> None:
    assert suitable(None, accept_unsuitable=True) == (
        Notice("accepted_unsuitable", f"Analysed on request although {REASON}."),
    )
