"""All checks of one model file."""

from pathlib import Path

from mammo_core.compiler.running import evidence_of
from mammo_core.models.protocol import Model
from mammo_core.models.store import BUNDLE, ModelFiles, fetch, read_files
from mammo_core.records import CamMethod
from mammo_core.sanity.behaviour import check_determinism, check_flip
from mammo_core.sanity.maps import Probe, probes
from mammo_core.sanity.results import Outcome, Report, Result

NEEDS_KERAS = "A bundle's weights cannot be changed: check the Keras file that it was made of."


def check_model(path: Path, method: CamMethod = CamMethod.GRADCAM) -> Report:
    """Check a model on phantoms.

    Parameters
    ----------
    path : Path
        A ``.keras``, ``.h5`` or ``.mammo`` file.
    method : CamMethod
        How maps are made.

    Returns
    -------
    Report
        Determinism, saturation, weight randomisation, flip.

    Raises
    ------
    MammoError
        If the model cannot be loaded, or gives no map.
    """
    if path.suffix.lower() == BUNDLE:
        files = fetch(path.resolve().as_uri())
        return _check_bundle(files, method)
    return _check_network(read_files(path), method)


def _check_bundle(files: ModelFiles, method: CamMethod) -> Report:
    from mammo_core.models.litert import LiteRTModel
    from mammo_core.models.rehearsal import rehearse

    rehearse(files.weights)
    model = LiteRTModel(files)
    inputs = probes(model.manifest.input)
    impossible = [
        Result(check, Outcome.NOT_POSSIBLE, NEEDS_KERAS) for check in ("saturation", "weight randomisation")
    ]
    results = [check_determinism(model, inputs), *impossible, check_flip(model, inputs, method)]
    return _report(model, inputs, results, method)


def _check_network(files: ModelFiles, method: CamMethod) -> Report:
    from mammo_core.compiler.network import open_network
    from mammo_core.models.keras import KerasModel
    from mammo_core.sanity.weights import check_randomisation, check_saturation, explainer

    model = KerasModel(files)
    inputs = probes(model.manifest.input)
    target_layer = evidence_of(model.run(inputs[0].model_input)).target_layer
    network = open_network(files).explaining(target_layer)
    explain = explainer(network)
    results = [
        check_determinism(model, inputs),
        check_saturation(network, explain, inputs),
        check_randomisation(network, explain, inputs, method),
        check_flip(model, inputs, method),
    ]
    return _report(model, inputs, results, method)


def _report(model: Model, inputs: list[Probe], results: list[Result], method: CamMethod) -> Report:
    return Report(
        model=model.manifest.id,
        version=model.manifest.version,
        sha256=model.identity.sha256,
        backend=model.identity.backend,
        target_layer=model.manifest.target_layer or "",
        method=str(method),
        inputs=tuple(probe.name for probe in inputs),
        results=tuple(results),
    )
