"""Controls that must fail: what a network learns where there is nothing to learn."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mammo_core.anatomy.breast import find_breast
from mammo_core.findings.regions import tissue_on_grid
from mammo_core.geometry import PixelTransform
from training.mammogram.catalogue import RSNA
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
        if breast is None:  # then nobody knows where it ends
            return np.zeros_like(image)
        whole = PixelTransform.identity((SPEC.rows, SPEC.columns))
        image[tissue_on_grid(breast, whole)] = 0.0
        return image


def shuffled(views: Sequence[View], seed: int) -> list[View]:
    """Deal the labels of the digital views out anew: as many of each, and they mean nothing.

    Stage 1, in which a run may begin, has not seen labels, and ranks cancers a little all the same.
    """
    digital = [view for view in views if view.source == RSNA]
    labels = [view.positive for view in digital]
    dealt = iter(np.random.default_rng(seed).permutation(len(labels)))
    return [
        replace(view, positive=labels[int(next(dealt))]) if view.source == RSNA else view for view in views
    ]
