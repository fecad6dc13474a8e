"""Nearest rows in the data's own space, block by block."""

import numpy as np
import tensorflow as tf

BLOCK_ROWS = 1024
MAX_CANDIDATES = 30_000


@tf.function(reduce_retracing=True, autograph=False)
def search_block(block: tf.Tensor, candidates: tf.Tensor, norms: tf.Tensor, k: tf.Tensor) -> tf.Tensor:
    """Indices of the k candidates with the least |c|^2 - 2 <x, c>: (block rows, k)."""
    return tf.math.top_k(2 * tf.matmul(block, candidates, transpose_b=True) - norms, k).indices


def nearest_rows(x: np.ndarray, candidates: np.ndarray, k: int) -> np.ndarray:
    """Indices of the k nearest candidates of each row, nearest first: (rows, k) int32."""
    known, k_tensor = tf.constant(candidates), tf.constant(min(k, len(candidates)))
    norms = tf.reduce_sum(known**2, axis=1)
    blocks = (tf.constant(x[i : i + BLOCK_ROWS]) for i in range(0, max(len(x), 1), BLOCK_ROWS))
    return np.concatenate([search_block(block, known, norms, k_tensor).numpy() for block in blocks])


def spread_evenly(count: int, limit: int) -> np.ndarray:
    """Places of at most `limit` of `count` rows, as far from each other as can be: (rows,) int32, ascending."""
    return np.linspace(0, count - 1, min(count, limit)).astype(np.int32)


def neighbor_graph(x: np.ndarray, k: int, limit: int = MAX_CANDIDATES) -> np.ndarray:
    """The k nearest other rows of each row, among at most `limit` evenly spread ones: (rows, k) int32.

    The limit keeps the cost linear in the rows beyond it.
    """
    candidates = spread_evenly(len(x), limit)
    nearest = candidates[nearest_rows(x, x[candidates], k + 1)]
    is_self = nearest == np.arange(len(x))[:, None]
    is_self[~is_self.any(1), -1] = True
    return nearest[~is_self].reshape(len(x), -1)
