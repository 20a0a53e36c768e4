"""Whether one image decodes to the same pixels in every transfer syntax in which a folder holds it.

Run it on a folder of DICOM files::

    .venv/bin/python -m benchmarks.dicom_samples DIR [--write docs/dicom.md]

Files are of one image if they have the same SOP Instance UID and Photometric Interpretation; their display
values, as the service decodes them, must be equal. Ends with 1 if they are not, or if a file is refused.
"""

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.uid import UID

from mammo_core.errors import MammoError
from mammo_core.imaging.decode import decode

BEGIN, END = "<!-- benchmarks.dicom_samples: begin -->", "<!-- benchmarks.dicom_samples: end -->"


@dataclass(frozen=True, slots=True)
class Sample:
    """One file and what became of it.

    Parameters
    ----------
    name : str
        Of the file.
    image : tuple of str
        What files of one image share. Its first part is a UID, and no part of the table.
    syntax : str
        Name of the transfer syntax.
    shape : tuple of int
        (rows, columns), or () if the file was refused.
    result : str
        Digest of shape and display values, or the code of the refusal.
    """

    name: str
    image: tuple[str, str]
    syntax: str
    shape: tuple[int, ...]
    result: str


def read_sample(path: Path) -> Sample:
    """Decode one file as the service does."""
    data = path.read_bytes()
    header = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    image = (str(header.get("SOPInstanceUID", "")), str(header.get("PhotometricInterpretation", "")))
    syntax = UID(str(header.file_meta.get("TransferSyntaxUID", "")))
    try:
        pixels = decode(data).pixels
    except MammoError as error:
        return Sample(path.name, image, syntax.name, (), error.code)
    digest = hashlib.sha256(str(pixels.shape).encode() + pixels.astype("<u2").tobytes())
    return Sample(path.name, image, syntax.name, pixels.shape, digest.hexdigest())


def differing(samples: Sequence[Sample]) -> list[str]:
    """What is wrong, a line for each image whose files do not agree and for each refusal."""
    refused = [f"{sample.name}: refused, {sample.result}" for sample in samples if not sample.shape]
    results = Counter(image for image, _ in {(sample.image, sample.result) for sample in samples})
    unequal = [f"{image[1]}: {count} different results" for image, count in results.items() if count > 1]
    return refused + unequal


def table(samples: Sequence[Sample]) -> str:
    """One row for each file, and a sentence of what they show."""
    rows = [
        "| file | photometric | transfer syntax | rows × columns | SHA-256 of the display values |",
        "|---|---|---|---|---|",
    ]
    for sample in samples:
        shape = " × ".join(map(str, sample.shape)) or "refused"
        rows.append(
            f"| {sample.name} | {sample.image[1]} | {sample.syntax} | {shape} | {sample.result[:16]}… |"
        )
    images, wrong = {sample.image for sample in samples}, differing(samples)
    verdict = "; ".join(wrong) or "every image has the same pixels in all of its files"
    return "\n".join([*rows, "", f"{len(samples)} files of {len(images)} images: {verdict}."])


def written(text: str, rows: str) -> str:
    """The document with the table between its two lines."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"the document needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{rows}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of DICOM files (*.dcm)")
    parser.add_argument("--write", type=Path, help="document in which to replace the table")
    chosen = parser.parse_args(arguments)
    samples = [read_sample(path) for path in sorted(chosen.folder.glob("*.dcm"))]
    if not samples:
        parser.error(f"no *.dcm in {chosen.folder}")
    rows = table(samples)
    print(rows)
    if chosen.write:
        chosen.write.write_text(written(chosen.write.read_text(), rows))
    return 1 if differing(samples) else 0


if __name__ == "__main__":
    sys.exit(main())
