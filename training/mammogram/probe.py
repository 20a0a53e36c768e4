"""Begin stage 2 with what stage 1 has learnt: its layers, and a regression on its concepts.

A new unit at the end of a network that is trained at once spoils what lies before it; one that is fitted
first does not (A. Kumar et al., ICLR 2022, arXiv:2202.10054).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.mammogram.catalogue import RSNA
from training.mammogram.competitors import ridge
from training.mammogram.heads import TARGET
from training.mammogram.layers import keras
from training.mammogram.learning import load_weights
from training.mammogram.network import Design, build
from training.mammogram.views import Collection, View

PENALTY = 0.3
CHUNK = 8


def begin(network: Any, design: Design, weights: Path, settings: Path) -> Design:  # noqa: ANN401
    """Take over the layers of another run that have the same name and form.

    Parameters
    ----------
    network : keras.Model
        Of ``design``.
    design : Design
    weights : Path
        An epoch of the other run.
    settings : Path
        Of the other run.

    Returns
    -------
    Design
        Of the other run.
    """
    former = Design.of(json.loads(settings.read_text())["design"])
    other = build(former, seed=0)
    load_weights(other, weights)
    known = {layer.name: layer.get_weights() for layer in other.layers}
    if former.head is not design.head:
        known.pop("score")
    for layer in network.layers:
        if known.get(layer.name):
            layer.set_weights(known[layer.name])
    return former


def probe(network: Any, collection: Collection, views: Sequence[View]) -> None:  # noqa: ANN401
    """Fit the last unit of a network of concepts to the labels of digital views.

    Parameters
    ----------
    network : keras.Model
    collection : Collection
    views : sequence of View
        Those that are learnt from.
    """
    digital = [view for view in views if view.source == RSNA]
    pooled = keras().layers.GlobalAveragePooling2D(dtype="float32")(network.get_layer(TARGET).output)
    seen = keras().Model(network.inputs[0], pooled)
    parts = []
    for start in range(0, len(digital), CHUNK):
        images = np.stack([collection.image(view) for view in digital[start : start + CHUNK]])
        parts.append(seen.predict_on_batch(images[..., None]))
    features = np.concatenate(parts).astype(np.float64)
    centre, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    fitted = ridge((features - centre) / scale, np.array([bool(v.positive) for v in digital]), PENALTY)
    kernel = fitted[1:] / scale
    bias = fitted[0] - kernel @ centre
    network.get_layer("score").set_weights([kernel[:, None].astype(np.float32), np.array([bias], np.float32)])
