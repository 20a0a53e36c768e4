"""What kind of lesion a region may be.

Only what was shown to tell kinds of lesions apart on real regions may name one: a head that does it by the
model's own manifest. Everything else is a region of attention, and says why.
"""

from collections.abc import Sequence

from mammo_core.models.manifest import LesionKind, Manifest
from mammo_core.records import Region, RegionType

REGION_OF_ATTENTION = "region_of_attention"
MODEL_HEAD = "model head"
NO_KIND = "the model head's most probable class is no kind of lesion"
UNDETERMINED = RegionType(label=REGION_OF_ATTENTION, score=None, source="no validated lesion-type classifier")


def region_types(
    regions: Sequence[Region], probabilities: Sequence[float], manifest: Manifest
) -> tuple[RegionType, ...]:
    """Say of each region what it may be.

    Parameters
    ----------
    regions : sequence of Region
    probabilities : sequence of float
        One per class of the manifest, in its order, 0 to 1.
    manifest : Manifest

    Returns
    -------
    tuple of RegionType
        One per region, in their order. A head sees the whole view, so all regions get the same.
    """
    label = by_head(probabilities, manifest) if manifest.lesion_classes else UNDETERMINED
    return (label,) * len(regions)


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
