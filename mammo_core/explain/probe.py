"""One explained prediction, and the model that is asked again about changed copies of its input."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mammo_core.errors import InferenceError
from mammo_core.geometry import PixelTransform
from mammo_core.models.protocol import Model
from mammo_core.records import BoolArray, FloatArray, ModelInput, ModelOutput, SaliencyMap, read_only

BATCH = 8
"""Inputs that are held in memory at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is examined.

    Parameters
    ----------
    image : ndarray of shape (rows, columns, channels), float32
        The model's input.
    grid : PixelTransform
        Source pixels to the pixels of ``image``.
    tissue : ndarray of shape (rows, columns), bool
        Which of them show breast; all that show the image if no breast was found.
    saliency : SaliencyMap
    score : float
        z of ``image``, the explained logit.
    """

    image: FloatArray
    grid: PixelTransform
    tissue: BoolArray
    saliency: SaliencyMap
    score: float

    def __post_init__(self) -> None:
        read_only(self.tissue)

    def cells(self) -> NDArray[np.intp]:
        """The map's cell that each pixel lies in, as a flat index, (rows, columns)."""
        rows, columns = self.saliency.cells.shape
        down = np.arange(self.image.shape[0]) * rows // self.image.shape[0]
        across = np.arange(self.image.shape[1]) * columns // self.image.shape[1]
        return np.asarray(down[:, None] * columns + across, dtype=np.intp)


class Probe:
    """A model that is asked again, and how often it was.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    forwards : int
        Inputs that it was given.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self.forwards = 0

    def scores(self, images: Iterable[FloatArray]) -> NDArray[np.float64]:
        """Explained logits of some images, (n,); one call of the model for each :data:`BATCH` of them.

        Raises
        ------
        InferenceError
            If the model cannot be run, or gives a score that is no finite number.
        """
        scores = [self._scores(batch) for batch in _batches(images)]
        return np.concatenate([np.zeros(0), *scores])

    def run(self, model_input: ModelInput) -> ModelOutput:
        """Predict and explain another input.

        Raises
        ------
        InferenceError
            If the model gives no finite score.
        """
        self.forwards += 1
        return self._model.run(model_input)

    def _scores(self, batch: FloatArray) -> NDArray[np.float64]:
        self.forwards += len(batch)
        scores: NDArray[np.float64] = np.asarray(self._model.explained_scores(batch), dtype=np.float64)
        if not np.isfinite(scores).all():
            raise InferenceError("The model gave a score that is not a finite number.")
        return scores


def _batches(images: Iterable[FloatArray]) -> Iterator[FloatArray]:
    waiting = iter(images)
    while batch := list(islice(waiting, BATCH)):
        yield np.stack(batch)
