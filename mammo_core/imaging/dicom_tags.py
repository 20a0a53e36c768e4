"""What a DICOM file says about the view: pixel spacing, laterality, projection."""

from collections.abc import Sequence
from math import isfinite

from mammo_core.imaging.dicom_attributes import Attributes, label
from mammo_core.records import Laterality, Notice, PixelSpacing, Sourced, ViewPosition

CID_4014 = (
    (ViewPosition.CC, "399162004", "R-10242"),
    (ViewPosition.MLO, "399368009", "R-10226"),
    (ViewPosition.ML, "399260004", "R-10224"),
    (ViewPosition.LM, "399352003", "R-10228"),
    (ViewPosition.LMO, "399099002", "R-10230"),
    (ViewPosition.XCCL, "399192008", "R-1024A"),
    (ViewPosition.XCCM, "399101009", "R-1024B"),
    (ViewPosition.FB, "399196006", "R-10244"),
    (ViewPosition.SIO, "399188001", "R-102D0"),
    (ViewPosition.ISO, "441555000", "R-40AAA"),
)
"""View, SNOMED CT identifier, SNOMED RT identifier (PS3.16 CID 4014).

Typed here and compared with pydicom's dictionary in a test, because importing that costs half a second.
"""
VIEW_CODES = {("SCT", concept): view for view, concept, _ in CID_4014} | {
    # SNM3 is the old designator of SRT, which CID 4014 asks receivers to accept.
    (scheme, code): view
    for view, _, code in CID_4014
    for scheme in ("SRT", "SNM3")
}


def read_spacing(attributes: Attributes) -> tuple[Sourced[PixelSpacing], tuple[Notice, ...]]:
    """Distance of pixel centres at the breast.

    Parameters
    ----------
    attributes : Attributes

    Returns
    -------
    Sourced[PixelSpacing]
        ``detector``: ImagerPixelSpacing divided by the magnification factor. ``calibrated``: PixelSpacing,
        if PixelSpacingCalibrationType says how it was calibrated; otherwise it may be that of the detector.
    tuple of Notice
        ``magnification_unknown`` if the spacing is that of the detector's own plane.

    References
    ----------
    DICOM PS3.3 C.8.11.7.1.1 and 10.7.1.3.
    """
    at_detector = _pair(attributes.numbers("ImagerPixelSpacing"))
    factor = attributes.numbers("EstimatedRadiographicMagnificationFactor")
    if at_detector and factor and _positive(factor[:1]):
        detail = "ImagerPixelSpacing / EstimatedRadiographicMagnificationFactor"
        return _sourced(at_detector, "detector", detail, divisor=factor[0]), ()
    calibration = attributes.text("PixelSpacingCalibrationType")
    calibrated = _pair(attributes.numbers("PixelSpacing"))
    if calibrated and calibration in ("GEOMETRY", "FIDUCIAL"):
        return _sourced(calibrated, "calibrated", f"PixelSpacing, calibrated by {calibration}"), ()
    if at_detector and not factor:
        notice = Notice(
            "magnification_unknown",
            f"{label('EstimatedRadiographicMagnificationFactor')} is missing: lengths are those on the "
            "detector, a few per cent larger than in the breast.",
        )
        return _sourced(at_detector, "detector", "ImagerPixelSpacing, without magnification"), (notice,)
    reason = (
        "the file has no positive ImagerPixelSpacing with a positive magnification factor, and no "
        "PixelSpacing that says how it was calibrated"
    )
    return Sourced.unknown(reason), ()


def read_laterality(attributes: Attributes) -> Sourced[Laterality]:
    """Which breast it is: Image Laterality (0020,0062), else Laterality (0020,0060)."""
    for keyword in ("ImageLaterality", "Laterality"):
        value = attributes.text(keyword)
        if value in set(Laterality):
            return Sourced(Laterality(value), source="dicom_tag", detail=label(keyword))
    return Sourced.unknown("neither ImageLaterality nor Laterality is L, R or B")


def read_view(attributes: Attributes) -> Sourced[ViewPosition]:
    """Which projection it is: View Code Sequence (0054,0220), else View Position (0018,5101)."""
    item = attributes.first_item("ViewCodeSequence")
    if item is not None:
        position = VIEW_CODES.get((item.text("CodingSchemeDesignator"), item.text("CodeValue")))
        if position is not None:
            return Sourced(position, source="dicom_tag", detail=label("ViewCodeSequence"))
    value = attributes.text("ViewPosition")
    if value in set(ViewPosition):
        return Sourced(ViewPosition(value), source="dicom_tag", detail=label("ViewPosition"))
    return Sourced.unknown("neither ViewCodeSequence nor ViewPosition names a known projection")


def _sourced(
    pair: tuple[float, float], source: str, detail: str, *, divisor: float = 1.0
) -> Sourced[PixelSpacing]:
    return Sourced(PixelSpacing(pair[0] / divisor, pair[1] / divisor), source=source, detail=detail)


def _pair(values: Sequence[float]) -> tuple[float, float] | None:
    """(row spacing, column spacing), or None if they are no such thing."""
    if len(values) != 2 or not _positive(values):
        return None
    return values[0], values[1]


def _positive(values: Sequence[float]) -> bool:
    return all(isfinite(value) and value > 0.0 for value in values)
