"""Measure the region classifier: ``python -m training.region_type --data mini-mias --out out/region_type``.

Regions are measured, the taxonomies of ``docs/region_type.md`` are cross-validated by patient, the second
only if the first fails, and the tables of that page and a JSON with all numbers are written. If one passes, a
classifier is fitted to all regions and written too; with ``--ship`` also into the package.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mammo_core.findings.region_classifier import ASSET
from training.region_asset import as_asset
from training.region_protocol import FIVE, FOUR, REPEATS, Result, run
from training.region_report import as_markdown
from training.region_samples import Samples, collect

COMMAND = "python -m training.region_type --data mini-mias --out out/region_type"
PHANTOMS = 40
ASSETS = Path(__file__).resolve().parents[1] / "mammo_core" / "assets"


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with labels.csv and the films")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for the tables, the numbers and the classifier"
    )
    parser.add_argument(
        "--ship", action="store_true", help="put a classifier that passed into mammo_core/assets"
    )
    arguments = parser.parse_args()
    samples = collect(arguments.data, phantoms=PHANTOMS)
    results = measured(samples)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "region_type.md").write_text(as_markdown(results, COMMAND))
    record = as_record(results, samples)
    (arguments.out / "measurement.json").write_text(json.dumps(record, indent=2) + "\n")
    if results[-1].passed:
        asset = as_asset(results[-1], samples, record)
        for folder in (arguments.out, *([ASSETS] if arguments.ship else [])):
            (folder / ASSET).write_bytes(asset)
    for result in results:
        print(f"{result.taxonomy.name}: {'passes' if result.passed else 'does not pass'}")


def measured(samples: Samples, *, repeats: int = REPEATS) -> list[Result]:
    """Try the taxonomies in their order until one passes."""
    results = []
    for taxonomy in (FIVE, FOUR):
        results.append(run(samples, taxonomy, repeats=repeats))
        if results[-1].passed:
            break
    return results


def as_record(results: list[Result], samples: Samples) -> dict[str, Any]:
    """All numbers, for a program."""
    return {
        "schema_version": "1.0",
        "table_sha256": samples.table_sha256,
        "features": list(samples.names),
        "repeats": REPEATS,
        "taxonomies": [_record(result) for result in results],
    }


def _record(result: Result) -> dict[str, Any]:
    bounds = {
        "balanced_accuracy": result.overall,
        "balanced_accuracy_among_lesions": result.among_lesions,
        "lesion_or_not": result.lesion_or_not,
    }
    return {
        "classes": list(result.taxonomy.classes),
        "regions": list(result.counts),
        "patients": result.patients,
        "passed": result.passed,
        **{name: _rounded(asdict(bound)) for name, bound in bounds.items()},
        "recalls": [_rounded(asdict(bound)) for bound in result.recalls],
        "confusion": result.confusion.round(4).tolist(),
        "named": result.named.round(4).tolist(),
    }


def _rounded(numbers: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in numbers.items()}


if __name__ == "__main__":
    main()
