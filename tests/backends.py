"""The networks of the tests behind both backends, loaded and compiled once."""

import hashlib
from functools import cache

import numpy as np

from mammo_core.compiler.compile import compile_model
from mammo_core.geometry import PixelTransform
from mammo_core.models.bundle import unpack
from mammo_core.models.keras import KerasModel
from mammo_core.models.litert import LiteRTModel
from mammo_core.models.manifest import Head, Scaling
from mammo_core.models.store import ModelFiles
from mammo_core.records import Evidence, FloatArray, ModelInput, ModelOutput
from tests.networks import SHAPE, Case, built, saved


@cache
def file_of(name: str) -> ModelFiles:
    """The case's network, saved."""
    return built(name).file or saved(built(name).network)


@cache
def loaded(name: str) -> KerasModel:
    """The case's network, saved and loaded again."""
    return KerasModel(file_of(name))


@cache
def compiled(name: str) -> LiteRTModel:
    """The case's network, saved and compiled."""
    return LiteRTModel(opened(compile_model(file_of(name))))


def opened(bundle: bytes) -> ModelFiles:
    """A bundle as the store gives it to the backend."""
    held = unpack(bundle)
    sha256 = hashlib.sha256(bundle).hexdigest()
    return ModelFiles(held.graph, ".mammo", sha256, held.manifest, held.manifest_sha256)


def input_of(channels: int = 1, shape: tuple[int, int] = SHAPE, seed: int = 0) -> ModelInput:
    tensor = np.random.default_rng(seed).random((1, *shape, channels), dtype=np.float32)
    return ModelInput(tensor, PixelTransform.identity(shape), ())


def input_for(name: str, seed: int = 0) -> ModelInput:
    """Noise of the case's shape and range."""
    noise = input_of(built(name).channels, seed=seed)
    white = np.float32(255.0 if loaded(name).manifest.input.scaling is Scaling.BYTE else 1.0)
    return ModelInput(white * noise.tensor, noise.transform, ())


def evidence_of(output: ModelOutput) -> Evidence:
    assert output.evidence is not None, output.unavailable
    return output.evidence


def selector_of(case_: Case, outputs: int) -> FloatArray:
    """The explained score by the contract: z; z_c − z_other of two exclusive classes; z_c of more."""
    weights = np.zeros(outputs, dtype=np.float32)
    if outputs == 2 and case_.head is not Head.SIGMOID:
        weights[:] = -1.0
    weights[-1] = 1.0
    return weights
