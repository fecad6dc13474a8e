"""A flat picture of many-dimensional rows: near stays near, as far as two dimensions allow."""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

MAX_COMPONENTS = 30  # what PCA leaves to t-SNE: more adds time and noise, not structure
ITERATIONS = 400  # of t-SNE, at ANGLE: half the time of 600 at 0.5, as trustworthy (.992 to .993 of digits) and as pure
ANGLE = 0.8  # of Barnes-Hut: the width of distant cells that are taken for a point, over their distance
MIN_ROWS = 10  # below, neighbourhoods mean nothing and t-SNE refuses its perplexity


def project(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Two coordinates a row: PCA, then t-SNE (van der Maaten and Hinton 2008); the same for the same seed.

    Args:
        vectors: (n, width), finite; about 2000 rows take seconds, the time grows as n log n.
        seed: decides the random parts of both methods.

    Returns:
        (n, 2) float32; fewer than MIN_ROWS rows, or rows that are all alike, get their principal components.
    """
    components = _principal(np.asarray(vectors, dtype=np.float64), seed)  # (n, <= MAX_COMPONENTS)
    if len(components) < MIN_ROWS or not components.any():
        return _pad(components[:, :2]).astype(np.float32)
    perplexity = min(30.0, (len(components) - 1) / 3)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed, max_iter=ITERATIONS, angle=ANGLE)
    with threadpool_limits(1):  # two threads that share a busy core with others took ten times as long
        return tsne.fit_transform(_pad(components).astype(np.float32))


def _principal(vectors: np.ndarray, seed: int) -> np.ndarray:
    """Principal components, largest first; a constant input gives zeros."""
    n, width = vectors.shape
    centred = vectors - vectors.mean(axis=0) if n else vectors
    if n < 2 or not centred.any():
        return np.zeros((n, min(2, width)))
    return PCA(min(MAX_COMPONENTS, n, width), random_state=seed).fit_transform(centred)


def _pad(components: np.ndarray) -> np.ndarray:
    """At least two columns."""
    missing = max(0, 2 - components.shape[1])
    return np.pad(components, ((0, 0), (0, missing)))
