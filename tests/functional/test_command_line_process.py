"""The command as a process of its own: what it sets before NumPy is there."""

import os
import subprocess
import sys

import pytest

SAY = """
import os, sys
import mammo_core.__main__ as entry
assert "numpy" not in sys.modules
sys.argv = ["mammo", "--help"]
try:
    entry.main()
except SystemExit:
    pass
sys.exit(os.environ["OPENBLAS_NUM_THREADS"])
"""


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("2", "2")])
def test_products_of_matrices_take_one_thread_unless_it_is_said(given: str | None, used: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    if given is not None:
        environment["OPENBLAS_NUM_THREADS"] = given

    done = subprocess.run(
        [sys.executable, "-c", SAY], env=environment, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.stderr.strip() == used
