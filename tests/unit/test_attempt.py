"""A step that fails after the score leaves a reason for the answer, a place for the log, and no message."""

import json
import sys
from typing import NoReturn

import pytest

from mammo_core.attempt import Failure, Outcome, attempt, kind, place
from mammo_core.errors import RenderError


def breaks() -> NoReturn:
    raise KeyError("DOE^JANE in /secret/path")


def translates() -> NoReturn:
    try:
        breaks()
    except KeyError as error:
        raise RenderError("The font holds no letter A.") from error


BROKEN_AT = f"{__name__}:{breaks.__code__.co_firstlineno + 1}"


def test_a_step_that_works_gives_its_value_and_no_reason() -> None:
    outcome = attempt("the map", lambda: 7)

    assert outcome == Outcome(7)
    assert outcome.failure is None
    assert outcome.reason is None


def test_a_step_that_gives_none_has_not_failed() -> None:
    assert attempt("the map", lambda: None) == Outcome(None, None)


def test_a_step_that_breaks_says_what_and_which_error_and_where_but_not_the_message() -> None:
    outcome: Outcome[int] = attempt("the map", breaks)

    assert outcome == Outcome(None, Failure("the map could not be made: KeyError", BROKEN_AT))
    assert outcome.reason == "the map could not be made: KeyError"


def test_an_error_of_ours_speaks_for_itself_and_the_place_is_that_of_its_cause() -> None:
    outcome: Outcome[int] = attempt("the picture", translates)

    assert outcome == Outcome(
        None, Failure("the picture could not be made: The font holds no letter A.", BROKEN_AT)
    )


def test_the_place_is_the_innermost_frame_also_in_another_library() -> None:
    outcome: Outcome[object] = attempt("the map", lambda: json.loads("{"))

    assert outcome.failure is not None
    assert outcome.failure.where.startswith("json.decoder:")


def test_a_missing_module_is_a_failed_step_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    def step() -> object:
        import matplotlib

        return matplotlib

    reason = attempt("the pictures", step).reason

    assert reason == "the pictures could not be made: ModuleNotFoundError: matplotlib"


def test_what_is_meant_to_stop_the_process_is_not_kept() -> None:
    def stop() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt("the map", stop)


def test_an_exception_that_was_never_raised_has_a_kind_and_no_place() -> None:
    assert kind(ValueError("x")) == "ValueError"
    assert place(ValueError("x")) == "nowhere"
