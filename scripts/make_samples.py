"""Write the samples: four phantoms for the page, as base64 in one JSON file, and that of the package.

    python scripts/make_samples.py

Only text is served, and one request is spent on them: docs/decisions/0019-the-page-is-three-requests.md.
"""

import base64
import json
from dataclasses import dataclass
from pathlib import Path

from mammo_core.phantom.files import to_png
from mammo_core.phantom.sample import write_sample
from mammo_core.phantom.synthesis import Phantom, make_phantom
from mammo_core.records import Laterality, ViewPosition

PACKAGE = Path(__file__).resolve().parents[1] / "mammo_core"
PLACE = PACKAGE / "viewer" / "samples.json"
SHAPE = (576, 468)
SIDES = {Laterality.LEFT: "Left", Laterality.RIGHT: "Right"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A phantom of the page."""

    seed: int
    laterality: Laterality
    view_position: ViewPosition
    lesion: bool

    def phantom(self) -> Phantom:
        """Make it."""
        return make_phantom(
            seed=self.seed,
            laterality=self.laterality,
            view_position=self.view_position,
            lesion=self.lesion,
            shape=SHAPE,
        )

    def described(self) -> dict[str, object]:
        """The same for the page; the file's name says the view, as people's do."""
        rows, columns = SHAPE
        return {
            "title": f"{SIDES[self.laterality]} {self.view_position}",
            "description": "with a planted mass" if self.lesion else "without a mass",
            "file_name": f"phantom-{self.laterality}-{self.view_position}.png",
            "media_type": "image/png",
            "width": columns,
            "height": rows,
            "image": base64.b64encode(to_png(self.phantom())).decode(),
        }


SAMPLES = (
    Sample(14, Laterality.LEFT, ViewPosition.CC, lesion=True),
    Sample(14, Laterality.RIGHT, ViewPosition.CC, lesion=False),
    Sample(21, Laterality.RIGHT, ViewPosition.MLO, lesion=True),
    Sample(5, Laterality.LEFT, ViewPosition.MLO, lesion=False),
)


def main() -> None:
    """Write the files."""
    text = json.dumps({"samples": [sample.described() for sample in SAMPLES]}, indent=1)
    PLACE.write_text(f"{text}\n", encoding="utf-8")
    write_sample(PACKAGE / "assets")
    print(f"{PLACE.name}: {len(text):,} characters")


if __name__ == "__main__":
    main()
