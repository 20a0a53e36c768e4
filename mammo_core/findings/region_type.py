"""What kind of lesion a region may be.

Only a classifier that was shown to beat chance on real regions may name a lesion type. None has been trained
yet, so every region is a region of attention, and says why.
"""

from mammo_core.records import RegionType

UNDETERMINED = RegionType(
    label="region_of_attention", score=None, source="no validated lesion-type classifier"
)
