"""Phantoms as a network sees them: through the service's own breast mask and preprocessing."""

import hashlib

from mammo_core.anatomy.breast import find_breast
from mammo_core.imaging.preprocess import prepare
from mammo_core.models.manifest import InputSpec
from mammo_core.phantom.synthesis import Phantom
from mammo_core.records import ImageFormat, Mammogram, ModelInput, Sourced

NO_FILE = "a phantom without a file"


def prepared(phantom: Phantom, spec: InputSpec) -> ModelInput:
    """Make a network's input of a phantom.

    Parameters
    ----------
    phantom : Phantom
    spec : InputSpec
    """
    mammogram = Mammogram(
        pixels=phantom.pixels,
        image_format=ImageFormat.PNG,
        sha256=hashlib.sha256(phantom.pixels.tobytes()).hexdigest(),
        spacing=Sourced.unknown(NO_FILE),
        laterality=Sourced.unknown(NO_FILE),
        view_position=Sourced.unknown(NO_FILE),
    )
    return prepare(mammogram, spec, find_breast(phantom.pixels))
