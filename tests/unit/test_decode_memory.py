"""A full uncompressed view stays within the memory that a function of the smallest size can spare."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.builders_images import make_dicom

ALLOWED_MB = 350
"""Over the idle process, for one view of 4096 × 3328 pixels of 16 bits."""
PIXELS_MB = 4096 * 3328 * 2 / 2**20
# VmHWM and not ru_maxrss: that one keeps the size of the process that has started this one.
PROGRAM = """
import sys
from pathlib import Path
from mammo_core.imaging.decode import decode

def peak_mb():
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024

decode(Path(sys.argv[1]).read_bytes())
idle = peak_mb()
mammogram = decode(Path(sys.argv[2]).read_bytes())
assert mammogram.shape == (4096, 3328)
print(peak_mb() - idle)
"""


def test_a_full_uncompressed_view_costs_less_memory_than_it_may(tmp_path: Path) -> None:
    small, large = tmp_path / "small.dcm", tmp_path / "large.dcm"
    small.write_bytes(make_dicom())
    # No two neighbours are alike, and padding and a rescale ask for all that the path can do.
    stored = (np.arange(4096 * 3328, dtype=np.uint32) * 40503 >> 3).astype(np.uint16).reshape(4096, 3328)
    tags = {"WindowCenter": 3e4, "WindowWidth": 5e4, "PixelPaddingValue": 7, "RescaleSlope": 1.5}
    large.write_bytes(make_dicom(stored, bits_stored=14, tags={**tags, "RescaleIntercept": -3}))

    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, small, large], capture_output=True, text=True, check=True, timeout=60
    )

    over_idle_mb = float(ended.stdout)
    assert over_idle_mb > PIXELS_MB  # the display values at least: the measurement measures
    assert over_idle_mb < ALLOWED_MB
