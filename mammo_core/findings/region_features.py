"""What can be measured of a region at source resolution, in millimetres.

Every value is a ratio or a length: a linear change of grey values changes none of them. Position in the
breast, the region's number and the map's heat are not among them.
"""

from dataclasses import dataclass

import numpy as np

from mammo_core.findings.region_patch import (
    GRID_MM,
    Blob,
    Floats,
    Patch,
    cut_out,
    distances,
    find_blob,
    offsets,
    smoothed,
)
from mammo_core.records import BoolArray, BreastMask, Pixels, PixelSpacing

SPOTS_MM, LINES_MM, TEXTURE_MM = 10.0, 8.0, 12.0
"""Radii within which specks are counted, lines beyond the core are followed, and texture is measured."""
EDGE_MM, LINE_MM, SPECK_MM = 0.6, 0.8, 0.3
"""Widths (σ) at which edges, lines and specks are looked for."""
SPECK = 8.0
"""A speck stands out by this many robust standard deviations of the fine curvature."""
NEARLY_RADIAL = np.cos(np.deg2rad(20.0))
NEARLY_TANGENTIAL = np.cos(np.deg2rad(70.0))
BANDS_MM = (0.25, 0.5, 1.0, 2.0, 4.0)
TINY = 1e-6
"""Of full scale: in place of a spread that is zero."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A patch seen from its blob."""

    patch: Patch
    blob: Blob
    distance: Floats
    core: BoolArray
    ring: BoolArray
    ring_mean: float
    spread: float


def measure(
    pixels: Pixels, point: tuple[float, float], spacing: PixelSpacing, breast: BreastMask | None
) -> dict[str, float] | None:
    """Measure the region at a point.

    Parameters
    ----------
    pixels : ndarray of shape (rows, columns), uint16
        Display values, bright tissue.
    point : tuple of float
        (row, column) in source pixels, such as the map's maximum; the blob nearest to it is measured.
    spacing : PixelSpacing
    breast : BreastMask or None

    Returns
    -------
    dict of float or None
        The features by name, always the same ones in the same order; None if there is too little tissue
        around the point.
    """
    patch = cut_out(pixels, point, spacing, breast)
    blob = find_blob(patch) if patch is not None else None
    view = _view(patch, blob) if patch is not None and blob is not None else None
    if view is None:
        return None
    parts = (_contrast(view), _edge(view), _lines(view), _specks(view), _texture(view), _shape(view))
    return {name: float(value) for part in parts for name, value in part.items()}


def _view(patch: Patch, blob: Blob) -> _View | None:
    distance = distances(patch, blob.row, blob.column)
    radius = blob.radius_mm
    core = patch.inside & (distance <= radius)
    ring = patch.inside & (distance > 1.5 * radius) & (distance <= 2.5 * radius)
    if not core.any() or not ring.any():
        return None
    values = patch.values[ring]
    return _View(patch, blob, distance, core, ring, float(values.mean()), max(float(values.std()), TINY))


def _contrast(view: _View) -> dict[str, float]:
    """How bright the core is against the ring around it, in standard deviations of the ring."""
    core = view.patch.values[view.core]
    return {
        "log_blob_width_mm": np.log(view.blob.width_mm),
        "core_contrast": (core.mean() - view.ring_mean) / view.spread,
        "blob_response": view.blob.response / view.spread,
        "core_spread": np.log(max(float(core.std()), TINY) / view.spread),
    }


def _edge(view: _View) -> dict[str, float]:
    """How steeply the mean brightness falls outwards (1/mm) and where; whether gradients point inwards."""
    from scipy import ndimage

    limit = 2.5 * view.blob.radius_mm
    near = view.patch.inside & (view.distance <= limit)
    bins = (view.distance[near] / (2 * GRID_MM)).astype(np.intp)
    counts = np.maximum(np.bincount(bins), 1)
    profile = ndimage.gaussian_filter1d(np.bincount(bins, weights=view.patch.values[near]) / counts, 1.0)
    fall = -np.gradient(profile, 2 * GRID_MM)
    height = max(float(profile.max() - view.ring_mean), TINY)
    steepest = int(np.argmax(fall))

    down, across = offsets(view.patch, view.blob.row, view.blob.column)
    by_row = smoothed(view.patch.values, EDGE_MM, 1, 0)
    by_column = smoothed(view.patch.values, EDGE_MM, 0, 1)
    band = near & (view.distance >= 0.5 * view.blob.radius_mm)
    inwards = -(by_row * down + by_column * across) / np.maximum(view.distance, GRID_MM)
    size = np.hypot(by_row, by_column)
    return {
        "edge_sharpness": fall[steepest] / height,
        "log_edge_radius_mm": np.log((steepest + 0.5) * 2 * GRID_MM),
        "gradient_convergence": inwards[band].sum() / max(float(size[band].sum()), TINY),
        "gradient_size": np.log(max(float(size[band].mean()), TINY) / view.spread),
    }


def _lines(view: _View) -> dict[str, float]:
    """Bright lines around the core: how strong, and which part of them points at it or runs around it.

    References
    ----------
    N. Karssemeijer, G. M. te Brake, IEEE Trans Med Imaging 1996;15:611-619.
    """
    rr, cc, rc = _second_derivatives(view.patch.values, LINE_MM)
    # Across a bright line the second derivative is most negative; the line runs at right angles to that.
    across_line = 0.5 * np.arctan2(2.0 * rc, rr - cc) + np.pi / 2.0
    half = np.hypot((rr - cc) / 2.0, rc)
    strength = np.maximum(half - (rr + cc) / 2.0, 0.0) * (half > 0.0)
    down, across = offsets(view.patch, view.blob.row, view.blob.column)
    along = np.abs(-np.sin(across_line) * down + np.cos(across_line) * across) / np.maximum(
        view.distance, GRID_MM
    )
    radius = view.blob.radius_mm
    band = view.patch.inside & (view.distance > radius) & (view.distance <= radius + LINES_MM)
    total = max(float(strength[band].sum()), TINY)
    return {
        "radial_lines": strength[band & (along > NEARLY_RADIAL)].sum() / total,
        "tangential_lines": strength[band & (along < NEARLY_TANGENTIAL)].sum() / total,
        "line_strength": np.log(max(float(strength[band].mean()), TINY * 1e-2) / view.spread),
    }


def _specks(view: _View) -> dict[str, float]:
    """Small bright spots, as calcifications are, against the fine detail's usual spread.

    A speck is curved in every direction: the larger eigenvalue of the Hessian is negative. At an edge or on a
    line it is near zero, however bright they are.
    """
    from scipy import ndimage

    along, across, mixed = _second_derivatives(view.patch.values, SPECK_MM)
    spot = -(along + across) / 2.0 - np.hypot((along - across) / 2.0, mixed)
    typical = float(np.median(spot[view.patch.inside]))
    usual = 1.4826 * float(np.median(np.abs(spot[view.patch.inside] - typical)))
    height = (spot - typical) / max(usual, 1e-2 * TINY)
    near = view.patch.inside & (view.distance <= SPOTS_MM)
    tops = near & (height > SPECK) & (height == ndimage.maximum_filter(height, size=5))
    fine = _band(view.patch.values, 0.25, 0.7)[near]
    centred, deviation = fine - fine.mean(), max(float(fine.std()), TINY)
    return {
        "log_specks": np.log1p(tops.sum()),
        "log_brightest_speck": np.log1p(max(float(height[near].max()), 0.0)),
        "fine_skewness": np.clip((centred**3).mean() / deviation**3, -5.0, 5.0),
        "log_fine_kurtosis": np.log((centred**4).mean() / deviation**4 + TINY),
    }


def _texture(view: _View) -> dict[str, float]:
    """Spread per octave within 12 mm: its slope over scale is the power law of the tissue."""
    near = view.patch.inside & (view.distance <= TEXTURE_MM)
    spread = [max(float(_band(view.patch.values, s, 2 * s)[near].std()), TINY) for s in BANDS_MM]
    levels = np.log2(np.array(spread))
    slope, _ = np.polyfit(np.arange(levels.size), levels, 1)
    return {
        "texture_slope": slope,
        "finest_octave": levels[0] - levels[1],
        "coarsest_octave": levels[-1] - levels[-2],
    }


def _shape(view: _View) -> dict[str, float]:
    """The connected part above half the core's height: size, elongation, roughness of its outline."""
    from scipy import ndimage

    smooth = smoothed(view.patch.values, EDGE_MM)
    cut = view.ring_mean + 0.5 * (float(smooth[view.core].max()) - view.ring_mean)
    above = (smooth >= cut) & (view.distance <= 2.5 * view.blob.radius_mm) & view.patch.inside
    labels, count = ndimage.label(above)
    at = int(np.argmax(np.where(view.core, smooth, -np.inf)))
    part = labels == labels.flat[at] if count and labels.flat[at] else view.core
    rows, columns = (axis * GRID_MM for axis in np.nonzero(part))
    spread = np.linalg.eigvalsh(np.cov(np.stack([rows, columns])) + 1e-3 * np.eye(2))
    outline = part & ~ndimage.binary_erosion(part)
    reach = np.hypot(
        *(
            (axis * GRID_MM - mean.mean())
            for axis, mean in zip(np.nonzero(outline), (rows, columns), strict=True)
        )
    )
    area = float(part.sum()) * GRID_MM**2
    return {
        "log_core_diameter_mm": np.log(2.0 * np.sqrt(area / np.pi)),
        "core_elongation": 0.5 * np.log(spread[1] / spread[0]),
        "outline_roughness": reach.std() / max(float(reach.mean()), GRID_MM),
        "core_parts": np.log1p(count),
    }


def _second_derivatives(values: Floats, width_mm: float) -> tuple[Floats, Floats, Floats]:
    """By rows twice, by columns twice, and by both, of the image smoothed with a Gaussian."""
    return (
        smoothed(values, width_mm, 2, 0),
        smoothed(values, width_mm, 0, 2),
        smoothed(values, width_mm, 1, 1),
    )


def _band(values: Floats, fine_mm: float, coarse_mm: float) -> Floats:
    """Detail between two widths: a difference of Gaussians."""
    return smoothed(values, fine_mm) - smoothed(values, coarse_mm)
