"""Keep one copy of what several layers hold: ``unique.py FIRST SECOND …``, the first one keeps it.

Requirements files of several layers pin a package that several need (numpy, six), all with the same version.
"""

import sys
from pathlib import Path


def main(layers: list[str]) -> None:
    """Delete every file whose path below its layer is already in an earlier layer."""
    kept: set[Path] = set()
    for layer in map(Path, layers):
        for path in sorted(layer.rglob("*")):
            name = path.relative_to(layer)
            if path.is_file() and name in kept:
                path.unlink()
            elif path.is_file():
                kept.add(name)


if __name__ == "__main__":
    main(sys.argv[1:])
