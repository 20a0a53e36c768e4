"""How many processors there are to share work among."""

import os


def available() -> int:
    """Processors that this process may use: in Lambda, as many as its memory buys."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
