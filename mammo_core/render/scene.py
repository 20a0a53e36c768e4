"""All that the pictures show, gathered before any of them is drawn."""

from dataclasses import dataclass

from mammo_core.records import (
    BreastMask,
    ColourAnchor,
    ColourMap,
    Mammogram,
    Region,
    RegionType,
    SaliencyMap,
)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One analysis, as far as pictures show it.

    Parameters
    ----------
    mammogram : Mammogram
    breast : BreastMask or None
        None: the heat is not cut to the breast, and captions go to the bottom left.
    saliency : SaliencyMap or None
        None if the explanation is unavailable.
    saliency_reason : str or None
        Why it is None, or why it is empty.
    anchor : ColourAnchor or None
    doubts : tuple of str
        What speaks against the map, in a few words each; empty if nothing does.
    regions : tuple of Region or None
        None if they could not be computed; empty if there are none.
    regions_reason : str or None
        Why it is None, or why it is empty.
    region_types : tuple of RegionType
        One per region, in the same order.
    result : str
        Label of the answer.
    score, threshold : float
        Score of the positive class and the operating threshold, 0 to 1.
    colour_map : ColourMap
    """

    mammogram: Mammogram
    breast: BreastMask | None
    saliency: SaliencyMap | None
    saliency_reason: str | None
    anchor: ColourAnchor | None
    doubts: tuple[str, ...]
    regions: tuple[Region, ...] | None
    regions_reason: str | None
    region_types: tuple[RegionType, ...]
    result: str
    score: float
    threshold: float
    colour_map: ColourMap
