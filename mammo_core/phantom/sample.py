"""The sample mammogram of the package: the readiness check and the demonstration analyse it."""

import json
from pathlib import Path

from mammo_core.phantom.files import to_png, truth
from mammo_core.phantom.synthesis import Phantom, make_phantom

SEED = 14
SHAPE = (640, 520)


def make_sample() -> Phantom:
    """Make the left CC view, with a mass, that ``sample.png`` shows in 8 bits."""
    return make_phantom(seed=SEED, shape=SHAPE)


def write_sample(folder: Path) -> tuple[Path, Path]:
    """Write ``sample.png`` (8 bits) and its truth, ``sample.json``."""
    sample = make_sample()
    image, description = folder / "sample.png", folder / "sample.json"
    image.write_bytes(to_png(sample))
    description.write_text(json.dumps(truth(sample), indent=2) + "\n")
    return image, description
