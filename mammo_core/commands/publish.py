"""``mammo publish``: a model becomes the one that is served."""

from pathlib import Path
from typing import Annotated

import typer

from mammo_core.commands.terminal import SOME_FAILED, WRONG_USAGE, stop
from mammo_core.errors import ConfigurationError, MammoError


def publish(
    model: Annotated[Path, typer.Argument(help="A .keras, .h5 or .mammo file.", exists=True, dir_okay=False)],
    destination: Annotated[str, typer.Argument(help="s3://bucket/folder, or s3://bucket/pointer.json.")],
    manifest: Annotated[
        Path | None,
        typer.Option(
            help="Default: NAME.manifest.json beside a Keras file, if there is one.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    target_layer: Annotated[str | None, typer.Option(help="Layer to explain, of a Keras file.")] = None,
    float16: Annotated[
        bool, typer.Option("--float16", help="Weights in 16 bits, of a Keras file: half the size.")
    ] = False,
) -> None:
    """Compile a model if need be, try it out, store it under its digest, and let the pointer name it.

    A service whose MODEL_URI is the pointer serves it within a minute. Exit status: 0 published, 1 refused or
    not stored (the old model goes on), 2 wrong usage.

    Example: mammo publish model.keras s3://my-models/current.json
    """
    from mammo_core.publishing.apart import compile_apart
    from mammo_core.publishing.release import destination_of, prepared, try_out

    try:
        place = destination_of(destination)
        if model.suffix not in {".keras", ".h5", ".mammo"}:
            raise ConfigurationError("A .keras, .h5 or .mammo file is expected.")
        beside = manifest or model.with_name(f"{model.stem}.manifest.json")
    except MammoError as error:
        stop(error, WRONG_USAGE)
    try:
        bundle = model.read_bytes()
        if model.suffix != ".mammo":
            text = beside.read_bytes() if beside.exists() else None
            bundle = compile_apart(
                bundle, suffix=model.suffix, manifest=text, target_layer=target_layer, float16=float16
            )
        move = prepared(bundle, try_out(bundle), place)
        move.do()
    except MammoError as error:
        stop(error, SOME_FAILED)
    typer.echo(f"{place.uri} names s3://{place.bucket}/{move.pointer.key}")
    if move.previous not in (None, move.pointer):
        typer.echo(f"before: {move.previous.model_dump_json()}")
