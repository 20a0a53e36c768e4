"""Decode mutated files, one after the other, and tell what came of it, as JSON.

It runs as a process of its own, so that a crash is seen and the memory that is measured is that of decoding:
``python -m tests.fuzz.harness --first 0 --step 1 --cases 300``. A case is its number: ``--first 1234 --cases
1`` runs one again.
"""

import argparse
import faulthandler
import gc
import json
import os
import resource
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter

from mammo_core.errors import InputError
from mammo_core.imaging.decode import decode
from tests.fuzz.mutations import mutate
from tests.fuzz.seeds import seeds

HANG_S = 60
"""After so long a stack trace is written and the process ends."""
WARM_UP = 0.2
"""Share of the cases after which memory is measured first: caches and imports are filled by then."""


@dataclass
class Report:
    """What came of the cases.

    Parameters
    ----------
    outcomes : dict of str to int
        ``decoded``, or the type of the error, and how often.
    failures : list of str
        Cases that ended in anything else.
    slowest_s : float
    slowest_case : int
    service_growth_mb : float
        Resident memory at the end, less that after the warm-up.
    service_peak_mb, child_peak_mb : float
        Largest resident memory of this process and of those that it started.
    children_left : bool
        Whether a process was left behind.
    """

    outcomes: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest_case: int = -1
    service_growth_mb: float = 0.0
    service_peak_mb: float = 0.0
    child_peak_mb: float = 0.0
    children_left: bool = False


def make_case(number: int, files: dict[str, bytes]) -> tuple[str, bytes]:
    """The name of the file that is mutated in a case, and the mutated file."""
    random = Random(number)  # reproducible, not secret
    names = list(files)
    name = names[number % len(names)]
    return name, mutate(files[name], files[random.choice(names)], random)


def run(numbers: range) -> Report:
    """Decode all cases."""
    report, files = Report(), seeds()
    warm, resident = numbers[int(len(numbers) * WARM_UP)], 0.0
    for number in numbers:
        if number == warm:
            resident = _resident_mb()
        _run_case(number, files, report)
    report.service_growth_mb = _resident_mb() - resident
    report.service_peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    report.child_peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    report.children_left = _has_children()
    return report


def _run_case(number: int, files: dict[str, bytes], report: Report) -> None:
    name, data = make_case(number, files)
    faulthandler.dump_traceback_later(HANG_S, exit=True)
    start = perf_counter()
    try:
        decode(data, accept_unsuitable=number % 2 == 0)
        outcome = "decoded"
    except InputError as error:
        outcome = type(error).__name__
    except BaseException as error:
        outcome = "failure"
        report.failures.append(f"case {number} ({name}): {error!r}")
    elapsed = perf_counter() - start
    report.outcomes[outcome] = report.outcomes.get(outcome, 0) + 1
    faulthandler.cancel_dump_traceback_later()
    if elapsed > report.slowest_s:
        report.slowest_s, report.slowest_case = elapsed, number


def _resident_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def _has_children() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def main() -> None:
    """Run the cases that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--step", type=int, default=1)
    parser.add_argument("--cases", type=int, default=300)
    asked = parser.parse_args()
    numbers = range(asked.first, asked.first + asked.step * asked.cases, asked.step)
    json.dump(asdict(run(numbers)), sys.stdout, indent=2)


if __name__ == "__main__":
    main()
