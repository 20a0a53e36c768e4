"""What the page about DICOM says of transfer syntaxes is what the code does with each of them."""

import re
from pathlib import Path

from pydicom._uid_dict import UID_dictionary

from mammo_core.imaging.codec_child import Codec
from mammo_core.imaging.codec_process import codec_of
from mammo_core.imaging.codestream import Codestream
from mammo_core.imaging.transfer_syntax import (
    CODINGS,
    DEFLATED_LITTLE,
    LOSSY,
    READ,
    RLE_LOSSLESS,
    UNCOMPRESSED,
    Coding,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "dicom.md").read_text()
LIBRARIES = {
    Codec.PILLOW: "Pillow (libjpeg-turbo), apart",
    Codec.GDCM_LOSSLESS: "GDCM, apart",
    Codec.GDCM_EXTENDED: "GDCM, apart",
    Codec.CHARLS: "CharLS by pyjpegls, apart",
    Codec.OPENJPEG: "OpenJPEG by pylibjpeg-openjpeg, apart",
}
REGISTERED = {uid for uid, (_, kind, *_) in UID_dictionary.items() if kind == "Transfer Syntax"}
PRECISIONS = {Coding.BASELINE: (8,)}
"""Bits of a sample; 8 and 12 where nothing else is said."""


def rows(header: str) -> list[list[str]]:
    """Cells of the table whose first line begins with ``header``."""
    lines = PAGE[PAGE.index(f"| {header} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def uids(cell: str) -> list[str]:
    """Of ``1.2.3.4.5, .6`` both; a part that begins with a point ends the first one in another way."""
    first, *others = cell.split(", ")
    stem = first.removesuffix(re.findall(r"\.\d+$", first)[0])
    return [first, *(stem + other for other in others)]


READ_ROWS = [(cells[1], cells[2]) for cells in rows("transfer syntax")]
REFUSED = [uid for cells in rows("refused transfer syntax") for uid in uids(cells[1])]


def expected_readers(uid: str) -> set[str]:
    """What the code reads the pixels of a transfer syntax with, in the words of the page."""
    if uid in UNCOMPRESSED:
        return {"zlib" if uid == DEFLATED_LITTLE else "NumPy"}
    if uid == RLE_LOSSLESS:
        return {"Pillow"}
    # The first coding is the one that the standard means.
    coding = CODINGS[uid][0]
    streams = [Codestream(coding, 64, 64, 1, bits) for bits in PRECISIONS.get(coding, (8, 12))]
    return {LIBRARIES[codec_of(stream)] for stream in streams}


def test_every_transfer_syntax_that_is_read_has_its_row_and_no_other_has_one() -> None:
    assert {uid for uid, _ in READ_ROWS} == set(READ)
    assert set(CODINGS) | set(UNCOMPRESSED) | {RLE_LOSSLESS} == set(READ)
    assert set(LOSSY) < set(READ)


def test_every_row_names_the_library_that_decodes() -> None:
    for uid in READ:
        assert {reader for row, reader in READ_ROWS if row == uid} == expected_readers(uid), uid


def test_every_other_registered_transfer_syntax_is_named_as_refused() -> None:
    assert len(REFUSED) == len(set(REFUSED))
    assert not set(REFUSED) & set(READ)
    assert {*REFUSED, *READ} >= REGISTERED
