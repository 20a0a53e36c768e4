"""Time and memory of decoding one full DICOM view in each transfer syntax.

Run it on an idle machine::

    .venv/bin/python -m benchmarks.dicom

Each row is a process of its own. ``over idle`` is its peak of memory, file included, over that after a small
file of the same kind was decoded; ``child`` is the peak of the process in which compressed pixels are
decoded, and both live at the same time.
"""

import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from statistics import median

import numpy as np
import pydicom
from jpeg_ls import encode_array as encode_jpeg_ls
from numpy.typing import NDArray
from openjpeg.utils import encode_array as encode_j2k
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import (
    UID,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from mammo_core.imaging.decode import Limits, decode
from mammo_core.imaging.dicom import decode_dicom

ROWS, COLUMNS, BITS = 4096, 3328, 14
SOP_CLASS = "1.2.840.10008.5.1.4.1.1.1.2"
REPEATS = 9
ALLOWED_MB = 350
FILES = {
    "uncompressed": ExplicitVRLittleEndian,
    "RLE": RLELossless,
    "lossless JPEG": JPEGLosslessSV1,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
}


def make_view(rows: int, columns: int) -> NDArray[np.uint16]:
    """Noisy tissue in a half ellipse, and dark air: half of the pixels are hard to compress."""
    rng = np.random.default_rng(1)
    down, across = np.mgrid[0:rows, 0:columns].astype(np.float32)
    inside = ((down / rows - 0.5) / 0.48) ** 2 + (across / columns / 0.75) ** 2 < 1
    tissue = 6000 + 3000 * np.sin(down / 90) * np.cos(across / 70) + rng.normal(0, 60, (rows, columns))
    view: NDArray[np.uint16] = np.where(inside, tissue, 3).astype(np.uint16)
    return view


def encode(view: NDArray[np.uint16], syntax: UID) -> bytes:
    """A codestream of the view."""
    if syntax == JPEG2000Lossless:
        return bytes(encode_j2k(view, bits_stored=BITS, photometric_interpretation=2, use_mct=False))
    if syntax == JPEGLSLossless:
        return bytes(encode_jpeg_ls(view))
    return RLELosslessEncoder.encode(
        view.tobytes(),
        encoding_plugin="pydicom",
        rows=view.shape[0],
        columns=view.shape[1],
        samples_per_pixel=1,
        bits_allocated=16,
        bits_stored=BITS,
        pixel_representation=0,
        photometric_interpretation="MONOCHROME2",
        number_of_frames=1,
    )


def make_file(view: NDArray[np.uint16], syntax: UID) -> bytes:
    """A mammogram for presentation."""
    if syntax == JPEGLosslessSV1:
        return _converted(make_file(view, ExplicitVRLittleEndian))
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = SOP_CLASS, "1.2.3"
    dataset.Modality, dataset.PresentationIntentType = "MG", "FOR PRESENTATION"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = view.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, BITS, BITS - 1
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (BITS - 1), 2**BITS
    dataset.add_new("PixelData", "OW", view.tobytes())
    if syntax.is_compressed:
        dataset.add_new("PixelData", "OB", encapsulate([encode(view, syntax)]))
        dataset["PixelData"].is_undefined_length = True
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.file_meta.MediaStorageSOPClassUID = UID(SOP_CLASS)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _converted(data: bytes) -> bytes:
    """The same as lossless JPEG, by GDCM's command: nothing else here encodes it in reasonable time."""
    command = Path(sys.executable).with_name("gdcmconv")
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.dcm", Path(folder) / "target.dcm"
        source.write_bytes(data)
        subprocess.run([command, "--jpeg", source, target], check=True)  # noqa: S603
        return target.read_bytes()


class PeakOfChildren(threading.Thread):
    """Watches the peak of resident memory of the decoding processes that this one starts."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._end = threading.Event()

    def run(self) -> None:
        """Look every few milliseconds."""
        while not self._end.wait(0.005):
            for child in _children():
                with suppress(OSError, IndexError):
                    self.peak_mb = max(self.peak_mb, _decoder_peak_mb(Path(f"/proc/{child}")))

    def stop(self) -> float:
        """The peak in megabytes."""
        self._end.set()
        self.join()
        return self.peak_mb


def _children() -> list[str]:
    return " ".join(path.read_text() for path in Path("/proc/self/task").glob("*/children")).split()


def _decoder_peak_mb(process: Path) -> float:
    # Until it runs its own program, it shares the memory of this process.
    return peak_mb(process) if b"codec_child" in (process / "cmdline").read_bytes() else 0.0


def peak_mb(process: Path) -> float:
    """VmHWM of a process."""
    status = (process / "status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def pixel_array(data: bytes) -> Callable[[], object]:
    """Nothing but pydicom's ``pixel_array``, of a data set that is read."""
    dataset = pydicom.dcmread(BytesIO(data))

    def action() -> object:
        dataset._pixel_array, dataset._pixel_id = None, {}  # or it would return the array of the last call
        return dataset.pixel_array

    return action


ACTIONS: dict[str, Callable[[bytes], Callable[[], object]]] = {
    "pydicom: `pixel_array` alone": pixel_array,
    "pydicom: `dcmread` and `pixel_array`": lambda data: lambda: pydicom.dcmread(BytesIO(data)).pixel_array,
    "`decode`": lambda data: lambda: decode(data),
    "`decode`, without the digest": lambda data: lambda: decode_dicom(data, sha256="", limits=Limits()),
}


def measure(name: str, small: Path, large: Path) -> None:
    """Print one row; the only thing that its process does."""
    ACTIONS[name](small.read_bytes())()
    idle_mb = peak_mb(Path("/proc/self"))
    watch = PeakOfChildren()
    watch.start()
    data = large.read_bytes()
    action = ACTIONS[name](data)
    action()
    over_idle_mb, child_mb = peak_mb(Path("/proc/self")) - idle_mb, watch.stop()
    # Some kernels do not count pages that a system call has filled: the file, and what comes through a pipe.
    over_idle_mb = max(over_idle_mb, _traced_mb(ACTIONS[name], large))
    child_mb += len(data) / 2**20 if child_mb else 0.0
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - start)
    print(
        f"| {name} | {large.stem} | {len(data) / 2**20:.1f} | {median(seconds) * 1000:.0f} "
        f"| {over_idle_mb:.0f} | {child_mb:.0f} | {over_idle_mb + child_mb:.0f} |",
        flush=True,
    )


def _traced_mb(make: Callable[[bytes], Callable[[], object]], path: Path) -> float:
    """Peak of what Python and NumPy allocate, the file included."""
    tracemalloc.start()
    make(path.read_bytes())()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def main() -> None:
    """Make the files and print the table."""
    if len(sys.argv) == 4:
        measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
        return
    small, large = make_view(128, 128), make_view(ROWS, COLUMNS)
    print(f"{ROWS} × {COLUMNS}, {BITS} of 16 bits; wanted: at most {ALLOWED_MB} MB together\n")
    print("| what | file | MB | time, ms | over idle, MB | child, MB | together, MB |")
    print("|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, syntax in FILES.items():
            paths = [Path(folder) / f"{kind}{name}.dcm" for kind in ("small ", "")]
            for path, view in zip(paths, (small, large), strict=True):
                path.write_bytes(make_file(view, syntax))
            for action in ACTIONS if name == "uncompressed" else ["`decode`"]:
                subprocess.run([sys.executable, "-m", "benchmarks.dicom", action, *paths], check=True)  # noqa: S603


if __name__ == "__main__":
    main()
