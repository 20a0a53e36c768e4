"""``mammo compile``: from a Keras model to a bundle."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mammo_core.commands.terminal import stop
from mammo_core.errors import MammoError

FAILED = 1


def compile_(
    model: Annotated[Path, typer.Argument(help="A .keras or .h5 file.", exists=True, dir_okay=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The bundle to write: NAME.mammo.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="Default: NAME.manifest.json beside the model, if there is one.", exists=True, dir_okay=False
        ),
    ] = None,
    target_layer: Annotated[
        str | None,
        typer.Option(help="Layer to explain; default: the manifest's, else the last with rows and columns."),
    ] = None,
    float16: Annotated[
        bool, typer.Option("--float16", help="Weights in 16 bits: half the size, maps to two digits.")
    ] = False,
) -> None:
    """Compile a Keras model and its explanation into one file that is served without TensorFlow.

    The bundle is compared with the Keras model on phantoms and noise; one that disagrees is not written.

    Example: mammo compile model.keras -o model.mammo
    """
    from mammo_core.compiler.compile import compile_model
    from mammo_core.compiler.quiet import quietly
    from mammo_core.models.bundle import unpack
    from mammo_core.models.store import read_files

    if output.suffix != ".mammo":
        raise typer.BadParameter("The bundle's name must end in .mammo.", param_hint="--output")
    if not output.absolute().parent.is_dir():
        raise typer.BadParameter("The folder of the bundle does not exist.", param_hint="--output")
    try:
        with quietly():
            bundle = compile_model(read_files(model, manifest), target_layer=target_layer, float16=float16)
        opened = unpack(bundle).manifest
    except MammoError as error:
        stop(error, FAILED)
    # Whole or not at all: a service may be reading this path.
    temporary = output.with_name(f".{output.name}.{os.getpid()}")
    temporary.write_bytes(bundle)
    temporary.replace(output)
    compiled = opened.compiled
    if compiled is None:
        raise AssertionError("unpack refuses a bundle without its report")
    report = compiled.verification
    worst = max(cam.largest_difference for cam in report.cams)
    typer.echo(f"{output}  {len(bundle) / 1e6:.2f} MB")
    typer.echo(f"target layer {opened.target_layer}, {' × '.join(map(str, compiled.target_shape))}")
    typer.echo(
        f"verified on {len(report.inputs)} inputs ({report.maps} with a map): scores differ by "
        f"{report.probability_difference:.1e}, maps by {worst:.1e} of their peak, from TensorFlow's own "
        f"gradient by {report.tensorflow_difference:.1e}"
    )
    if report.completeness_residual is not None:
        typer.echo(f"completeness residual {report.completeness_residual:.1e}")
    if opened.absent:
        typer.echo(
            "manifest: none; the bundle takes the whole image, stretched, with values "
            f"{opened.input.scaling}, calls its labels {' and '.join(opened.classes)}, and cuts at "
            f"{opened.threshold.threshold}: if the model was trained otherwise, write "
            f"{model.with_suffix('.manifest.json').name} (docs/models.md)"
        )
    if report.maps == 0:
        typer.echo("warning: no input gave a map with evidence, so maps could not be compared", err=True)
