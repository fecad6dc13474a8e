"""Randomness without state: training noise is a function of (seed, step), a sample of (seed, its index)."""

import numpy as np
import tensorflow as tf

SAMPLE_BLOCK = 256


def noise_key(seed: tf.Tensor, step: tf.Tensor, stream: int) -> tf.Tensor:
    """Key of one stream of noise in one step, for tf.random.stateless_*."""
    return tf.stack([tf.cast(seed, tf.int64) + (stream << 32), tf.cast(step, tf.int64)])


def draw_uniform(shape: tuple[int, ...], key: tf.Tensor) -> tf.Tensor:
    """Noise uniform in [0, 1) for the global batch.

    Made from integer bits, on which XLA and TensorFlow agree; of their own floats they don't.
    """
    bits = tf.random.stateless_uniform(shape, key, None, None, tf.uint32, alg="philox")
    return tf.cast(tf.bitwise.right_shift(bits, tf.constant(8, tf.uint32)), tf.float32) * 2.0**-24


def draw_normal(shape: tuple[int, ...], key: tf.Tensor) -> tf.Tensor:
    """Standard normal noise for the global batch (Box and Muller 1958)."""
    u = draw_uniform((2, *shape), key)
    return tf.sqrt(-2 * tf.math.log(1 - u[0])) * tf.cos(2 * np.pi * u[1])


def draw_codes(shape: tuple[int, ...], n_components: int, key: tf.Tensor) -> tf.Tensor:
    """Uniform one-hot codes for the global batch: shape + (n_components,)."""
    codes = tf.random.stateless_uniform(shape, key, 0, n_components, tf.int32, alg="philox")
    return tf.one_hot(codes, n_components)


def draw_neighbors(graph: tf.Tensor, rows: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
    """One of each row's neighbours in the graph (n_rows, k), for the global batch."""
    choice = tf.random.stateless_uniform(rows.shape, key, 0, graph.shape[1], tf.int32, alg="philox")
    return tf.gather_nd(graph, tf.stack([rows, choice], axis=-1))


def replica_share(batch: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """This replica's equal part of a global batch, along the given axis."""
    context = tf.distribute.get_replica_context()
    if context.num_replicas_in_sync == 1:
        return batch
    shares = tf.stack(tf.split(batch, context.num_replicas_in_sync, axis))
    return shares[context.replica_id_in_sync_group]


def order_rows(seed: int, first: int, count: int, n_rows: int) -> np.ndarray:
    """Rows `first` to `first + count` of the endless sequence of shuffled epochs: (count,) int32."""
    epochs = range(first // n_rows, (first + count - 1) // n_rows + 1)
    orders = [np.random.Generator(np.random.Philox(key=[seed, epoch])).permutation(n_rows) for epoch in epochs]
    start = first - epochs[0] * n_rows
    return np.concatenate(orders)[start : start + count].astype(np.int32)


def sample_components(seed: int, start: int, count: int, shares: np.ndarray) -> np.ndarray:
    """Components (count,) of samples start to start + count, as often as their shares (components,) say."""
    first = start // SAMPLE_BLOCK
    blocks = range(first, (start + count - 1) // SAMPLE_BLOCK + 1)
    drawn = [
        np.random.Generator(np.random.Philox(key=[seed + 2**31, block])).choice(len(shares), SAMPLE_BLOCK, p=shares)
        for block in blocks
    ]
    return np.concatenate(drawn)[start - first * SAMPLE_BLOCK :][:count]


def sample_noise(seed: int, start: int, count: int, dims: int, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal noise (count, dims) and uniform components (count,) of samples start to start + count."""
    first = start // SAMPLE_BLOCK
    noise, components = [], []
    for block in range(first, (start + count - 1) // SAMPLE_BLOCK + 1):
        random = np.random.Generator(np.random.Philox(key=[seed, block]))
        noise.append(random.standard_normal((SAMPLE_BLOCK, dims), np.float32))
        components.append(random.integers(n_components, size=SAMPLE_BLOCK))
    part = slice(start - first * SAMPLE_BLOCK, start - first * SAMPLE_BLOCK + count)
    return np.concatenate(noise)[part], np.concatenate(components)[part]
