"""What a control reached on the fold that it left out: if it is more than chance, there is a shortcut."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from mammo_core.evaluation.resampling import Plan, estimate
from mammo_core.evaluation.statistics import auc
from training.mammogram.catalogue import RSNA
from training.mammogram.competitors import UNDEFINED
from training.mammogram.controls import BackgroundOnly
from training.mammogram.export import Trained
from training.mammogram.runs import SETTINGS, WEIGHTS, split
from training.mammogram.validation import predict
from training.mammogram.views import Collection


def measure_control(folder: Path, epoch: int, collection: Collection, *, plan: Plan) -> dict[str, Any]:
    """Measure a run on the digital views of its fold, with their true labels.

    Parameters
    ----------
    folder : Path
        Of the run.
    epoch : int
    collection : Collection
        Of the control without a breast, views lose it here too.
    plan : Plan

    Returns
    -------
    dict
        JSON: which control it is, its fold, and the AUC with its bounds by patient.
    """
    settings = json.loads((folder / SETTINGS).read_text())
    if settings["background"]:
        collection = BackgroundOnly(collection.views, collection.images, collection.tissue)
    network = Trained.read(folder, folder / WEIGHTS.format(epoch), collection).network
    _, measuring = split(collection.views, settings["fold"])
    views = [view for view in measuring if view.source == RSNA]
    _, scores = predict(network, [collection.image(view) for view in views])
    labels = np.array([bool(view.positive) for view in views])
    _, patients = np.unique([view.patient for view in views], return_inverse=True)
    (area,) = estimate(
        lambda at: np.array([auc(scores[at].astype(np.float64), labels[at])]),
        patients,
        plan,
        undefined=UNDEFINED,
    )
    return {
        "shuffled": settings["shuffled"],
        "background": settings["background"],
        "fold": settings["fold"],
        "auc": asdict(area),
    }
