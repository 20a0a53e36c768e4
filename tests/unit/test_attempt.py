"""A step that fails after the score leaves a reason for the answer and a place for the log, and no message."""

import json
from typing import NoReturn

import pytest

from mammo_core.attempt import Failure, Outcome, attempt, failure_of, where_raised


def breaks() -> NoReturn:
    raise KeyError("DOE^JANE in /secret/path")


def test_a_step_that_works_gives_its_value_and_no_reason() -> None:
    outcome = attempt("the map", lambda: 7)

    assert outcome == Outcome(7)
    assert outcome.failure is None
    assert outcome.reason is None


def test_a_step_that_gives_none_has_not_failed() -> None:
    assert attempt("the map", lambda: None) == Outcome(None, None)


def test_a_step_that_breaks_says_what_and_which_error_and_where_but_not_the_message() -> None:
    line = breaks.__code__.co_firstlineno + 1

    outcome: Outcome[int] = attempt("the map", breaks)

    assert outcome == Outcome(
        None, Failure("the map could not be made (KeyError)", f"test_attempt.py:{line}")
    )
    assert outcome.reason == "the map could not be made (KeyError)"


def test_the_place_is_the_innermost_frame_also_in_another_library() -> None:
    outcome: Outcome[object] = attempt("the map", lambda: json.loads("{"))

    assert outcome.failure is not None
    assert outcome.failure.where.startswith("decoder.py:")


def test_a_missing_module_is_a_failed_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)

    def step() -> object:
        import matplotlib

        return matplotlib

    assert attempt("the pictures", step).reason == "the pictures could not be made (ModuleNotFoundError)"


def test_what_is_meant_to_stop_the_process_is_not_kept() -> None:
    def stop() -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        attempt("the map", stop)


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    assert where_raised(ValueError("x")) == "unknown"
    assert failure_of("the map", ValueError("x")) == Failure(
        "the map could not be made (ValueError)", "unknown"
    )
