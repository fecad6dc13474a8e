"""Which part of a row decides between two clusters: what the model says when that part is another's.

Occlusion (Zeiler and Fergus 2014): one part is replaced by its typical value, all else stays, and the model is
asked again.
"""

from collections.abc import Sequence

import numpy as np

from models.encoding import Encoding

PATCHES = 8  # along each side of an image, at most: a pixel by itself hardly matters
NO_PROBABILITY = 1e-30  # stands for smaller ones, so that log-odds stay finite


def parts_of(encoding: Encoding) -> list[np.ndarray]:
    """Coordinates of the parts that are replaced together: an image's patches, or else each column's coordinates."""
    if encoding.image_shape:
        patch = image_patches(encoding.image_shape).ravel()
        return [np.flatnonzero(patch == number) for number in range(patch.max() + 1)]
    return [np.arange(place.start, place.stop) for place in encoding.places.values()]


def image_patches(shape: tuple[int, ...]) -> np.ndarray:
    """The number of the square patch that each of an image's values lies in, in the image's shape."""
    side = -(-max(shape[:2]) // PATCHES)
    row, column = (np.arange(length) // side for length in shape[:2])
    patch = row[:, None] * (column[-1] + 1) + column  # (height, width)
    return np.broadcast_to(patch.reshape(*shape[:2], *[1] * (len(shape) - 2)), shape)


def occlude(x: np.ndarray, typical: np.ndarray, parts: Sequence[np.ndarray]) -> np.ndarray:
    """The vector x (width,) once for each part, with that part of `typical` (width,) in its place: (parts, width)."""
    occluded = np.tile(x, (len(parts), 1))
    for row, part in zip(occluded, parts, strict=True):
        row[part] = typical[part]
    return occluded


def log_odds(probabilities: np.ndarray, own: int, other: int) -> np.ndarray:
    """Log-odds (rows,) of one cluster against another; NaN where a row fits neither."""
    of_own, of_other = probabilities[:, own].astype(np.float64), probabilities[:, other].astype(np.float64)
    odds = np.log(np.maximum(of_own, NO_PROBABILITY)) - np.log(np.maximum(of_other, NO_PROBABILITY))
    return np.where(np.maximum(of_own, of_other) > 0, odds, np.nan)


def share_of_half(evidence: np.ndarray, sizes: np.ndarray) -> float:
    """The smallest share of a whole, whose parts have these sizes, that holds half of the positive evidence."""
    evidence = np.maximum(np.nan_to_num(evidence), 0)
    order = np.argsort(-evidence / sizes, kind="stable")
    needed = 1 + int(np.searchsorted(np.cumsum(evidence[order]), evidence.sum() / 2))
    return float(sizes[order[:needed]].sum() / sizes.sum())
