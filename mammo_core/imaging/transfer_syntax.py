"""The transfer syntaxes whose pixels are read, and how each of them is coded.

References
----------
DICOM PS3.5 section 8.2 and annex A; UIDs in PS3.6 annex A.
"""

from enum import StrEnum

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED_LITTLE = "1.2.840.10008.1.2.1.99"
UNCOMPRESSED = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED_LITTLE)
"""Deflated counts as one of them: it is the data set that is deflated, not the pixels."""

RLE_LOSSLESS = "1.2.840.10008.1.2.5"


class Coding(StrEnum):
    """What a codestream is by its own first markers, in words."""

    BASELINE = "baseline JPEG"
    EXTENDED = "extended JPEG"
    LOSSLESS = "lossless JPEG"
    JPEG_LS = "JPEG-LS"
    JPEG_2000 = "JPEG 2000"


CODINGS: dict[str, tuple[Coding, ...]] = {
    "1.2.840.10008.1.2.4.50": (Coding.BASELINE,),
    # Process 2 is baseline but for its marker; files of 8 bits come with either.
    "1.2.840.10008.1.2.4.51": (Coding.EXTENDED, Coding.BASELINE),
    "1.2.840.10008.1.2.4.57": (Coding.LOSSLESS,),
    "1.2.840.10008.1.2.4.70": (Coding.LOSSLESS,),
    "1.2.840.10008.1.2.4.80": (Coding.JPEG_LS,),
    "1.2.840.10008.1.2.4.81": (Coding.JPEG_LS,),
    "1.2.840.10008.1.2.4.90": (Coding.JPEG_2000,),
    "1.2.840.10008.1.2.4.91": (Coding.JPEG_2000,),
    # High-throughput JPEG 2000 has the same markers and another coder of blocks.
    "1.2.840.10008.1.2.4.201": (Coding.JPEG_2000,),
    "1.2.840.10008.1.2.4.202": (Coding.JPEG_2000,),
    "1.2.840.10008.1.2.4.203": (Coding.JPEG_2000,),
}
"""Compressed transfer syntaxes that are decoded in a process of their own, and what may come in them."""
LOSSY = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.81")
"""Those that always lose something; others may."""
READ = (*UNCOMPRESSED, RLE_LOSSLESS, *CODINGS)
