"""Libraries that read files of patients say nothing, and what they are told is taken back."""

import logging
import threading
import warnings

import pytest

from mammo_core.imaging.library import quiet

CHILD = "pydicom.filereader"


def is_silent() -> bool:
    """Whether a warning and an error of pydicom would go nowhere."""
    try:
        warnings.warn("value of a tag", stacklevel=1)
    except UserWarning:  # in tests, a warning is an error
        return False
    return not logging.getLogger(CHILD).isEnabledFor(logging.CRITICAL)


def test_it_is_silent_until_the_outermost_call_ends() -> None:
    before = is_silent()
    with quiet():
        with quiet():
            inner = is_silent()
        outer = is_silent()

    assert (before, inner, outer, is_silent()) == (False, True, True, False)


def test_a_failure_within_two_calls_leaves_nothing_silent() -> None:
    with pytest.raises(KeyError), quiet(), quiet():
        raise KeyError

    assert not is_silent()
    with quiet():
        assert is_silent()


def test_another_thread_waits_and_does_not_share_the_silence() -> None:
    entered = threading.Event()

    def enter() -> None:
        with quiet():
            entered.set()

    thread = threading.Thread(target=enter)
    with quiet():
        thread.start()
        assert not entered.wait(0.05)
    thread.join()

    assert entered.is_set()
    assert not is_silent()
