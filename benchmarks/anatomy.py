"""Measure anatomy and the mammogram gate on real views; write a table into ``docs/anatomy.md``, and JSON.

The data are not part of the project. Each folder holds ``labels.csv`` and the images it names::

    rsna       image, view, laterality, density, machine, inverted     (RSNA Screening Mammography 2022)
    mini-mias  image, view, laterality, tissue (F, G, D)               (Suckling et al. 1994)
    tissue     image, mask: 64 background, 128 and 192 breast, 255 pectoral muscle
"""

import argparse
import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.anatomy_table import replace_part, table  # noqa: E402 - runs from anywhere
from benchmarks.others import Other, bundled, generated  # noqa: E402
from mammo_core.anatomy.examine import examine  # noqa: E402
from mammo_core.anatomy.gate import doubts  # noqa: E402
from mammo_core.anatomy.polarity import upright  # noqa: E402
from mammo_core.anatomy.records import Anatomy  # noqa: E402
from mammo_core.errors import InputError  # noqa: E402
from mammo_core.geometry import PixelTransform, resample  # noqa: E402
from mammo_core.imaging.decode import decode  # noqa: E402
from mammo_core.options import AnalysisOptions  # noqa: E402
from mammo_core.phantom.synthesis import make_phantom  # noqa: E402
from mammo_core.records import (  # noqa: E402
    Laterality,
    Mammogram,
    PictureName,
    ViewPosition,
)

Row = dict[str, str]
INSIST = AnalysisOptions(accept_unsuitable=True)
CHEST_WALL = {"left": "L", "right": "R", None: None}


@dataclass(frozen=True, slots=True)
class Case:
    """One view with its labels and all that was measured on it."""

    row: Row
    anatomy: Anatomy
    refused: str | None
    inverted: bool


def main() -> int:
    """Measure what there are data for; write JSON, and the table if ``--table`` says where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    for name in ("rsna", "mini-mias", "tissue"):
        parser.add_argument(f"--{name}", type=Path, help=f"folder of {name}")
    parser.add_argument("--every", type=int, default=1, help="take every n-th image of rsna")
    parser.add_argument("--json", type=Path, help="where to write all numbers")
    parser.add_argument("--table", type=Path, help="Markdown file whose marked part is replaced")
    arguments = parser.parse_args()

    numbers: dict[str, Any] = {}
    if arguments.tissue:
        numbers["tissue"] = of_tissue(arguments.tissue)
    if arguments.mini_mias:
        numbers["mini-mias"] = of_mini_mias(examined(arguments.mini_mias))
    if arguments.rsna:
        numbers["rsna"] = of_rsna(examined(arguments.rsna, every=arguments.every))
    numbers["others"] = rejection(bundled())
    numbers["generated"] = rejection(generated())
    numbers["phantoms refused"] = sum(bool(doubts_of(m)) for m in phantoms())
    numbers["time"] = timing()
    text = json.dumps(numbers, indent=2, default=float)
    if arguments.json:
        arguments.json.write_text(text + "\n")
    if arguments.table:
        replace_part(arguments.table, table(numbers))
    print(text)
    return 0


def rows_of(folder: Path) -> list[Row]:
    """Labels, one row per image: a film with two lesions has two in its file."""
    with (folder / "labels.csv").open(newline="") as file:
        return list({row["image"]: row for row in csv.DictReader(file)}.values())


def examined(folder: Path, *, every: int = 1) -> list[Case]:
    """Send each image through what the service does before the model."""
    cases = []
    for row in rows_of(folder)[::every]:
        decoded = decode((folder / row["image"]).read_bytes())
        mammogram = upright(decoded)
        anatomy = examine(mammogram, INSIST)
        refusals = [n.message for n in anatomy.notices if n.code == "accepted_unsuitable"]
        cases.append(Case(row, anatomy, next(iter(refusals), None), mammogram is not decoded))
    return cases


def of_tissue(folder: Path) -> dict[str, Any]:
    """Overlap with drawn outlines."""
    breast, muscle, missed = [], [], 0
    cases = examined(folder)
    for case in cases:
        with Image.open(folder / case.row["mask"]) as image:
            truth = np.asarray(image.convert("L"))
        onto = PixelTransform.identity((truth.shape[0], truth.shape[1]))
        found, pectoral = case.anatomy.breast, case.anatomy.pectoral.value
        missed += pectoral is None
        breast.append(dice(on_source(found, onto), truth > 96))
        muscle.append(dice(on_source(pectoral, onto), truth == 255))
    return {
        "images": len(cases),
        "refused": sum(c.refused is not None for c in cases),
        "breast Dice": summary(breast),
        "pectoral Dice": summary(muscle),
        "pectoral muscles missed": missed,
    }


def on_source(mask: Any, onto: PixelTransform) -> NDArray[np.bool_]:  # noqa: ANN401 - breast or muscle
    """A mask of the working grid, read at each pixel of the source; nothing for None."""
    if mask is None:
        return np.zeros(onto.shape, dtype=np.bool_)
    return resample(mask.inside.astype(np.float32), mask.transform, onto) >= 0.5


def dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Overlap, 1 if both are the same."""
    return float(2 * (found & truth).sum() / max(int(found.sum() + truth.sum()), 1))


def summary(values: Iterable[float]) -> dict[str, float]:
    """Mean, median and worst."""
    array = np.array(list(values))
    return {"mean": float(array.mean()), "median": float(np.median(array)), "worst": float(array.min())}


def of_mini_mias(cases: list[Case]) -> dict[str, Any]:
    """Laterality (even file number = left), MLO recall, and the density index against F, G, D."""
    return {**common(cases), "density Spearman": spearman(cases, lambda r: "FGD".index(r["tissue"]))}


def of_rsna(cases: list[Case]) -> dict[str, Any]:
    """The same against tags, by machine where it matters."""
    graded = [c for c in cases if c.row["density"]]
    groups: defaultdict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.row["machine"]].append(case)
    return {
        **common(cases),
        "laterality by machine": {m: laterality(group) for m, group in sorted(groups.items())},
        "polarity as flagged": float(np.mean([c.inverted == (c.row["inverted"] == "1") for c in cases])),
        "flagged inverted, but not turned": sum(c.row["inverted"] == "1" and not c.inverted for c in cases),
        "turned, but not flagged": sum(c.row["inverted"] != "1" and c.inverted for c in cases),
        "density Spearman": spearman(graded, lambda r: "ABCD".index(r["density"])),
        "density Spearman by machine and view": {
            f"{machine} {view}": spearman(group, lambda r: "ABCD".index(r["density"]))
            for (machine, view), group in sorted(by_machine_and_view(graded).items())
            if len(group) >= 100
        },
    }


def by_machine_and_view(cases: list[Case]) -> dict[tuple[str, str], list[Case]]:
    """Cases that are processed alike."""
    groups: defaultdict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.row["machine"], case.row["view"]].append(case)
    return groups


def common(cases: list[Case]) -> dict[str, Any]:
    """Refusals, laterality and view."""
    views = Counter((c.row["view"], str(c.anatomy.view_position.value)) for c in cases)
    reasons = Counter(c.refused for c in cases if c.refused is not None)
    return {
        "images": len(cases),
        "refused": sum(reasons.values()),
        "refusals": dict(reasons),
        "laterality": laterality(cases),
        "view": {f"{truth} read as {told}": count for (truth, told), count in sorted(views.items())},
    }


def laterality(cases: list[Case]) -> dict[str, float]:
    """How often the pixels tell it, and how often they are right where they do."""
    told = [c for c in cases if c.anatomy.laterality.value is not None]
    right = sum(c.anatomy.laterality.value == c.row["laterality"] for c in told)
    return {"images": len(cases), "told": len(told), "right": right}


def spearman(cases: list[Case], rank: Callable[[Row], int]) -> dict[str, float]:
    """Rank correlation of the density index with a reader's grade."""
    from scipy import stats

    pairs = [(c.anatomy.density_index.value, rank(c.row)) for c in cases]
    known = np.array([pair for pair in pairs if pair[0] is not None], dtype=np.float64)
    return {"images": len(known), "rho": float(stats.spearmanr(known[:, 0], known[:, 1]).statistic)}


def rejection(images: Iterable[Other]) -> dict[str, Any]:
    """How many are refused as files, and by their grey pixels alone."""
    listed = list(images)
    passed = [other.name for other in listed if not doubts_of(upright(decode(other.grey)))]
    files = [other for other in listed if other.file is not None]
    return {
        "images": len(listed),
        "by package": dict(Counter(other.name.split("/")[0] for other in listed)),
        "refused by pixels": len(listed) - len(passed),
        "passed by pixels": passed,
        "files": len(files),
        "files passed": [other.name for other in files if other.file is not None and accepted(other.file)],
    }


def accepted(data: bytes) -> bool:
    """Whether the service would analyse this file."""
    try:
        return not doubts_of(upright(decode(data)))
    except InputError:
        return False


def doubts_of(mammogram: Mammogram) -> tuple[str, ...]:
    """What the gate has against an image."""
    from mammo_core.anatomy.breast import breast_on
    from mammo_core.anatomy.reduce import reduced

    values, transform = reduced(mammogram.pixels)
    return doubts(values, breast_on(values, transform))


def phantoms() -> Iterable[Mammogram]:
    """Forty of the project's own synthetic views."""
    from mammo_core.phantom.files import to_png

    for seed in range(10):
        for view in (ViewPosition.CC, ViewPosition.MLO):
            for side in (Laterality.LEFT, Laterality.RIGHT):
                made = make_phantom(seed=seed, view_position=view, laterality=side, shape=(640, 520))
                yield decode(to_png(made))


def timing(shape: tuple[int, int] = (4096, 3328), rounds: int = 5) -> dict[str, float]:
    """Milliseconds of all of anatomy on one full-size view, and of drawing and encoding the five pictures."""
    from mammo_core.imaging.decode import Limits
    from mammo_core.models.provider import ModelProvider
    from mammo_core.phantom.files import to_png
    from mammo_core.pipeline import analyze
    from mammo_core.testing import FakeModel, FixedModel

    made = make_phantom(seed=3, view_position=ViewPosition.MLO, shape=shape)
    mammogram = decode(to_png(made, bits=16))
    times = []
    for _ in range(rounds):
        start = perf_counter()
        examine(upright(mammogram), INSIST)
        times.append((perf_counter() - start) * 1000.0)
    drawn = analyze(
        to_png(made, bits=16),
        models=ModelProvider(FixedModel(FakeModel())),
        options=replace(INSIST, images=tuple(PictureName)),
        limits=Limits(max_bytes=2**30, max_pixels=2**30),
        max_picture_bytes=5_000_000,
    )
    return {
        "rows": shape[0],
        "columns": shape[1],
        "anatomy ms, median": float(np.median(times)),
        "anatomy ms, fastest": min(times),
        "drawing and encoding the five pictures ms": drawn.timings_ms["render"],
    }


if __name__ == "__main__":
    sys.exit(main())
