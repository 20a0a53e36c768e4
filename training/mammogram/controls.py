"""Controls that must fail: what a network learns where there is nothing to learn."""

import numpy as np
from numpy.typing import NDArray

from mammo_core.anatomy.breast import find_breast
from mammo_core.findings.regions import tissue_on_grid
from mammo_core.geometry import PixelTransform
from training.mammogram.inputs import SPEC
from training.mammogram.views import FULL, Collection, View


class BackgroundOnly(Collection):
    """The same views with the whole breast blackened: air, labels, markers and the form of the hole are left.

    A network that tells cancer from these has found a shortcut, such as a machine.
    """

    def image(self, view: View) -> NDArray[np.float32]:
        """The network's input without the breast."""
        image = super().image(view).copy()
        pixels = np.rint(image * FULL).astype(np.uint16)
        breast = find_breast(pixels)
        if breast is not None:
            whole = PixelTransform.identity((SPEC.rows, SPEC.columns))
            image[tissue_on_grid(breast, whole)] = 0.0
        return image
