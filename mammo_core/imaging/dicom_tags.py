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

LATERALITY_CODES = {
    (scheme, code): laterality
    for laterality, concept, retired in (
        (Laterality.LEFT, "7771000", "G-A101"),
        (Laterality.RIGHT, "24028007", "G-A100"),
        (Laterality.BOTH, "51440002", "G-A102"),
    )
    for scheme, code in (("SCT", concept), ("SRT", retired), ("SNM3", retired))
}
"""CID 244, with the retired codes."""
LATERALITY_CODE = "AnatomicRegionModifierSequence"


LONGEST_MM = 500.0
"""No detector and no film is longer: the largest for mammography measure 240 × 300 mm."""


def read_spacing(attributes: Attributes) -> tuple[Sourced[PixelSpacing], tuple[Notice, ...]]:
    """Distance of pixel centres at the breast; unknown if no image can be so large.

    Parameters
    ----------
    attributes : Attributes

    Returns
    -------
    Sourced[PixelSpacing]
        As :func:`_declared_spacing` says.
    tuple of Notice
    """
    spacing, notices = _declared_spacing(attributes)
    if spacing.value is None:
        return spacing, notices
    height = attributes.integer("Rows") * spacing.value.row_mm
    width = attributes.integer("Columns") * spacing.value.column_mm
    if max(height, width) <= LONGEST_MM:
        return spacing, notices
    reason = (
        f"{spacing.detail} would make the image {height:,.0f} × {width:,.0f} mm large, "
        "which no detector and no film is"
    )
    return Sourced.unknown(reason), ()


def _declared_spacing(attributes: Attributes) -> tuple[Sourced[PixelSpacing], tuple[Notice, ...]]:
    """What the tags say of the distance of pixel centres at the breast.

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


def read_laterality(attributes: Attributes) -> tuple[Sourced[Laterality], tuple[Notice, ...]]:
    """Which breast it is: Anatomic Region Modifier (0008,2220), Image Laterality (0020,0062), or Laterality.

    The standard wants the code and Image Laterality to agree (PS3.3 C.8.11.7). If they do not, one of them is
    wrong and nobody knows which, so there is no value. Laterality (0020,0060), of a series, is asked last.

    Returns
    -------
    Sourced[Laterality]
    tuple of Notice
        ``laterality_contradiction`` if two of the three name different breasts.
    """
    coded, of_image = _laterality_code(attributes), _laterality_of(attributes, "ImageLaterality")
    of_series = _laterality_of(attributes, "Laterality")
    said = [(LATERALITY_CODE, coded), ("ImageLaterality", of_image), ("Laterality", of_series)]
    if coded and of_image and coded != of_image:
        reason = f"{LATERALITY_CODE} and ImageLaterality contradict each other"
        return Sourced.unknown(reason), (_contradiction(said, "none of them was followed"),)
    of_image_first = [said[1], said[0], said[2]]
    keyword, value = next(((name, breast) for name, breast in of_image_first if breast), ("", None))
    if value is None:
        reason = "neither ImageLaterality nor Laterality is L, R or B, and no code says which breast"
        return Sourced.unknown(reason), ()
    # A series of both breasts contradicts none of its images.
    differs = of_series not in (None, value, Laterality.BOTH)
    notices = (_contradiction(said, f"{keyword} was followed"),) if differs else ()
    return Sourced(value, source="dicom_tag", detail=label(keyword)), notices


def read_view(attributes: Attributes) -> tuple[Sourced[ViewPosition], tuple[Notice, ...]]:
    """Which projection it is: View Code Sequence (0054,0220), else View Position (0018,5101).

    Returns
    -------
    Sourced[ViewPosition]
    tuple of Notice
        ``view_contradiction`` if both name a projection, and not the same.
    """
    item = attributes.first_item("ViewCodeSequence")
    coded = None if item is None else VIEW_CODES.get(item.code())
    value = attributes.text("ViewPosition")
    said = ViewPosition(value) if value in set(ViewPosition) else None
    if coded:
        notice = Notice(
            "view_contradiction",
            f"{label('ViewCodeSequence')} and {label('ViewPosition')} name different projections; the code "
            "was followed.",
        )
        notices = (notice,) if said and said != coded else ()
        return Sourced(coded, source="dicom_tag", detail=label("ViewCodeSequence")), notices
    if said:
        return Sourced(said, source="dicom_tag", detail=label("ViewPosition")), ()
    return Sourced.unknown("neither ViewCodeSequence nor ViewPosition names a known projection"), ()


def _contradiction(said: Sequence[tuple[str, Laterality | None]], followed: str) -> Notice:
    named = ", ".join(f"{label(keyword)} {breast}" for keyword, breast in said if breast)
    return Notice("laterality_contradiction", f"The file names different breasts: {named}; {followed}.")


def _laterality_code(attributes: Attributes) -> Laterality | None:
    region = attributes.first_item("AnatomicRegionSequence")
    modifiers = () if region is None else region.items(LATERALITY_CODE)
    known = (LATERALITY_CODES.get(modifier.code()) for modifier in modifiers)
    return next((laterality for laterality in known if laterality), None)


def _laterality_of(attributes: Attributes, keyword: str) -> Laterality | None:
    value = attributes.text(keyword)
    return Laterality(value) if value in set(Laterality) else None


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
