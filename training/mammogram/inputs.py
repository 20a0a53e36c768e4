"""What the network sees, and on which grid it answers."""

from mammo_core.models.manifest import Aspect, Crop, InputSpec, Orientation, Scaling

SPEC = InputSpec(
    rows=512,
    columns=352,
    channels=1,
    scaling=Scaling.UNIT,
    crop=Crop.BREAST,
    orientation=Orientation.CHEST_WALL_LEFT,
    aspect=Aspect.PAD,
)
"""A breast is taller than wide: 0.69 wide holds 95 % of views of true aspect at their full height, and a
third less is computed than on a square. The aspect is kept, because a lesion's shape matters and breasts
differ in theirs; RSNA's files are squashed to a square, which training meets with a random aspect."""
STRIDE = 8
"""Input pixels per cell of the map."""
GRID = (SPEC.rows // STRIDE, SPEC.columns // STRIDE)
