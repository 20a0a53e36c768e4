"""What kind of lesion a region may be.

Only what was shown to tell kinds of lesions apart on real regions may name one: the model's own head, where
its manifest says that it does, or the region classifier of ``docs/region_type.md``, for the kinds for which
it was shown. Everything else stays without a kind, and says why.
"""

from collections.abc import Sequence

from mammo_core.findings.region_classifier import RegionClassifier, shipped
from mammo_core.findings.region_features import measure
from mammo_core.findings.region_patch import COARSEST_MM
from mammo_core.models.manifest import LesionKind, Manifest
from mammo_core.records import BreastMask, Mammogram, Region, RegionType

REGION_OF_ATTENTION = "region_of_attention"
"""Nothing could be asked or measured."""
INDETERMINATE = "indeterminate"
"""The classifier was asked, and did not know."""
MODEL_HEAD = "model head"
NO_KIND = "the model head's most probable class is no kind of lesion"
NO_SPACING = "the pixel spacing at the breast is not known"
TOO_COARSE = f"pixels larger than {COARSEST_MM:g} mm show no fine detail"
TOO_LITTLE = "too little of the breast is shown around the region"


def region_types(
    regions: Sequence[Region],
    mammogram: Mammogram,
    breast: BreastMask | None,
    probabilities: Sequence[float],
    manifest: Manifest,
) -> tuple[RegionType, ...]:
    """Say of each region what it may be.

    Parameters
    ----------
    regions : sequence of Region
        Only the place of the map's maximum is used of each.
    mammogram : Mammogram
        Measured at source resolution, in mm.
    breast : BreastMask or None
    probabilities : sequence of float
        One per class of the manifest, in its order, 0 to 1.
    manifest : Manifest

    Returns
    -------
    tuple of RegionType
        One per region, in their order. A head sees the whole view, so all regions get the same from it.
    """
    if manifest.lesion_classes:
        return (by_head(probabilities, manifest),) * len(regions)
    return tuple(by_pixels(region.peak, mammogram, breast, shipped()) for region in regions)


def by_pixels(
    point: tuple[float, float],
    mammogram: Mammogram,
    breast: BreastMask | None,
    classifier: RegionClassifier,
) -> RegionType:
    """What the region classifier says of the surroundings of a point.

    Parameters
    ----------
    point : tuple of float
        (row, column) in source pixels.
    mammogram : Mammogram
    breast : BreastMask or None
    classifier : RegionClassifier

    Returns
    -------
    RegionType
    """
    spacing = mammogram.spacing.value
    if spacing is None:
        return _without(REGION_OF_ATTENTION, NO_SPACING)
    if max(spacing.row_mm, spacing.column_mm) > COARSEST_MM:
        return _without(REGION_OF_ATTENTION, TOO_COARSE)
    measured = measure(mammogram.pixels, point, spacing, breast)
    if measured is None:
        return _without(REGION_OF_ATTENTION, TOO_LITTLE)
    return by_features(measured, classifier)


def by_features(measured: dict[str, float], classifier: RegionClassifier) -> RegionType:
    """What the region classifier says of features.

    Parameters
    ----------
    measured : dict of float
        The features by name.
    classifier : RegionClassifier

    Returns
    -------
    RegionType
        Indeterminate unless one of the kinds that it may name is probable enough, and the region is like
        those that it was trained on. That it is more like no lesion is not said: a reader would take it for
        an all-clear.
    """
    if classifier.unlike(measured):
        return _without(INDETERMINATE, f"unlike all regions of the training data; {classifier.source}")
    shares = classifier.probabilities(measured)
    best = max(shares, key=lambda name: shares[name])
    if best not in classifier.named or shares[best] < classifier.named_from:
        names = " or ".join(classifier.named)
        return _without(INDETERMINATE, f"not clearly {names}; {classifier.source}")
    return RegionType(best, shares[best], classifier.source)


def by_head(probabilities: Sequence[float], manifest: Manifest) -> RegionType:
    """What the model's own head says of the view.

    Parameters
    ----------
    probabilities : sequence of float
        One per class of the manifest, in its order, 0 to 1.
    manifest : Manifest
        Its ``lesion_classes`` say which class is which kind; the probabilities of classes of one kind are
        added up.

    Returns
    -------
    RegionType
        No kind if the classes that are none are more probable together than each kind.
    """
    kinds = dict.fromkeys(LesionKind, 0.0)
    rest = 0.0
    for name, probability in zip(manifest.classes, probabilities, strict=True):
        kind = manifest.lesion_classes.get(name)
        if kind is None:
            rest += probability
        else:
            kinds[kind] += probability
    best = max(kinds, key=lambda kind: kinds[kind])
    if kinds[best] <= rest:
        return RegionType(REGION_OF_ATTENTION, None, NO_KIND)
    # Sums of shares can exceed 1 in the last digit.
    return RegionType(best.value, min(1.0, kinds[best]), MODEL_HEAD)


def _without(label: str, reason: str) -> RegionType:
    return RegionType(label, None, reason)
