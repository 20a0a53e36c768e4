"""What a map costs, by three ways, as a table: ``python -m benchmarks.explanation --write docs/compile.md``.

Each measurement is a fresh process of byte-compiled sources; the ways of one network are measured in turn,
round after round, and medians are told, so that what else the machine does falls on all of them.
"""

import argparse
import compileall
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic

from mammo_core.models.bundle import unpack

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- benchmarks.explanation: begin -->", "<!-- benchmarks.explanation: end -->"
NAMES = (
    "small CNN, 224",
    "MobileNetV2, 512",
    "EfficientNetB0, 384",
    "ResNet50, 384",
    "DenseNet121, 384",
    "VGG16 and Flatten, 224",
)
WAYS = ("Keras eager", "Keras fused", "compiled", "plain")
RUNS = {"Keras eager": 5, "Keras fused": 11, "compiled": 31, "plain": 31}
"""Warm maps in each process."""
Told = dict[str, float]


def main() -> None:
    """Make the models, measure, and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", type=Path, help="document whose table is replaced; default: print it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", type=Path, help="folder that keeps the models for the next time")
    parser.add_argument("--only", nargs="*", default=NAMES, choices=NAMES)
    arguments = parser.parse_args()
    _byte_compile()
    with TemporaryDirectory() as temporary:
        folder = arguments.models or Path(temporary)
        table = _table(
            {name: _measure(name, folder / _slug(name), arguments.rounds) for name in arguments.only},
            rounds=arguments.rounds,
        )
    if arguments.write is None:
        sys.stdout.write(table + "\n")
    else:
        arguments.write.write_text(_replaced(arguments.write.read_text(), table))


def _byte_compile() -> None:
    """As an image or an installed package is; an editable checkout may not be."""
    packages = Path(str(metadata.distribution("numpy").locate_file(""))).resolve()
    for place in (packages, ROOT / "mammo_core", ROOT / "benchmarks"):
        compileall.compile_dir(str(place), quiet=2, workers=os.cpu_count() or 1)


def _measure(name: str, folder: Path, rounds: int) -> dict[str, Told]:
    """Medians by way, and the sizes of the files."""
    if not (folder / "target.json").exists():  # written last
        _make(name, folder)
    found: dict[str, list[Told]] = {way: [] for way in WAYS}
    for number in range(rounds):
        for way in WAYS:
            found[way].append(_once(way, folder))
        _tell(f"{name}: round {number + 1} of {rounds}")
    told = {
        way: {key: median(each[key] for each in runs) for key in ("cold_s", "warm_ms", "peak_mb")}
        for way, runs in found.items()
    }
    for way, file in (("Keras eager", "model.keras"), ("compiled", "model.mammo")):
        told[way]["file_mb"] = (folder / file).stat().st_size / 1e6
    return told


def _make(name: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    _run("benchmarks.subjects", name, str(folder))
    target = unpack((folder / "model.mammo").read_bytes()).manifest.target_layer
    (folder / "target.json").write_text(json.dumps(target))
    _tell(f"{name}: made")


def _once(way: str, folder: Path) -> Told:
    start = monotonic()
    told: Told = json.loads(_run("benchmarks.ways", way, str(folder), str(RUNS[way])))
    return {**told, "cold_s": told["first"] - start}


def _run(module: str, *arguments: str) -> str:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(  # noqa: S603 - this interpreter, and modules of this folder
        [sys.executable, "-m", module, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed: {done.stderr[-2000:]}")
    return done.stdout


def _table(measured: dict[str, dict[str, Told]], *, rounds: int) -> str:
    rows = [
        "| network, pixels | way | cold: process to first map | warm map | peak memory | file |",
        "|---|---|---|---|---|---|",
    ]
    for name, told in measured.items():
        rows += [_row(name if way == WAYS[0] else "", way, told) for way in WAYS[:3]]
    rows += [
        "",
        "| compiled ÷ other | cold ÷ Keras eager | warm ÷ Keras eager | memory ÷ Keras eager | "
        "warm ÷ LiteRT, score only |",
        "|---|---|---|---|---|",
    ]
    for name, told in measured.items():
        eager, compiled, plain = told["Keras eager"], told["compiled"], told["plain"]
        ratios = [compiled[key] / eager[key] for key in ("cold_s", "warm_ms", "peak_mb")]
        ratios.append(compiled["warm_ms"] / plain["warm_ms"])
        rows.append(f"| {name} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    return "\n".join([*rows, "", _circumstances(rounds)])


def _row(name: str, way: str, told: dict[str, Told]) -> str:
    own = told[way]
    size = f"{own['file_mb']:.1f} MB" if "file_mb" in own else ""
    numbers = f"{own['cold_s']:.2f} s | {own['warm_ms']:.1f} ms | {own['peak_mb']:.0f} MB"
    return f"| {name} | {way} | {numbers} | {size} |"


def _circumstances(rounds: int) -> str:
    versions = ", ".join(
        f"{name} {metadata.version(package)}"
        for name, package in (
            ("TensorFlow", "tensorflow-cpu"),
            ("Keras", "keras"),
            ("LiteRT", "ai-edge-litert"),
        )
    )
    processors = len(os.sched_getaffinity(0))
    # The processes measured make a load of up to that many themselves.
    load = f"load average {os.getloadavg()[2]:.1f} over the last 15 minutes"
    return (
        f"Medians of {rounds} fresh processes each, {processors} processors ({platform.machine()}), {load}, "
        f"Python {platform.python_version()}, {versions}, {datetime.now(UTC):%Y-%m-%d}. "
        "Weights are random, BatchNorm statistics fit them."
    )


def _replaced(text: str, table: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError(f"the document needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _slug(name: str) -> str:
    return name.replace(",", "").replace(" ", "-")


def _tell(text: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")


if __name__ == "__main__":
    main()
