"""What a control reached on the fold that it left out.

More than chance may be a shortcut, what stage 1 knew, or what a silhouette tells: see the page of controls.
"""

import json
from collections.abc import Sequence
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
from training.mammogram.runs import SETTINGS, split
from training.mammogram.validation import predict
from training.mammogram.views import Collection


def measure_control(weights: Sequence[Path], collection: Collection, *, plan: Plan) -> dict[str, Any]:
    """Measure a run on the digital views of its fold, with their true labels.

    Parameters
    ----------
    weights : sequence of Path
        As in :meth:`training.mammogram.export.Trained.read`.
    collection : Collection
        Of the control without a breast, views lose it here too.
    plan : Plan

    Returns
    -------
    dict
        JSON: which control it is, its fold, and the AUC with its bounds by patient.
    """
    settings = json.loads(weights[0].with_name(SETTINGS).read_text())
    if settings["background"]:
        collection = BackgroundOnly(collection.views, collection.images, collection.tissue)
    networks = Trained.read(weights).networks
    _, measuring = split(collection.views, settings["fold"])
    views = [view for view in measuring if view.source == RSNA]
    images = [collection.image(view) for view in views]
    scores = np.mean([predict(network, images)[1] for network in networks], axis=0)
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
