"""Builders that many tests share, and the clean environment in which every test runs."""

import os
from typing import TypeVar

import numpy as np
import pytest
from hypothesis import settings as property_settings
from numpy.typing import ArrayLike, NDArray

from mammo_core.anatomy.records import Anatomy, Orientation, PectoralMuscle
from mammo_core.geometry import PixelTransform
from mammo_core.models.bundle import pack
from mammo_core.models.manifest import (
    CamAgreement,
    Compilation,
    Head,
    InputSpec,
    Manifest,
    OperatingPoint,
    Scaling,
    Verification,
)
from mammo_core.records import (
    BreastMask,
    CamMethod,
    ImageFormat,
    Laterality,
    Mammogram,
    MapStatus,
    PixelSpacing,
    SaliencyMap,
    Side,
    Sourced,
    ViewPosition,
)
from mammo_core.settings import Settings

TISSUE, AIR = 24_000, 900
T = TypeVar("T")

# The same examples in each run and on each machine, however slow, and no files left behind.
property_settings.register_profile("same everywhere", deadline=None, derandomize=True, database=None)
property_settings.load_profile("same everywhere")


def pytest_addoption(parser: pytest.Parser) -> None:
    """How thorough a run is."""
    parser.addoption("--fuzz-cases", type=int, default=300, help="how many mutated files are decoded")


@pytest.fixture
def fuzz_cases(request: pytest.FixtureRequest) -> int:
    """The number of mutated files that this run decodes."""
    return int(request.config.getoption("--fuzz-cases"))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches a test, and no test reaches AWS."""
    ours = {name.upper() for name in Settings.model_fields}
    for name in list(os.environ):
        if name in ours or name.startswith(("AWS_", "POWERTOOLS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")  # not a secret
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def make_mammogram(
    pixels: NDArray[np.uint16],
    *,
    image_format: ImageFormat = ImageFormat.PNG,
    spacing: PixelSpacing | None = None,
) -> Mammogram:
    """A decoded view of any pixels; nothing else is known of it."""
    return Mammogram(
        pixels=pixels.copy(),
        image_format=image_format,
        sha256="0" * 64,
        spacing=Sourced.unknown("a test") if spacing is None else Sourced(spacing, "calibrated"),
        laterality=Sourced.unknown("a test"),
        view_position=Sourced.unknown("a test"),
    )


def make_anatomy(
    breast: BreastMask | None = None,
    *,
    pectoral: Sourced[PectoralMuscle] | None = None,
    laterality: Laterality | None = None,
    view_position: ViewPosition | None = None,
    orientation: Orientation | None = None,
) -> Anatomy:
    """What is known of a view; all that is not named is unknown."""

    def known(value: T | None) -> Sourced[T]:
        return Sourced.unknown("a test") if value is None else Sourced(value, "test")

    return Anatomy(
        breast=breast,
        laterality=known(laterality),
        view_position=known(view_position),
        orientation=known(orientation),
        pectoral=pectoral or Sourced.unknown("a test"),
        density_index=Sourced.unknown("a test"),
        quality=Sourced.unknown("a test"),
    )


def breast_pixels(
    shape: tuple[int, int] = (320, 240), *, chest_wall: Side = Side.LEFT, reach: float = 0.6
) -> NDArray[np.uint16]:
    """Half an ellipse of tissue in dark air, cut off at the chest wall; it reaches over part of the width."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    down, across = (rows / shape[0] - 0.5) / 0.42, columns / shape[1] / reach
    pixels = np.where(down**2 + across**2 < 1.0, TISSUE, AIR).astype(np.uint16)
    return pixels if chest_wall is Side.LEFT else pixels[:, ::-1].copy()


def make_manifest(
    *,
    rows: int = 32,
    columns: int = 24,
    channels: int = 1,
    head: Head = Head.SIGMOID,
    classes: tuple[str, ...] = ("benign", "malignant"),
    target_layer: str | None = None,
) -> Manifest:
    """The least that a manifest must say."""
    return Manifest(
        id="test",
        version="1",
        input=InputSpec(rows=rows, columns=columns, channels=3 if channels == 3 else 1, scaling=Scaling.UNIT),
        classes=classes,
        positive=classes[-1],
        head=head,
        threshold=OperatingPoint(threshold=0.5, source="test"),
        target_layer=target_layer,
    )


def make_verification(**changes: object) -> Verification:
    """A report of a comparison without a difference."""
    report = Verification(
        inputs=("noise",),
        maps=1,
        probability_difference=0.0,
        logit_difference=0.0,
        activation_difference=0.0,
        cams=(CamAgreement(method=CamMethod.GRADCAM, largest_difference=0.0),),
        tensorflow_difference=0.0,
        tolerance=1e-4,
        completeness_residual=0.0,
    )
    return report.model_copy(update=changes)


def make_compilation() -> Compilation:
    """How a graph was made that is none."""
    return Compilation(
        source_sha256="0" * 64,
        float16=False,
        outputs=1,
        target_shape=(4, 3, 2),
        made_with="a test",
        verification=make_verification(),
    )


def make_bundle(graph: bytes = b"\x1c\0\0\0TFL3 and no more") -> bytes:
    """A bundle that can be opened, with a graph that cannot be run."""
    manifest = make_manifest(target_layer="c1").model_copy(update={"compiled": make_compilation()})
    return pack(graph, manifest)


def make_map(
    cells: ArrayLike,
    grid: PixelTransform,
    *,
    status: MapStatus = MapStatus.OK,
    in_logits: bool = True,
) -> SaliencyMap:
    """A map whose cells cover the whole of ``grid``."""
    values = np.array(cells, dtype=np.float32)
    return SaliencyMap(
        cells=values,
        transform=grid.resized((values.shape[0], values.shape[1])),
        method=CamMethod.GRADCAM,
        status=status,
        in_logits=in_logits,
        completeness_residual=0.0,
    )
