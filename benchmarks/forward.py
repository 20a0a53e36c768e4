"""What the embedded model costs beside MobileNetV2 at 512 × 512: ``python -m benchmarks.forward``.

Both behind LiteRT in this process: the score alone of MobileNetV2, score and map of the embedded model. They
run in turn, so that what else the machine does falls on both.
"""

import argparse
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np

from benchmarks.subjects import make
from benchmarks.ways import compiled, plain

PEER = "MobileNetV2, 512"
EMBEDDED = Path(__file__).resolve().parent.parent / "mammo_core/assets/default.mammo"


def main() -> None:
    """Make the peer, measure, and tell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=EMBEDDED, help="a bundle")
    parser.add_argument("--runs", type=int, default=40)
    arguments = parser.parse_args()
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make(PEER, folder)
        (folder / "model.mammo").write_bytes(arguments.model.read_bytes())
        ways = {arguments.model.name: compiled(folder), PEER: plain(folder)}
        took: dict[str, list[float]] = {name: [] for name in ways}
        images = {
            name: np.random.default_rng(0).random((1, *shape), dtype=np.float32)
            for name, (_, shape) in ways.items()
        }
        for _ in range(arguments.runs):
            for name, (run, _) in ways.items():
                start = perf_counter()
                run(images[name])
                took[name].append(1000.0 * (perf_counter() - start))
    ours, peers = (median(each) for each in took.values())
    sys.stdout.write(f"{arguments.model.name}: {ours:.1f} ms, {PEER}: {peers:.1f} ms, {ours / peers:.2f} ×\n")


if __name__ == "__main__":
    main()
