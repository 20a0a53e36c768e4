"""Cold starts, memory and cost of the function: under the runtime emulator, and in the container images.

Run it on an idle machine, after ``make e2e`` has built the images: ``make cold-start``.

Every figure is a fresh process, from the event to the answer: init (interpreter, imports, application) is in
it, as the emulator starts the runtime with the first event. The model is a MobileNetV2 for 512 × 512 pixels
with random weights, once as Keras saved it and once compiled. A container has the processor time and the
memory that Lambda gives for 3,008 MB. The exit status is 1 if a budget is exceeded.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from tests.container.containers import FULL, SLIM, SPACE, engine, function_container, invoke, process_of
from tests.doors import v1_event, v2_event
from tests.emulator.runtime import peak_memory_mb, sandbox
from tests.mammograms import full_view, three_files

MEMORY_MB = 3008
LAMBDA_LIMITS = (
    "--cpus",
    f"{MEMORY_MB / 1769:.2f}",
    "--memory",
    f"{MEMORY_MB}m",
    "--memory-swap",
    f"{MEMORY_MB}m",
)
"""One processor for each 1,769 MB."""
LARGEST_INIT_S, LARGEST_RATIO = 3.0, 0.35
GB_SECOND, REQUEST, GATEWAY_REQUEST = 0.0000166667, 0.20e-6, 3.50e-6
"""US dollars: Lambda's compute and requests, a REST API's requests; us-east-1, first tier, no free tiers."""
HEALTH = v2_event("GET", "/health")


def analysis(image: bytes, media_type: str) -> dict[str, Any]:
    """The event that brings an image."""
    return v1_event("POST", "/analyze", body=image, content_type=media_type)


@dataclass(frozen=True)
class Function:
    """A running function that can be measured.

    Parameters
    ----------
    call : callable
        From an event to its answer, or to the text by which the runtime says that there is none.
    memory_mb : callable
        Largest resident size so far.
    """

    call: Callable[[dict[str, Any]], Any]
    memory_mb: Callable[[], float]


Start = Callable[[str], AbstractContextManager[Function]]
"""From the name of a model's file to a fresh function that serves it."""


@dataclass(frozen=True)
class Row:
    """Seconds and megabytes of one kind of start."""

    health_s: float
    first_s: float
    warm_s: float
    full_view_s: float
    memory_mb: float


@contextmanager
def in_the_emulator(folder: Path, model: str) -> Iterator[Function]:
    """Start the function on this machine."""
    with sandbox(folder, {"MODEL_URI": (folder / model).as_uri()}) as running:
        yield Function(running.invoke, running.peak_memory_mb)


@contextmanager
def in_a_container(image: str, folder: Path, model: str) -> Iterator[Function]:
    """Start the function in an image, with Lambda's limits."""
    models = ("--volume", f"{folder}:/models:ro", "--env", f"MODEL_URI=file:///models/{model}")
    with function_container(image, *LAMBDA_LIMITS, *models) as address:
        yield Function(partial(invoke, address), lambda: peak_memory_mb(process_of(address)))


def save_models(folder: Path) -> None:
    """Write ``m.keras`` and ``m.mammo``."""
    import keras

    keras.utils.set_random_seed(1)
    network = keras.applications.MobileNetV2((512, 512, 3), weights=None, include_top=False)
    pooled = keras.layers.GlobalAveragePooling2D()(network.output)
    # All weights of the head positive: features are never negative, so there is evidence to draw.
    positive = keras.initializers.RandomUniform(0.0, 0.01, seed=1)
    head = keras.layers.Dense(1, "sigmoid", kernel_initializer=positive)(pooled)
    keras.Model(network.input, head).save(folder / "m.keras")
    command = [sys.executable, "-m", "mammo_core", "compile", "m.keras", "-o", "m.mammo"]
    root = Path(__file__).resolve().parents[1]
    subprocess.run(  # noqa: S603 - our own command
        command,
        check=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.DEVNULL,
    )


def timed(function: Function, event: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """Seconds for an event, and its answer."""
    start = perf_counter()
    answer = function.call(event)
    seconds = perf_counter() - start
    if not isinstance(answer, dict) or answer.get("statusCode") != 200:
        raise RuntimeError(f"The function answered {answer}.")
    return seconds, json.loads(answer["body"])


def measure(start: Start, model: str, repeat: int) -> Row:
    """Measure fresh processes, each for one purpose; medians."""
    health: list[float] = []
    first: list[float] = []
    warm: list[float] = []
    full: list[float] = []
    memory: list[float] = []
    small, large = analysis(three_files()["1.png"], "image/png"), analysis(full_view(), "image/jpeg")
    for _ in range(repeat):
        with start(model) as function:
            health.append(timed(function, HEALTH)[0])
        with start(model) as function:
            seconds, answer = timed(function, small)
            if not all(answer["images"].values()):
                raise RuntimeError(f"Pictures are missing: {answer['image_status']}")
            first.append(seconds)
            warm.extend(timed(function, small)[0] for _ in range(3))
            full.append(timed(function, large)[0])
            memory.append(function.memory_mb())
    return Row(*map(median, (health, first, warm, full, memory)))


def table(rows: dict[str, Row], keras: str) -> Iterator[str]:
    """Markdown; ratios to the first analysis by the Keras backend in the same place."""
    yield "| model | health, cold | analysis, cold | of Keras's | warm | warm, full view | peak memory |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in rows.items():
        ratio = row.first_s / rows[keras].first_s
        yield (
            f"| {name} | {row.health_s:.2f} s | {row.first_s:.2f} s | {ratio:.2f} "
            f"| {row.warm_s:.2f} s | {row.full_view_s:.2f} s | {row.memory_mb:,.0f} MB |"
        )


def sizes() -> Iterator[str]:
    """Markdown: what the images weigh, and how much of it is the base."""
    yield "| image | unpacked | compressed |"
    yield "|---|---|---|"
    for image in (SLIM, FULL, SPACE):
        (description,) = json.loads(engine("image", "inspect", image))
        with tempfile.NamedTemporaryFile(suffix=".tar") as file:
            engine("save", "--output", file.name, image)
            packed = subprocess.run(["gzip", "-6", "--stdout", file.name], stdout=subprocess.PIPE, check=True)  # noqa: S603, S607
        name = image.rpartition(":")[2]
        yield f"| `{name}` | {description['Size'] / 1e6:,.0f} MB | {len(packed.stdout) / 1e6:,.0f} MB |"


def cost(seconds: float, images: int = 1000) -> float:
    """US dollars for warm analyses, computed from duration and memory."""
    return images * (seconds * MEMORY_MB / 1024 * GB_SECOND + REQUEST + GATEWAY_REQUEST)


def over_budget(rows: dict[str, Row], keras: str) -> list[str]:
    """What is slower than it may be."""
    late = [name for name, row in rows.items() if row.health_s >= LARGEST_INIT_S]
    ratios = {name: row.first_s / rows[keras].first_s for name, row in rows.items() if name != keras}
    return [f"{name}: init takes {LARGEST_INIT_S} s or more" for name in late] + [
        f"{name}: {ratio:.2f} of Keras's, at most {LARGEST_RATIO} is allowed"
        for name, ratio in ratios.items()
        if ratio > LARGEST_RATIO
    ]


def main() -> int:
    """Measure everything and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-containers", action="store_true", help="only the emulator")
    given = parser.parse_args()
    problems = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        save_models(folder)
        places: dict[str, dict[str, tuple[Start, str]]] = {
            "emulator": {
                "compiled": (partial(in_the_emulator, folder), "m.mammo"),
                "Keras": (partial(in_the_emulator, folder), "m.keras"),
            }
        }
        if not given.no_containers:
            places["container"] = {
                "compiled, `slim`": (partial(in_a_container, SLIM, folder), "m.mammo"),
                "compiled, `full`": (partial(in_a_container, FULL, folder), "m.mammo"),
                "Keras, `full`": (partial(in_a_container, FULL, folder), "m.keras"),
            }
        for place, starts in places.items():
            rows = {name: measure(start, model, given.repeat) for name, (start, model) in starts.items()}
            *_, keras = rows
            print(f"\n{place}\n\n" + "\n".join(table(rows, keras)))
            for name, row in rows.items():
                small, large = cost(row.warm_s), cost(row.full_view_s)
                print(f"\n1,000 warm analyses, {name}: {small:.3f} USD, of full views {large:.3f} USD")
            problems += over_budget(rows, keras)
        if not given.no_containers:
            print("\n" + "\n".join(sizes()))
    for problem in problems:
        print(f"OVER BUDGET: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
