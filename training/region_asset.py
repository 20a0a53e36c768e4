"""The region classifier as a file: its numbers, what they were made of, and what they achieve."""

import json
from typing import Any

import numpy as np

from mammo_core.findings.region_classifier import digest
from training.region_learning import choose, fit
from training.region_protocol import LEVEL, NAMED_FROM, RECALL_LEVEL, Result, as_regions
from training.region_samples import Samples

ID, VERSION = "mini-mias-regions", "1"
DATA = "film regions of mini-MIAS"
TRAINING_DATA = (
    "mini-MIAS (Suckling et al. 1994): {lesions} annotated lesions and {others} regions without a lesion of "
    "{patients} patients; phantoms with a weight of {phantoms:g} against a real region"
)
SEED = 9_999
"""Of the folds in which the final setting is chosen."""


def as_asset(result: Result, samples: Samples, record: dict[str, Any]) -> bytes:
    """Fit the taxonomy that passed to all regions, and write it down.

    Parameters
    ----------
    result : Result
    samples : Samples
    record : dict
        All numbers of the measurement.
    """
    taxonomy = result.taxonomy
    regions = as_regions(samples, taxonomy)
    setting = choose(regions, len(taxonomy.classes), SEED)
    classifier = fit(regions, len(taxonomy.classes), setting)
    real = regions.features[regions.real].reshape(-1, len(samples.names))
    numbers = {
        "centre": classifier.centre,
        "scale": classifier.scale,
        "lowest": np.nanmin(real, axis=0),
        "highest": np.nanmax(real, axis=0),
        "weights": classifier.weights,
        "bias": classifier.bias,
    }
    rounded = {name: np.round(values, 6).tolist() for name, values in numbers.items()}
    measured = next(t for t in record["taxonomies"] if t["classes"] == list(taxonomy.classes))
    named = [
        name for name, recall in zip(taxonomy.classes[:-1], result.recalls[:-1], strict=True) if recall.passed
    ]
    manifest = {
        "schema_version": "1.0",
        "id": ID,
        "version": VERSION,
        "classes": list(taxonomy.classes),
        "named": named,
        "named_from": NAMED_FROM,
        "features": list(samples.names),
        "penalty": setting.penalty,
        "training_data": TRAINING_DATA.format(
            lesions=sum(result.counts[:-1]),
            others=result.counts[-1],
            patients=result.patients,
            phantoms=setting.phantom_weight,
        ),
        "table_sha256": samples.table_sha256,
        "measured": {
            "data": DATA,
            "interval": LEVEL,
            "recall_interval": RECALL_LEVEL,
            "unit": "patient, out of fold",
            **measured,
        },
        "intended_use": "research only; shown on digitised film, not on digital mammograms",
        "licence": "trained on data for research use only",
        "sha256": digest(rounded),
    }
    return (json.dumps({"manifest": manifest, "classifier": rounded}, indent=1) + "\n").encode()
