"""Analyse an image on this machine: ``python examples/analyze_file.py scan.dcm``."""

import argparse
import base64
from pathlib import Path

from mammo_core import analyze


def main() -> None:
    """Print what was found, and write the overlay beside the image."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("image", type=Path)
    parser.add_argument("--accept-unsuitable", action="store_true")
    arguments = parser.parse_args()

    answer = analyze(arguments.image, accept_unsuitable=arguments.accept_unsuitable)

    print(f"{answer.result}: score {answer.confidence:.3f}, threshold {answer.threshold:.3f}")
    for region in answer.findings.regions or ():
        box = region.bbox
        print(f"region {region.id}: {region.type.label}, x {box.x1} to {box.x2}, y {box.y1} to {box.y2}")
    if answer.images.overlay is None:
        print(f"no overlay: {answer.image_status.overlay.reason}")
    else:
        overlay = arguments.image.with_suffix(".overlay.png")
        overlay.write_bytes(base64.b64decode(answer.images.overlay))
        print(overlay)
    print(answer.disclaimer)


if __name__ == "__main__":
    main()
