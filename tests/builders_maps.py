"""What the tests of map quality examine, and models that answer as a hand can reckon."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mammo_core.explain.probe import Subject
from mammo_core.geometry import PixelTransform
from mammo_core.records import (
    BoolArray,
    CamMethod,
    FloatArray,
    MapStatus,
    ModelInput,
    ModelOutput,
    SaliencyMap,
)
from mammo_core.testing import FakeModel


def make_subject(
    image: FloatArray,
    cells: ArrayLike,
    *,
    score: float,
    tissue: BoolArray | None = None,
    method: CamMethod = CamMethod.GRADCAM,
) -> Subject:
    """An input of one channel, (rows, columns), and a map whose cells cover it; all of it is breast."""
    grid = PixelTransform.identity((image.shape[0], image.shape[1]))
    values = np.array(cells, dtype=np.float32)
    return Subject(
        image=image[..., None].copy(),
        grid=grid,
        tissue=np.ones(image.shape, dtype=np.bool_) if tissue is None else tissue,
        saliency=SaliencyMap(
            values, grid.resized((values.shape[0], values.shape[1])), method, MapStatus.OK, True, 0.0
        ),
        score=score,
    )


class Asked(FakeModel, ABC):
    """A model that is asked for scores only; it keeps the sizes of the batches it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def run(self, model_input: ModelInput) -> ModelOutput:
        raise AssertionError("asked for a prediction")

    def explained_scores(self, images: FloatArray) -> FloatArray:
        self.batches.append(len(images))
        return np.array([self.score_of(image[..., 0]) for image in images], dtype=np.float32)

    @abstractmethod
    def score_of(self, image: FloatArray) -> float:
        """The explained score of one image."""


class Untouched(Asked):
    """z is the sum of a weight for each pixel of a list that is as it was."""

    def __init__(self, image: FloatArray, weights: dict[tuple[int, int], float]) -> None:
        super().__init__()
        self._image = image
        self._worth = weights

    def score_of(self, image: FloatArray) -> float:
        same = np.abs(image - self._image) < 1e-6
        return sum(weight for pixel, weight in self._worth.items() if same[pixel])


class Brightness(Asked):
    """z is the mean brightness."""

    def score_of(self, image: FloatArray) -> float:
        return float(image.mean(dtype=np.float64))


def noise(shape: tuple[int, int], seed: int = 0) -> FloatArray:
    """Brightness from 0 to 1, different in each pixel."""
    values: NDArray[np.float64] = np.random.default_rng(seed).random(shape)
    return values.astype(np.float32)
